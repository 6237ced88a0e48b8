// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/command_line.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

AnalyzeArguments ReadAnalyze(std::vector<std::string> words) {
  words.insert(words.begin(), "analyze");
  const absl::StatusOr<Command> command = ReadCommandLine(words);
  EXPECT_TRUE(command.ok()) << command.status();
  if (!command.ok() || !std::holds_alternative<AnalyzeArguments>(*command)) return {};
  return std::get<AnalyzeArguments>(*command);
}

std::string ReadError(std::vector<std::string> words) {
  const absl::StatusOr<Command> command = ReadCommandLine(std::move(words));
  EXPECT_EQ(command.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(command.status().message());
}

std::string ReadText(std::vector<std::string> words) {
  const absl::StatusOr<Command> command = ReadCommandLine(std::move(words));
  EXPECT_TRUE(command.ok()) << command.status();
  const auto* text = command.ok() ? std::get_if<TextRequest>(&*command) : nullptr;
  return text == nullptr ? "" : text->text;
}

TEST(CommandLineTest, PathAloneKeepsEveryDefault) {
  const AnalyzeArguments read = ReadAnalyze({"src"});
  EXPECT_EQ(read.selection.path, "src");
  EXPECT_TRUE(read.selection.include.empty());
  EXPECT_FALSE(read.selection.hidden);
  EXPECT_FALSE(read.selection.no_ignore);
  EXPECT_FALSE(read.sequential);
  EXPECT_FALSE(read.no_history);
  EXPECT_FALSE(read.json.has_value());
  EXPECT_FALSE(read.jobs.has_value());
  EXPECT_FALSE(read.max_file_size.has_value());
  EXPECT_FALSE(read.config_file.has_value());
  EXPECT_EQ(read.progress, ProgressChoice::kAuto);
}

TEST(CommandLineTest, EveryOptionArrives) {
  const AnalyzeArguments read =
      ReadAnalyze({"--include", "*.py", "--exclude=a", ".", "--exclude", "b", "--no-ignore",
                   "--hidden", "--json", "-", "--jobs", "3", "--max-file-size", "64K", "--progress",
                   "never", "--config", "c.json"});
  EXPECT_EQ(read.selection.path, ".");
  EXPECT_THAT(read.selection.include, ElementsAre("*.py"));
  EXPECT_THAT(read.selection.exclude, ElementsAre("a", "b"));
  EXPECT_TRUE(read.selection.hidden);
  EXPECT_TRUE(read.selection.no_ignore);
  EXPECT_EQ(read.json, "-");
  EXPECT_EQ(read.jobs, 3);
  EXPECT_EQ(read.max_file_size, 65536);
  EXPECT_EQ(read.progress, ProgressChoice::kNever);
  EXPECT_EQ(read.config_file, "c.json");
  EXPECT_TRUE(ReadAnalyze({".", "--sequential"}).sequential);
  EXPECT_TRUE(ReadAnalyze({".", "--no-history"}).no_history);
  EXPECT_EQ(ReadAnalyze({".", "--progress=json"}).progress, ProgressChoice::kJson);
  EXPECT_EQ(ReadAnalyze({".", "--progress", "always"}).progress, ProgressChoice::kAlways);
}

TEST(CommandLineTest, GlobTakesOneWordOnly) {
  const AnalyzeArguments read = ReadAnalyze({"--include", "*.c", "src"});
  EXPECT_THAT(read.selection.include, ElementsAre("*.c"));
  EXPECT_EQ(read.selection.path, "src");
}

TEST(CommandLineTest, PathMayBeginWithADashAfterTwoDashes) {
  EXPECT_EQ(ReadAnalyze({"--", "-odd"}).selection.path, "-odd");
}

TEST(CommandLineTest, FilesHasItsOwnOptions) {
  const absl::StatusOr<Command> command = ReadCommandLine({"files", "-0", ".", "--hidden"});
  ASSERT_TRUE(command.ok()) << command.status();
  const auto& read = std::get<FilesArguments>(*command);
  EXPECT_TRUE(read.nul_ended);
  EXPECT_TRUE(read.selection.hidden);
  EXPECT_THAT(ReadError({"files", ".", "--json", "x"}), HasSubstr("--json"));
}

TEST(CommandLineTest, JobsOutOfRangeNameOptionValueAndRange) {
  for (const char* value :
       {"0", "-1", "1025", "99999999999999999999", "2.5", "two", "", " 2", "0x10", "1e3"}) {
    EXPECT_THAT(ReadError({"analyze", ".", std::string("--jobs=") + value}),
                AllOf(HasSubstr("--jobs"), HasSubstr(value), HasSubstr("--help")))
        << value;
  }
  EXPECT_THAT(ReadError({"analyze", ".", "--jobs", "0"}),
              HasSubstr("--jobs: '0' is not allowed; it must be a whole number from 1 to 1024"));
  EXPECT_EQ(ReadAnalyze({".", "--jobs", "1024"}).jobs, 1024);
}

TEST(CommandLineTest, SizesKnowTheirUnits) {
  const auto size = [](const char* text) {
    return ReadAnalyze({".", "--max-file-size", text}).max_file_size.value_or(0);
  };
  EXPECT_EQ(size("1"), 1);
  EXPECT_EQ(size("10k"), 10240);
  EXPECT_EQ(size("8M"), 8 << 20);
  EXPECT_EQ(size("1G"), 1 << 30);
  EXPECT_EQ(size("2147483647"), 2147483647);
  for (const char* text : {"0", "0K", "-1", "M", "8MB", "8Q", "1.5M", "2G", "2147483648",
                           "9223372036854775807G", "99999999999999999999"}) {
    EXPECT_THAT(ReadError({"analyze", ".", "--max-file-size", text}),
                AllOf(HasSubstr("--max-file-size"), HasSubstr("2147483647")))
        << text;
  }
}

TEST(CommandLineTest, MistakesAreNamed) {
  EXPECT_THAT(ReadError({}), HasSubstr("analyze"));
  EXPECT_THAT(ReadError({"analyse", "."}),
              AllOf(HasSubstr("'analyse'"), HasSubstr("analyze or files")));
  EXPECT_THAT(ReadError({"--jobs", "2"}), HasSubstr("'--jobs'"));
  EXPECT_THAT(ReadError({"analyze"}), HasSubstr("PATH"));
  EXPECT_THAT(ReadError({"analyze", ""}), HasSubstr("PATH"));
  EXPECT_THAT(ReadError({"analyze", ".", "more"}), HasSubstr("more"));
  EXPECT_THAT(ReadError({"analyze", ".", "--jbos", "2"}), HasSubstr("--jbos"));
  EXPECT_THAT(ReadError({"analyze", ".", "--progress", "maybe"}),
              AllOf(HasSubstr("'maybe'"), HasSubstr("auto, always, never or json")));
  EXPECT_THAT(ReadError({"analyze", ".", "--json"}), HasSubstr("--json"));
  EXPECT_THAT(ReadError({"analyze", ".", "--json", ""}), HasSubstr("--json"));
  EXPECT_THAT(ReadError({"analyze", ".", "--jobs", "1", "--jobs", "2"}),
              AllOf(HasSubstr("--jobs"), HasSubstr("once")));
  EXPECT_THAT(ReadError({"analyze", ".", "--jobs", "1", "--sequential"}),
              HasSubstr("--sequential"));
  EXPECT_THAT(ReadError({"analyze", ".", "--hidden=no"}), HasSubstr("--hidden"));
}

// In the order of the user, whatever the parser makes of it.
TEST(CommandLineTest, TheFirstUnknownWordIsNamed) {
  const auto line = [](std::vector<std::string> words) {
    const std::string error = ReadError(std::move(words));
    return error.substr(0, error.find('\n'));
  };
  EXPECT_EQ(ReadError({"files", ".", "--jobs", "2"}),
            "unknown option '--jobs'\nTry 'weft files --help'.");
  EXPECT_EQ(ReadError({"analyze", "--jbos=2", ".", "--wrong", "x"}),
            "unknown option '--jbos'\nTry 'weft analyze --help'.");
  EXPECT_EQ(line({"analyze", ".", "more", "--wrong"}), "only one PATH, also got 'more'");
  EXPECT_EQ(line({"analyze", "a", "b", "c"}), "only one PATH, also got 'b'");
  EXPECT_EQ(line({"files", "--wrong", "a", "b"}), "unknown option '--wrong'");
  EXPECT_EQ(line({"files", ".", "-x"}), "unknown option '-x'");
  EXPECT_EQ(line({"analyze", "-v"}), "unknown option '-v'") << "not that PATH is missing";
  EXPECT_EQ(line({"analyze", "--hidden"}), "PATH is required");
  EXPECT_EQ(line({"files", ".", "-0x"}), "unknown option '-x'");
  EXPECT_EQ(line({"files", ".", "-"}), "only one PATH, also got '-'");
  EXPECT_EQ(line({"files", ".", ""}), "only one PATH, also got ''");
  EXPECT_EQ(line({"files", "--", "-a", "-b"}), "only one PATH, also got '-b'");
  EXPECT_EQ(line({"files", ".", "--", "-b"}), "only one PATH, also got '-b'");
}

TEST(CommandLineTest, HostileWordsReachTheTerminalEscaped) {
  for (const std::string& message :
       {ReadError({"\x1b[2J"}), ReadError({"analyze", ".", "--\x1b[2J"}),
        ReadError({"analyze", ".", "\x1b[2J"}), ReadError({"analyze", ".", "--jobs", "\x1b[2J"})}) {
    EXPECT_EQ(message.find('\x1b'), message.npos) << message;
    EXPECT_THAT(message, HasSubstr(R"(\x1b[2J)"));
  }
}

TEST(CommandLineTest, HelpFitsAScreenAndTellsTheExitCodes) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--help"}, {"-h"}, {"analyze", "--help"}, {"files", "-h"}}) {
    const std::string help = ReadText(words);
    for (const char* part : {"Usage: weft", "Examples:", "Exit codes:", "130", "--version"}) {
      EXPECT_THAT(help, HasSubstr(part)) << words.front();
    }
    std::string_view rest = help;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      EXPECT_LE(line.size(), 80U) << line;
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 45) << words.front();
  }
}

TEST(CommandLineTest, HelpExplainsGlobsAndPointsToTheLimits) {
  for (const char* command : {"analyze", "files"}) {
    EXPECT_THAT(ReadText({command, "--help"}),
                AllOf(HasSubstr("A GLOB without '/'"), HasSubstr("braces"),
                      HasSubstr("output may be incomplete")));
  }
  EXPECT_THAT(ReadText({"analyze", "--help"}), HasSubstr("docs/json.md"));
}

TEST(CommandLineTest, VersionIsOneLine) {
  EXPECT_THAT(ReadText({"--version"}), AllOf(HasSubstr("weft "), HasSubstr("\n")));
  EXPECT_EQ(ReadText({"files", "--version"}), ReadText({"--version"}));
}

}  // namespace
}  // namespace weft::tools
