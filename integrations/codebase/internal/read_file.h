// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_READ_FILE_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_READ_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/integrations/codebase/internal/descriptor.h"

namespace weft::internal {

// Reads regular files below one directory. What a path names is decided below that
// directory only: no link is followed in any part of it, and nothing but a regular file
// is opened for long (a FIFO cannot hold a reader up).
//
// Thread safety: every method may be called from any thread.
class FileTree {
 public:
  // Errors: NotFound, PermissionDenied and the like, with the system's words;
  // InvalidArgument: no directory. The root itself may be reached through links.
  static absl::StatusOr<FileTree> Open(const std::string& root);

  // Puts the bytes of `path` into `buffer`, which keeps its capacity; `size` is the
  // file's size as far as it is known, also when the result is an error:
  //   NotFound, PermissionDenied, …: the system's error
  //   InvalidArgument: the path is absolute, empty, or has an empty part, "." or ".."
  //   FailedPrecondition: not a regular file, or behind a link
  //   ResourceExhausted: over max_bytes; not read
  //   Aborted: the file changed while it was read
  absl::Status Read(std::string_view path, std::int64_t max_bytes, std::string& buffer,
                    std::int64_t& size) const;

  // What `path` will probably cost to read: the bytes of a regular file, else 0. A guess, for
  // which nothing is opened; links above the last part are followed.
  std::int64_t GuessSize(const std::string& path) const;

 private:
  explicit FileTree(Descriptor root) : root_(std::move(root)) {}

  Descriptor root_;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_READ_FILE_H_
