// SPDX-License-Identifier: Apache-2.0
//
// What the user asked for, read from the words of the command line.

#ifndef WEFT_TOOLS_COMMAND_LINE_H_
#define WEFT_TOOLS_COMMAND_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

#include "weft/sync/progress_mode.h"

namespace weft::tools {

// Which files are looked at; `weft analyze` and `weft files` share it.
struct SelectionArguments {
  std::string path;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  bool no_ignore = false;
  bool hidden = false;
};

struct AnalyzeArguments {
  SelectionArguments selection;
  std::optional<std::string> json;   // a file, or "-"
  std::optional<std::string> trace;  // a file
  std::optional<std::string> config_file;
  std::optional<int> jobs;  // 1 to ParallelProcessingConfig::kMaxWorkers
  bool sequential = false;
  bool no_history = false;
  std::optional<std::int64_t> max_file_size;  // bytes
  ProgressChoice progress = ProgressChoice::kAuto;
};

struct FilesArguments {
  SelectionArguments selection;
  bool nul_ended = false;
};

// --help and --version: a text for standard output.
struct TextRequest {
  std::string text;
};

using Command = std::variant<AnalyzeArguments, FilesArguments, TextRequest>;

// Reads the words after the program's name. InvalidArgument: a text for the user,
// which names the option, the value and what is allowed.
absl::StatusOr<Command> ReadCommandLine(const std::vector<std::string>& words);

}  // namespace weft::tools

#endif  // WEFT_TOOLS_COMMAND_LINE_H_
