// SPDX-License-Identifier: Apache-2.0
//
// What the command tells the user beside the answer: on standard error, each line
// with the command's name in front.

#ifndef WEFT_TOOLS_REPORT_H_
#define WEFT_TOOLS_REPORT_H_

#include <string_view>

#include "absl/status/status.h"

#include "weft/tools/exit_code.h"

namespace weft::tools {

// "weft: <text>"; `text` is printed as it is, so names in it must be printable.
void Report(std::string_view text);

// Reports why there is no answer, and gives the exit code that says the same.
ExitCode ReportFailure(const absl::Status& why);

}  // namespace weft::tools

#endif  // WEFT_TOOLS_REPORT_H_
