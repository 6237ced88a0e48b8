// SPDX-License-Identifier: Apache-2.0
//
// The command `weft`.

#include <csignal>
#include <exception>
#include <string>
#include <unistd.h>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/tools/analyze_command.h"
#include "weft/tools/command_line.h"
#include "weft/tools/exit_code.h"
#include "weft/tools/files_command.h"
#include "weft/tools/output.h"
#include "weft/tools/report.h"

namespace weft::tools {
namespace {

ExitCode Print(const TextRequest& request) {
  Output output(STDOUT_FILENO, "standard output");
  output.Write(request.text);
  const absl::Status printed = output.Flush();
  return printed.ok() ? kExitDone : ReportFailure(printed);
}

ExitCode Run(const std::vector<std::string>& words) {
  const absl::StatusOr<Command> command = ReadCommandLine(words);
  if (!command.ok()) return ReportFailure(command.status());
  if (const auto* text = std::get_if<TextRequest>(&*command)) return Print(*text);
  if (const auto* files = std::get_if<FilesArguments>(&*command)) return RunFiles(*files);
  return RunAnalyze(std::get<AnalyzeArguments>(*command));
}

}  // namespace
}  // namespace weft::tools

int main(int argc, char** argv) {
  weft::tools::ReserveStandardDescriptors();
  // A reader that went away and a limit on file sizes come back as errors of write().
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return weft::tools::Run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  } catch (const std::exception& error) {  // out of memory, most likely
    weft::tools::Report(std::string("gave up: ") + error.what());
    return weft::tools::kExitUnusable;
  }
}
