// SPDX-License-Identifier: Apache-2.0
//
// Where the command keeps what it knows from one run to the next: the place that the
// XDG Base Directory Specification has for state.

#ifndef WEFT_TOOLS_STATE_PATH_H_
#define WEFT_TOOLS_STATE_PATH_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace weft::tools {

// The path of `file` under $XDG_STATE_HOME/weft, else under $HOME/.local/state/weft.
// A variable that is empty or no absolute path counts as not set, as the specification
// says. Nothing: there is no place, and nothing should be kept. Makes nothing.
std::optional<std::string> FindStateFile(std::string_view file);

// The same for given values of the two variables; null = not set.
std::optional<std::string> FindStateFile(std::string_view file, const char* state_home,
                                         const char* home);

// Makes the folders above `path` that are missing, for their owner alone (mode 0700, as
// the specification says). Errors name the folder.
[[nodiscard]] absl::Status MakeFoldersAbove(const std::string& path);

}  // namespace weft::tools

#endif  // WEFT_TOOLS_STATE_PATH_H_
