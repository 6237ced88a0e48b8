// SPDX-License-Identifier: Apache-2.0
//
// `weft files PATH`: what discovery finds.

#ifndef WEFT_TOOLS_FILES_COMMAND_H_
#define WEFT_TOOLS_FILES_COMMAND_H_

#include "weft/tools/command_line.h"
#include "weft/tools/exit_code.h"

namespace weft::tools {

// Prints the list, reports on standard error what could not be read.
ExitCode RunFiles(const FilesArguments& arguments);

}  // namespace weft::tools

#endif  // WEFT_TOOLS_FILES_COMMAND_H_
