// SPDX-License-Identifier: Apache-2.0
//
// Open files of the walk: who owns a descriptor, and the few calls that make or use one.
// Each resolves one name below an open folder and follows no symbolic link, so that what
// changes during the walk can never lead out of the root.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DESCRIPTOR_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DESCRIPTOR_H_

#include <cstddef>
#include <string>
#include <sys/types.h>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weft::internal {

// Thread safety: like an int; the owner closes it.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// What stays the same when a folder is renamed, and differs when another takes its place.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// Opens the root. Symbolic links are followed here alone: the caller named this path.
// NotFound, InvalidArgument (not a directory, not a path), PermissionDenied …, with the path.
absl::StatusOr<Descriptor> OpenRoot(const std::string& path);

// Opens the sub-folder `name` for listing.
absl::StatusOr<Descriptor> OpenFolder(int parent, const std::string& name);

// Opens the folder at `path`, of at most kLongestHop bytes, below `from`: as a place to open
// others from, not for listing.
inline constexpr std::size_t kLongestHop = 4000;
absl::StatusOr<Descriptor> OpenPlace(int from, const std::string& path);

absl::StatusOr<FileIdentity> Identify(int fd);

// The bytes of the regular file `name`. FailedPrecondition for anything else, and
// ResourceExhausted for one of more than `limit` bytes.
enum class Links { kRefuse, kFollow };
absl::StatusOr<std::string> ReadSmallFile(int folder, const std::string& name, Links links,
                                          std::size_t limit);

// Whether opening failed because this process or the machine has too many files open: then it
// may work later.
bool IsOutOfDescriptors(const absl::Status& status);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DESCRIPTOR_H_
