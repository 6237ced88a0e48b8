// SPDX-License-Identifier: Apache-2.0
//
// What the command tells the shell. docs and help texts say the same.

#ifndef WEFT_TOOLS_EXIT_CODE_H_
#define WEFT_TOOLS_EXIT_CODE_H_

namespace weft::tools {

enum ExitCode : int {
  kExitDone = 0,
  kExitSomeFailed = 1,    // done, but some files or folders could not be read
  kExitUnusable = 2,      // wrong usage, unusable input or output
  kExitInterrupted = 130  // by a signal; nothing was written, but for a trace
};

}  // namespace weft::tools

#endif  // WEFT_TOOLS_EXIT_CODE_H_
