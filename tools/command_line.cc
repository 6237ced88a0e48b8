// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/command_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <CLI/CLI.hpp>

#include "weft/core/parallel_processing_config.h"
#include "weft/sync/progress_mode.h"
#include "weft/sync/terminal_text.h"

namespace weft::tools {
namespace {

constexpr const char* kVersionText = "weft " WEFT_VERSION;

constexpr const char* kExitCodes =
    "Exit codes:\n"
    "  0    done\n"
    "  1    done, but some files or folders could not be read\n"
    "  2    wrong usage, or an input or output that cannot be used\n"
    "  130  interrupted (Ctrl-C): nothing was written, but for a trace. A second\n"
    "       Ctrl-C ends at once; output may be incomplete then\n";

constexpr const char* kMainExamples =
    "Examples:\n"
    "  weft analyze .                     a summary of the folder you are in\n"
    "  weft analyze src --json facts.json symbols and imports of every file\n"
    "  weft files . --hidden              the files discovery finds, hidden ones too\n"
    "\n"
    "'weft analyze --help' and 'weft files --help' tell the options of each.\n\n";

constexpr const char* kGlobs =
    "A GLOB without '/' is the name of a file or folder at any depth; with '/' it is\n"
    "a path from PATH. There are no braces: give two globs.\n";

constexpr const char* kAnalyzeExamples =
    "Examples:\n"
    "  weft analyze .\n"
    "  weft analyze src --include '*.py' --exclude 'test_*' --jobs 4\n"
    "  weft analyze . --json - | jq .totals\n"
    "\n"
    "Files that .gitignore excludes and hidden files are left out unless asked for.\n"
    "With --json - standard output is the JSON document alone, without the summary.\n"
    "The same files give the same document, however many workers there are; only\n"
    "its \"run\" part differs.\n"
    "docs/trace.md says what a trace shows.\n"
    "docs/json.md lists the limits on one file, the keys of --config, the members,\n"
    "and what --progress json writes.\n\n";

constexpr const char* kFilesExamples =
    "Examples:\n"
    "  weft files .\n"
    "  weft files . --hidden --exclude '*.lock'\n"
    "  weft files -0 . | xargs -0 wc -c\n"
    "\n"
    "Paths are relative to PATH and sorted by bytes; names are printed as they are.\n\n";

// The words as the parser leaves them, before they are judged.
struct RawValues {
  std::string jobs;
  std::string max_file_size;
  std::string progress = "auto";
  std::string json;
  std::string trace;
  std::string config_file;
};

absl::Status RefuseValue(std::string_view option, std::string_view value,
                         std::string_view allowed) {
  return absl::InvalidArgumentError(std::string(option) + ": '" + MakePrintable(value) +
                                    "' is not allowed; it must be " + std::string(allowed));
}

std::optional<std::int64_t> ReadDigits(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

absl::StatusOr<int> ReadJobs(std::string_view text) {
  constexpr int kMost = ParallelProcessingConfig::kMaxWorkers;
  const std::optional<std::int64_t> jobs = ReadDigits(text);
  if (!jobs.has_value() || *jobs < 1 || *jobs > kMost) {
    return RefuseValue("--jobs", text, "a whole number from 1 to " + std::to_string(kMost));
  }
  return static_cast<int>(*jobs);
}

// "8M" and the like. The parsers address a text with 32 bits, signs included.
absl::StatusOr<std::int64_t> ReadSize(std::string_view text) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  constexpr std::string_view kUnits = "KMG";
  std::string_view digits = text;
  std::int64_t scale = 1;
  const std::size_t unit = text.empty() ? kUnits.npos : kUnits.find(text.back() & ~0x20);
  if (unit != kUnits.npos) {
    digits.remove_suffix(1);
    scale = std::int64_t{1} << (10 * (unit + 1));
  }
  const std::optional<std::int64_t> count = ReadDigits(digits);
  if (!count.has_value() || *count < 1 || *count > kMost / scale) {
    return RefuseValue("--max-file-size", text,
                       "a size from 1 to 2147483647 bytes, such as 500000, 64K or 8M");
  }
  return *count * scale;
}

absl::StatusOr<ProgressChoice> ReadProgress(std::string_view text) {
  if (text == "auto") return ProgressChoice::kAuto;
  if (text == "always") return ProgressChoice::kAlways;
  if (text == "never") return ProgressChoice::kNever;
  if (text == "json") return ProgressChoice::kJson;
  return RefuseValue("--progress", text, "auto, always, never or json");
}

void AddHelp(CLI::App& app) {
  app.set_help_flag("-h,--help", "Show this text and exit");
  app.set_version_flag("--version", std::string(kVersionText), "Show the version and exit");
}

// One glob a word: "--include '*.py' PATH" must not take PATH for a glob as well.
void AddGlobs(CLI::App& app, const char* name, std::vector<std::string>& globs,
              const char* description) {
  app.add_option(name, globs, description)->type_name("GLOB")->allow_extra_args(false);
}

// "--hidden=no" would be taken for a wish; a flag takes no value.
void AddFlag(CLI::App& app, const char* name, bool& value, const char* description) {
  app.add_flag(name, value, description)->disable_flag_override();
}

void AddSelection(CLI::App& app, SelectionArguments& selection) {
  app.add_option("PATH", selection.path, "The folder to look at")->required()->type_name("");
  AddGlobs(app, "--include", selection.include, "Only files that match (repeatable)");
  AddGlobs(app, "--exclude", selection.exclude, "No files or folders that match (repeatable)");
  AddFlag(app, "--no-ignore", selection.no_ignore, "Also what .gitignore files exclude");
  AddFlag(app, "--hidden", selection.hidden, "Also names that begin with a dot");
}

void AddAnalyze(CLI::App& app, AnalyzeArguments& arguments, RawValues& raw) {
  AddHelp(app);
  AddSelection(app, arguments.selection);
  app.add_option("--max-file-size", raw.max_file_size, "Skip larger files (default 8M; K, M or G)")
      ->type_name("SIZE");
  app.add_option("--json", raw.json, "Write all facts to FILE; - is standard output")
      ->type_name("FILE");
  app.add_option("--jobs", raw.jobs, "Workers (default: what the machine lets us use)")
      ->type_name("N");
  AddFlag(app, "--sequential", arguments.sequential, "One thread, one file after the other");
  app.add_option("--progress", raw.progress, "auto (on a terminal), always, never, or json")
      ->type_name("HOW");
  app.add_option("--trace", raw.trace, "Write what ran when to FILE, for ui.perfetto.dev")
      ->type_name("FILE");
  app.add_option("--config", raw.config_file, "Settings, as a JSON object")->type_name("FILE");
  AddFlag(app, "--no-history", arguments.no_history, "Remember nothing of what tasks cost");
  app.footer(std::string(kAnalyzeExamples) + kGlobs + "\n" + kExitCodes);
}

void AddFiles(CLI::App& app, FilesArguments& arguments) {
  AddHelp(app);
  AddSelection(app, arguments.selection);
  AddFlag(app, "-0,--null", arguments.nul_ended, "End each path with a NUL byte, not a newline");
  app.footer(std::string(kFilesExamples) + kGlobs + "\n" + kExitCodes);
}

// Judges the values that were given; the first that is not allowed ends it.
absl::Status TakeValues(const CLI::App& app, const RawValues& raw, AnalyzeArguments& arguments) {
  const auto given = [&app](const char* option) { return app.count(option) > 0; };
  if (given("--json") && raw.json.empty()) {
    return RefuseValue("--json", raw.json, "a file name, or - for standard output");
  }
  if (given("--trace") && (raw.trace.empty() || raw.trace == "-")) {
    return RefuseValue("--trace", raw.trace, "a file name");
  }
  if (given("--jobs") && arguments.sequential) {
    return absl::InvalidArgumentError("--jobs and --sequential exclude each other; keep one");
  }
  if (given("--jobs")) {
    const absl::StatusOr<int> jobs = ReadJobs(raw.jobs);
    if (!jobs.ok()) return jobs.status();
    arguments.jobs = *jobs;
  }
  if (given("--max-file-size")) {
    const absl::StatusOr<std::int64_t> size = ReadSize(raw.max_file_size);
    if (!size.ok()) return size.status();
    arguments.max_file_size = *size;
  }
  const absl::StatusOr<ProgressChoice> progress = ReadProgress(raw.progress);
  if (!progress.ok()) return progress.status();
  arguments.progress = *progress;
  if (given("--json") && given("--trace") && raw.json == raw.trace) {
    return absl::InvalidArgumentError("--json and --trace name the same file, '" +
                                      MakePrintable(raw.trace) + "'; give each its own");
  }
  if (given("--json")) arguments.json = raw.json;
  if (given("--trace")) arguments.trace = raw.trace;
  if (given("--config")) arguments.config_file = raw.config_file;
  return absl::OkStatus();
}

// The parser and everything its options write into; they live together.
struct Parser {
  CLI::App app{"Reads source trees in parallel: files, symbols, imports.", "weft"};
  AnalyzeArguments analyze;
  FilesArguments files;
  RawValues raw;
  CLI::App* analyze_app = nullptr;
  CLI::App* files_app = nullptr;

