// SPDX-License-Identifier: Apache-2.0
//
// Runs the built command as a user would, and says all that it said. What it keeps from one run
// to the next goes into a folder of the run's own, so that no test sees or changes a user's.

#ifndef WEFT_TESTS_TOOLS_PROCESS_H_
#define WEFT_TESTS_TOOLS_PROCESS_H_

#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "scratch_folder.h"

namespace weft::tools {

struct ProcessOptions {
  std::string folder = {};  // where it runs; empty = here
  // Runs in the child before the command: what it closes, opens or drops.
  std::function<void()> in_child = [] {};
  // Standard error is a terminal, so wide. It is the controlling one, as a shell has it.
  bool terminal = false;
  int columns = 80;
};

struct ProcessResult {
  int exit_code = -1;  // -1: ended by `signal`
  int signal = 0;
  std::string out;
  std::string err;
};

// A run of the command `weft` that has begun.
//
// Thread safety: one thread at a time.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments, const ProcessOptions& options = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  // Blocks until standard error has had `text`; false: it ended without.
  bool AwaitError(std::string_view text);
  // The same of standard output, of which nothing more is read than that takes.
  bool AwaitOutput(std::string_view text);
  void Send(int signal) const;
  // As if somebody typed it at the terminal.
  void Type(std::string_view keys) const;
  ProcessResult Wait();
  // Blocks until it has ended, and reads only then: for one that is stuck while it writes.
  void AwaitEnd() const;

 private:
  bool ReadSome();  // false at the end of both

  const ScratchFolder state_;
  pid_t id_ = -1;
  int out_ = -1;
  int err_ = -1;
  ProcessResult result_;
};

// Runs the command to its end.
ProcessResult RunWeft(std::vector<std::string> arguments, const ProcessOptions& options = {});

// For ProcessOptions::in_child: root may read everything, so permissions are only
// tested by somebody else. Does nothing for those who are not root.
void BecomeUnprivileged();

}  // namespace weft::tools

#endif  // WEFT_TESTS_TOOLS_PROCESS_H_
