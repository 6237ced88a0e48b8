// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/descriptor.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace weft::internal {
namespace {

// Marks statuses for IsOutOfDescriptors: their code alone may also speak of memory.
constexpr absl::string_view kOutOfDescriptors = "weft/out-of-descriptors";

absl::Status Failure(int error, absl::string_view what) {
  // The kernel's words for a name that was a folder when it was listed.
  if (error == ELOOP || error == ENOTDIR) {
    return absl::AbortedError(
        absl::StrCat(what, ": it was replaced while the folder above was read"));
  }
  absl::Status status = absl::ErrnoToStatus(error, what);
  if (error == EMFILE || error == ENFILE) status.SetPayload(kOutOfDescriptors, absl::Cord());
  return status;
}

template <class F>
int Retry(F call) {
  int result;
  do {
    result = static_cast<int>(call());
  } while (result < 0 && errno == EINTR);
  return result;
}

// O_NONBLOCK: should a FIFO have taken the place, the call still returns.
constexpr int kFolderFlags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

int OpenBeneath(int from, const char* path) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return Retry([&] { return syscall(SYS_openat2, from, path, &how, sizeof how); });
}

// For kernels before 5.6 and for sandboxes that do not know the call.
absl::StatusOr<Descriptor> OpenStepwise(int from, std::string_view path) {
  Descriptor at;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string name(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    const int base = at.open() ? at.fd() : from;
    Descriptor next(Retry(
        [&] { return openat(base, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
    if (!next.open()) return Failure(errno, "cannot open the folder again");
    at = std::move(next);
  }
  return at;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);  // read-only: nothing can be lost by a failure
}

absl::StatusOr<Descriptor> OpenRoot(const std::string& path) {
  const std::string shown = absl::StrCat("'", absl::CHexEscape(path), "'");
  if (path.empty() || path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(shown, " is not a path: name an existing directory"));
  }
  Descriptor root(
      Retry([&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK); }));
  if (root.open()) return root;
  const int error = errno;
  if (error == ENOTDIR) {
    return absl::InvalidArgumentError(
        absl::StrCat(shown, " is not a directory: name the one that contains it"));
  }
  if (error == ENAMETOOLONG || error == ELOOP) {
    return absl::InvalidArgumentError(absl::ErrnoToStatus(error, shown).message());
  }
  return absl::ErrnoToStatus(error, absl::StrCat("cannot read directory ", shown));
}

absl::StatusOr<Descriptor> OpenFolder(int parent, const std::string& name) {
  Descriptor folder(Retry([&] { return openat(parent, name.c_str(), O_RDONLY | kFolderFlags); }));
  if (!folder.open()) return Failure(errno, "cannot open the folder");
  return folder;
}

absl::StatusOr<Descriptor> OpenPlace(int from, const std::string& path) {
  Descriptor place(OpenBeneath(from, path.c_str()));
  if (place.open()) return place;
  if (errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == EAGAIN) {
    return OpenStepwise(from, path);
  }
  return Failure(errno, "cannot open the folder again");
}

absl::StatusOr<FileIdentity> Identify(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return Failure(errno, "cannot look at the folder");
  return FileIdentity{status.st_dev, status.st_ino};
}

absl::StatusOr<std::string> ReadSmallFile(int folder, const std::string& name, Links links,
                                          std::size_t limit) {
  const int follow = links == Links::kFollow ? 0 : O_NOFOLLOW;
  Descriptor file(Retry([&] {
    return openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow);
  }));
  if (!file.open()) return Failure(errno, "cannot open it");
  struct stat status {};
  if (fstat(file.fd(), &status) != 0) return Failure(errno, "cannot look at it");
  if (!S_ISREG(status.st_mode)) return absl::FailedPreconditionError("not a regular file");
  std::string text;
  const auto expected = static_cast<std::size_t>(status.st_size);
  while (text.size() <= limit) {
    const std::size_t begin = text.size();
    // One byte more than expected, so that the end of the file is seen by the first read.
    const std::size_t room = begin <= expected ? expected + 1 - begin : begin;
    text.resize(begin + std::min(room, limit + 1 - begin));
    const ssize_t got =
        Retry([&] { return read(file.fd(), text.data() + begin, text.size() - begin); });
    if (got < 0) return Failure(errno, "cannot read it");
    text.resize(begin + static_cast<std::size_t>(got));
    if (got == 0) return text;
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("it has more than ", limit, " bytes, the limit for such a file"));
}

bool IsOutOfDescriptors(const absl::Status& status) {
  return status.GetPayload(kOutOfDescriptors).has_value();
}

}  // namespace weft::internal
