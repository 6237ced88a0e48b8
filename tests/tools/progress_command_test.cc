// SPDX-License-Identifier: Apache-2.0
//
// Progress of `weft analyze` as a user sees it: on terminals of several widths, piped, without
// colours, and as JSON.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "analyze_run.h"
#include "process.h"
#include "scratch_folder.h"
#include "testing/screen.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::weft::testing::Screen;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class ProgressCommandTest : public ::testing::Test {
 protected:
  ProgressCommandTest() { WriteMixedTree(tree_); }

  ProcessResult Run(std::vector<std::string> options, const ProcessOptions& how) const {
    options.insert(options.begin(), {"analyze", tree_.path()});
    ProcessResult result = RunWeft(std::move(options), how);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result;
  }

  const ScratchFolder tree_;
};

TEST_F(ProgressCommandTest, IsABarThatFitsTheTerminalAndIsGoneAtTheEnd) {
  for (const int columns : {80, 200, 30, 7, 1}) {
    const ProcessResult result = Run({}, {.terminal = true, .columns = columns});
    Screen screen(static_cast<std::size_t>(columns));
    screen.Write(result.err);
    EXPECT_FALSE(screen.filled()) << columns;
    EXPECT_EQ(screen.unknown(), "");
    EXPECT_THAT(screen.lines(), ElementsAre("")) << "what is left to see";
    if (columns < 80) continue;
    EXPECT_THAT(screen.drawn(), Contains(HasSubstr("Finding files")));
    EXPECT_THAT(
        screen.drawn(),
        Contains(AllOf(::testing::StartsWith("File 182/182 completed [###"), HasSubstr("###] 100%"),
                       ::testing::SizeIs(static_cast<std::size_t>(columns) - 1))));
  }
}

// As in a shell: the summary comes where the bar was.
TEST_F(ProgressCommandTest, TheSummaryTakesThePlaceOfTheBar) {
  const ProcessResult piped = Run({}, {});
  const std::string heading = Lines(piped.out).front();
  for (const int columns : {80, 200}) {
    const ProcessResult result = Run({}, {.in_child = [] { dup2(STDERR_FILENO, STDOUT_FILENO); },
                                          .terminal = true,
                                          .columns = columns});
    EXPECT_THAT(result.out, IsEmpty());
    Screen screen(static_cast<std::size_t>(columns));
    screen.Write(result.err);
    EXPECT_FALSE(screen.wrapped()) << columns;
    EXPECT_FALSE(screen.coloured());
    EXPECT_EQ(screen.unknown(), "");
    EXPECT_THAT(screen.lines(), Not(Contains(HasSubstr("completed")))) << "a part of the bar";
    EXPECT_EQ(screen.lines().back(), "");
    EXPECT_EQ(screen.lines().front(), heading);
  }
}

TEST_F(ProgressCommandTest, IsHiddenWhereNobodyLooksOrWantsIt) {
  EXPECT_THAT(Run({}, {}).err, IsEmpty()) << "piped";
  EXPECT_THAT(Run({"--progress", "never"}, {.terminal = true}).err, IsEmpty());
}

TEST_F(ProgressCommandTest, IsPlainLinesInAPipeWhenAskedFor) {
  const std::vector<std::string> lines = Lines(Run({"--progress", "always"}, {}).err);
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines.front(), "Finding files: 0");
  EXPECT_EQ(lines.back(), "File 182/182 completed, 100%");
  for (const std::string& line : lines) {
    EXPECT_EQ(line.find_first_of("\r\x1b"), std::string::npos) << line;
  }
}

TEST_F(ProgressCommandTest, IsPlainLinesOnATerminalWithoutColours) {
  const auto with = [](const char* name, const char* value) {
    return ProcessOptions{.in_child = [=] { setenv(name, value, 1); }, .terminal = true};
  };
  for (const ProcessOptions& how :
       {with("NO_COLOR", "1"), with("TERM", "dumb"), with("TERM", "")}) {
    const ProcessResult result = Run({}, how);
    EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));
    Screen screen(80);
    screen.Write(result.err);
    EXPECT_FALSE(screen.filled());
    EXPECT_THAT(screen.lines(), Contains("File 182/182 completed, 100%"));
  }
}

TEST_F(ProgressCommandTest, JsonIsOneObjectALineAndEndsWithTheLastState) {
  for (const bool terminal : {false, true}) {
    const ProcessResult result = Run({"--progress", "json"}, {.terminal = terminal});
    double fraction = 0;
    double elapsed = 0;
    nlohmann::json event;
    for (const std::string& line : Lines(result.err)) {
      event = ParseJson(line);
      EXPECT_EQ(event["schema"], "weft.progress/1");
      EXPECT_GE(event["elapsed_seconds"], elapsed);
      elapsed = event["elapsed_seconds"];
      if (event["fraction"].is_null()) continue;
      EXPECT_GE(event["fraction"], fraction);
      fraction = event["fraction"];
    }
    EXPECT_EQ(event["finished"], true);
    EXPECT_EQ(event["fraction"], 1.0);
    ASSERT_EQ(event["levels"].size(), 1u);
    EXPECT_EQ(event["levels"][0]["label"], "File");
    EXPECT_EQ(event["levels"][0]["completed"], 182);
    EXPECT_EQ(event["levels"][0]["failed"], 0);
    EXPECT_EQ(event["levels"][0]["total"], 182);
  }
}

TEST_F(ProgressCommandTest, FailedFilesAreCountedApart) {
  tree_.Write("shut.py", "x = 1\n");
  chmod((tree_ / "shut.py").c_str(), 0);
  const ProcessResult result =
      RunWeft({"analyze", tree_.path(), "--progress", "json"}, {.in_child = BecomeUnprivileged});
  EXPECT_EQ(result.exit_code, 1);
  const nlohmann::json last = ParseJson(Lines(result.err).back());
  EXPECT_EQ(last["levels"][0]["completed"], 182);
  EXPECT_EQ(last["levels"][0]["failed"], 1);
  EXPECT_EQ(last["levels"][0]["total"], 183);
  EXPECT_EQ(last["fraction"], 1.0);
}

TEST_F(ProgressCommandTest, AnEmptyTreeHasNothingToShow) {
  const ScratchFolder empty;
  const ProcessResult result = RunWeft({"analyze", empty.path(), "--progress", "always"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(Lines(result.err), Contains("File: 0"));
}

TEST_F(ProgressCommandTest, TheDocumentIsTheSameWithAndWithoutIt) {
  const auto digest = [this](const char* how) {
    return ParseJson(Run({"--progress", how, "--json", "-"}, {}).out)["digest"];
  };
  EXPECT_EQ(digest("never"), digest("always"));
  EXPECT_EQ(digest("never"), digest("json"));
}

TEST_F(ProgressCommandTest, AClosedStandardErrorDoesNoHarm) {
  for (const char* how : {"always", "json"}) {
    const ProcessResult result =
        Run({"--progress", how}, {.in_child = [] { close(STDERR_FILENO); }});
    EXPECT_THAT(result.out, HasSubstr("python"));
  }
}

}  // namespace
}  // namespace weft::tools
