// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/internal/whole_file.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft::internal {
namespace {

constexpr char kNotRegular[] = "is no regular file";

// Of the last error.
absl::Status Failed(std::string_view what) {
  return absl::ErrnoToStatus(errno, absl::string_view(what.data(), what.size()));
}

// Closes at the end of a scope, where an error would mean nothing any more.
//
// Thread safety: one thread at a time.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  const int number_;
};

absl::StatusOr<std::string> ReadUpTo(int file, std::size_t most_bytes) {
  std::string bytes;
  std::array<char, 16384> block;
  while (true) {
    const ssize_t size = read(file, block.data(), block.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Failed("cannot be read");
    if (size == 0) return bytes;
    bytes.append(block.data(), static_cast<std::size_t>(size));
    if (bytes.size() > most_bytes) {
      return absl::ResourceExhaustedError("has more than " + std::to_string(most_bytes) + " bytes");
    }
  }
}

absl::Status WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(file, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Failed("cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "./" : path.substr(0, slash + 1);
}

// Fills the new file and names it `path`. It is gone from `name` only after success.
absl::Status FillAndRename(int file, const std::string& name, const std::string& path,
                           std::string_view bytes) {
  // Whatever the umask leaves of it.
  if (fchmod(file, S_IRUSR | S_IWUSR) != 0) return Failed("cannot be given its mode");
  const absl::Status written = WriteAll(file, bytes);
  if (!written.ok()) return written;
  // Before the rename, or a crash could leave the new name with nothing in it. Some
  // file systems tell only here that the disk is full.
  if (fsync(file) != 0) return Failed("cannot be written");
  if (rename(name.c_str(), path.c_str()) != 0) return Failed("cannot be replaced");
  return absl::OkStatus();
}

// Makes the rename last.
absl::Status SyncFolder(const std::string& folder) {
  const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() < 0) return Failed("is replaced, but its folder cannot be opened");
  // EINVAL: a file system that has nothing to sync there.
  if (fsync(opened.number()) != 0 && errno != EINVAL) {
    return Failed("is replaced, but its folder cannot be synced");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, std::size_t most_bytes) {
  // Not blocking: nobody may ever open the other end of a pipe.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  // A socket, or a device without a driver: Abseil takes these errors for "not found".
  const bool is_special = file.number() < 0 && (errno == ENXIO || errno == ENODEV);
  if (is_special) return absl::FailedPreconditionError(kNotRegular);
  if (file.number() < 0) return Failed("cannot be opened");
  struct stat about = {};
  if (fstat(file.number(), &about) != 0) return Failed("cannot be looked at");
  if (!S_ISREG(about.st_mode)) return absl::FailedPreconditionError(kNotRegular);
  return ReadUpTo(file.number(), most_bytes);
}

absl::Status ReplaceWholeFile(const std::string& path, std::string_view bytes) {
  const std::string folder = FolderOf(path);
  std::string name = folder + ".weft-XXXXXX";
  // Opens with O_EXCL and mode 0600: never what somebody else has put there, nor a link.
  const Descriptor file(mkostemp(name.data(), O_CLOEXEC));
  if (file.number() < 0) return Failed("cannot be written: no file can be made in its folder");
  const absl::Status status = FillAndRename(file.number(), name, path, bytes);
  if (!status.ok()) {
    unlink(name.c_str());
    return status;
  }
  return SyncFolder(folder);
}

}  // namespace weft::internal
