// SPDX-License-Identifier: Apache-2.0
//
// `weft analyze PATH`: files, symbols and imports of a source tree.

#ifndef WEFT_TOOLS_ANALYZE_COMMAND_H_
#define WEFT_TOOLS_ANALYZE_COMMAND_H_

#include "weft/tools/command_line.h"
#include "weft/tools/exit_code.h"

namespace weft::tools {

// Shows progress, then prints the summary and writes the JSON document.
ExitCode RunAnalyze(const AnalyzeArguments& arguments);

}  // namespace weft::tools

#endif  // WEFT_TOOLS_ANALYZE_COMMAND_H_
