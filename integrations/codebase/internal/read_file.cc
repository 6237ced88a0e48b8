// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/read_file.h"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/openat2.h>
#include <optional>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "absl/status/status.h"

#include "weft/integrations/codebase/internal/limit_reasons.h"

namespace weft::internal {
namespace {

constexpr int kMostTries = 16;
constexpr int kOpenFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

absl::Status SystemError(int error) {
  if (error == ELOOP) return absl::FailedPreconditionError("is or lies behind a symbolic link");
  return absl::ErrnoToStatus(error, "cannot be read");
}

// One call for the whole path where the system has it (Linux 5.6); nothing: it has not,
// or the path is too long for one call.
std::optional<int> OpenInOneCall(int root, const std::string& path) {
  open_how how = {};
  how.flags = static_cast<std::uint64_t>(kOpenFlags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const long fd = syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    switch (errno) {
      case EINTR: continue;
      case EAGAIN:  // something was renamed meanwhile, or another process has a lease
        if (tries < kMostTries) continue;
        return -1;
      case ENOSYS:
      case EPERM:  // a filter of system calls that does not know it
      case ENAMETOOLONG: return std::nullopt;
      default: return -1;
    }
  }
}

int OpenPartByPart(int root, std::string_view path) {
  Descriptor directory;
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string part(path.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    const int at = directory.open() ? directory.fd() : root;
    const int flags = last ? kOpenFlags : kOpenFlags | O_DIRECTORY;
    int fd = -1;
    do {
      fd = openat(at, part.c_str(), flags);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
      // A link in the middle is "not a directory": say what it is, as for the last part.
      struct stat entry = {};
      const int error = errno;
      const bool link = error == ENOTDIR &&
                        fstatat(at, part.c_str(), &entry, AT_SYMLINK_NOFOLLOW) == 0 &&
                        S_ISLNK(entry.st_mode);
      errno = link ? ELOOP : error;
      return -1;
    }
    if (last) return fd;
    directory = Descriptor(fd);
    path.remove_prefix(slash + 1);
  }
}

bool IsPlainRelative(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool SameVersion(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// Reads until the end or until the buffer is full. Negative: errno tells why.
std::int64_t ReadUpTo(int fd, std::string& buffer) {
  std::size_t have = 0;
  while (have < buffer.size()) {
    const ssize_t got = read(fd, buffer.data() + have, buffer.size() - have);
    if (got == 0) break;
    if (got > 0) {
      have += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      return -1;
    }
  }
  return static_cast<std::int64_t>(have);
}

}  // namespace

absl::StatusOr<FileTree> FileTree::Open(const std::string& root) {
  absl::StatusOr<Descriptor> opened = OpenRoot(root);
  if (!opened.ok()) return opened.status();
  return FileTree(std::move(*opened));
}

absl::Status FileTree::Read(std::string_view path, std::int64_t max_bytes, std::string& buffer,
                            std::int64_t& size) const {
  size = 0;
  buffer.clear();
  if (!IsPlainRelative(path)) {
    return absl::InvalidArgumentError("the path must be relative and without '.' and '..'");
  }
  const std::optional<int> opened = OpenInOneCall(root_.fd(), std::string(path));
  const Descriptor file(opened.has_value() ? *opened : OpenPartByPart(root_.fd(), path));
  if (!file.open()) return SystemError(errno);
  struct stat before = {};
  if (fstat(file.fd(), &before) != 0) return SystemError(errno);
  if (!S_ISREG(before.st_mode)) return absl::FailedPreconditionError("is not a regular file");
  size = before.st_size;
  if (size > max_bytes) {
    return absl::ResourceExhaustedError("size " + Grouped(size) + " bytes over the limit of " +
                                        Grouped(max_bytes));
  }
  buffer.resize(static_cast<std::size_t>(size) + 1);  // one more, to see growth
  const std::int64_t got = ReadUpTo(file.fd(), buffer);
  if (got < 0) return SystemError(errno);
  struct stat after = {};
  if (fstat(file.fd(), &after) != 0) return SystemError(errno);
  if (got != size || !SameVersion(before, after)) {
    return absl::AbortedError("changed while it was read");
  }
  buffer.resize(static_cast<std::size_t>(size));
  return absl::OkStatus();
}

std::int64_t FileTree::GuessSize(const std::string& path) const {
  struct stat entry = {};
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  const bool known = fstatat(root_.fd(), path.c_str(), &entry, flags) == 0;
  return known && S_ISREG(entry.st_mode) ? entry.st_size : 0;
}

}  // namespace weft::internal