  Parser() {
    constexpr std::size_t kDescriptionColumn = 28;
    app.get_formatter()->column_width(kDescriptionColumn);
    app.get_formatter()->label("Positionals", "Argument");
    app.get_formatter()->label("OPTIONS", "options");
    app.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app.get_formatter()->label("REQUIRED", "");
    AddHelp(app);
    app.require_subcommand(1);
    app.footer(std::string(kMainExamples) + kExitCodes);
    analyze_app =
        app.add_subcommand("analyze", "Parse the source files of a folder")->group("Commands");
    files_app =
        app.add_subcommand("files", "List the files that discovery finds")->group("Commands");
    AddAnalyze(*analyze_app, analyze, raw);
    AddFiles(*files_app, files);
  }

  const CLI::App& Chosen() const {
    if (analyze_app->parsed()) return *analyze_app;
    return files_app->parsed() ? *files_app : app;
  }
};

// The parser's texts are "--jobs: 1 required N missing" and the like, and for flags
// "hidden was given a disallowed flag override".
absl::Status ExplainMismatch(const std::string& text) {
  if (text.starts_with("--")) {
    return absl::InvalidArgumentError(text.substr(0, text.find(':')) +
                                      " must be given once, with one value");
  }
  return absl::InvalidArgumentError("--" + text.substr(0, text.find(' ')) + " takes no value");
}

// The first of `words` that the parser had no use for. The parser itself keeps them in
// another order.
absl::Status ExplainExtra(const CLI::App& app, const std::vector<std::string>& words) {
  const std::vector<std::string> left = app.remaining(true);
  const auto word = std::find_if(words.begin(), words.end(), [&left](const std::string& candidate) {
    return candidate != "--" && std::find(left.begin(), left.end(), candidate) != left.end();
  });
  // A flag that was written together with others, as in "-0x", is no word of its own.
  const std::string text = word != words.end() ? *word : left.empty() ? "" : left.front();
  const bool may_be_option = std::find(words.begin(), word, "--") == word;
  if (may_be_option && text.size() > 1 && text.starts_with('-')) {
    return absl::InvalidArgumentError("unknown option '" +
                                      MakePrintable(text.substr(0, text.find('='))) + "'");
  }
  return absl::InvalidArgumentError("only one PATH, also got '" + MakePrintable(text) + "'");
}

absl::StatusOr<Command> Parse(Parser& parser, const std::vector<std::string>& words) {
  const std::string first = words.empty() ? "" : words.front();
  if (words.empty()) return absl::InvalidArgumentError("a command is needed: analyze or files");
  constexpr std::array kKnownFirstWords = {"analyze", "files", "-h", "--help", "--version"};
  if (std::find(kKnownFirstWords.begin(), kKnownFirstWords.end(), first) ==
      kKnownFirstWords.end()) {
    return absl::InvalidArgumentError("'" + MakePrintable(first) +
                                      "' is no command; begin with analyze or files");
  }
  // The parser takes words from the back.
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    parser.app.parse(std::move(reversed));
  } catch (const CLI::CallForVersion&) {
    return TextRequest{std::string(kVersionText) + "\n"};
  } catch (const CLI::CallForHelp&) {
    const CLI::App& chosen = parser.Chosen();
    return TextRequest{&chosen == &parser.app ? chosen.help() : chosen.help("weft")};
  } catch (const CLI::ArgumentMismatch& error) {
    return ExplainMismatch(error.what());
  } catch (const CLI::ExtrasError&) {
    return ExplainExtra(parser.app, words);
  } catch (const CLI::RequiredError& error) {
    // The parser looks for what is missing first, and "analyze -v" is no want of a PATH.
    if (parser.app.remaining_size(true) > 0) return ExplainExtra(parser.app, words);
    return absl::InvalidArgumentError(MakePrintable(error.what()));
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(MakePrintable(error.what()));
  }
  const bool files = parser.files_app->parsed();
  if ((files ? parser.files.selection : parser.analyze.selection).path.empty()) {
    return RefuseValue("PATH", "", "the name of a folder, such as '.'");
  }
  if (files) return parser.files;
  const absl::Status values = TakeValues(*parser.analyze_app, parser.raw, parser.analyze);
  if (!values.ok()) return values;
  return parser.analyze;
}

}  // namespace

absl::StatusOr<Command> ReadCommandLine(const std::vector<std::string>& words) {
  try {
    Parser parser;
    absl::StatusOr<Command> command = Parse(parser, words);
    if (command.ok()) return command;
    const CLI::App& chosen = parser.Chosen();
    const std::string name = &chosen == &parser.app ? "weft" : "weft " + chosen.get_name();
    return absl::InvalidArgumentError(std::string(command.status().message()) + "\nTry '" + name +
                                      " --help'.");
  } catch (const CLI::Error& error) {  // a mistake in the options above
    return absl::InternalError(error.what());
  }
}

}  // namespace weft::tools
