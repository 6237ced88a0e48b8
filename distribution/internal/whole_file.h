// SPDX-License-Identifier: Apache-2.0
//
// Small files that are there whole or not at all: read into memory, replaced at once.

#ifndef WEFT_DISTRIBUTION_INTERNAL_WHOLE_FILE_H_
#define WEFT_DISTRIBUTION_INTERNAL_WHOLE_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weft::internal {

// The bytes of the regular file at `path`, which may be a link. Never waits for a pipe.
// NotFound: nothing is there. FailedPrecondition: a folder, a pipe, a device.
// ResourceExhausted: more than `most_bytes`, which are not read. Otherwise the code of
// the system's error.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path, std::size_t most_bytes);

// Puts a file with these bytes and mode 0600 in the place of what is at `path`, which a
// reader, or somebody who does the same at that time, finds whole, as it was or as it
// will be. It is written under another name in the same folder, made for this alone, and
// on the disk before it is renamed. A link at `path` is replaced, not followed.
// After an error all is as it was, unless the folder itself could not be synced.
absl::Status ReplaceWholeFile(const std::string& path, std::string_view bytes);

}  // namespace weft::internal

#endif  // WEFT_DISTRIBUTION_INTERNAL_WHOLE_FILE_H_
