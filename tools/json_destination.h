// SPDX-License-Identifier: Apache-2.0
//
// Where --json goes: standard output, a file that is there whole or not at all, or
// something that only takes bytes, such as a pipe.

#ifndef WEFT_TOOLS_JSON_DESTINATION_H_
#define WEFT_TOOLS_JSON_DESTINATION_H_

#include <optional>
#include <string>
#include <sys/types.h>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/tools/interrupt_watch.h"
#include "weft/tools/output.h"

namespace weft::tools {

// Thread safety: a value; Write() by one thread at a time.
class JsonDestination {
 public:
  using Writer = absl::FunctionRef<void(Output&)>;

  // Finds out what `name` is: "-" and the names of standard output, a descriptor
  // ("/dev/fd/3"), a regular file that exists or could be made, anything else that can
  // be written to. Opens nothing. Errors name the file: a folder, a folder
  // that does not exist or may not be written to.
  static absl::StatusOr<JsonDestination> Find(const std::string& name);

  bool is_standard_output() const { return descriptor_ == 1; }

  // Calls `write` and makes sure that all of it arrived. A regular file is written
  // beside its place and then renamed, so that it is never seen half: the old one stays
  // when anything fails, or when `watch` was interrupted (Cancelled).
  [[nodiscard]] absl::Status Write(Writer write, InterruptWatch& watch) const;

 private:
  absl::Status WriteToDescriptor(int descriptor, Writer write) const;
  absl::Status WriteDirectly(Writer write) const;
  absl::Status WriteAndRename(Writer write, InterruptWatch& watch) const;

  std::string shown_name_;      // for messages
  int descriptor_ = -1;         // already open
  std::string path_;            // otherwise
  bool replaces_ = false;       // whether a regular file is or will be at `path_`
  std::optional<mode_t> mode_;  // of that file, when it exists
};

}  // namespace weft::tools

#endif  // WEFT_TOOLS_JSON_DESTINATION_H_
