// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/report.h"

#include <string>
#include <string_view>
#include <unistd.h>

#include "absl/status/status.h"

#include "weft/tools/exit_code.h"
#include "weft/tools/output.h"

namespace weft::tools {

void Report(std::string_view text) {
  Output output(STDERR_FILENO, "standard error");
  // One write, so that lines of several processes do not mix.
  output.Write("weft: " + std::string(text) + "\n");
  // Where a message about the output cannot be written, the exit code has to do.
  (void)output.Flush();
}

ExitCode ReportFailure(const absl::Status& why) {
  Report(std::string(why.message()));
  return kExitUnusable;
}

}  // namespace weft::tools
