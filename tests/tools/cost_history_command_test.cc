// SPDX-License-Identifier: Apache-2.0
//
// What `weft analyze` keeps from one run to the next: where, for whom, and that nothing that is
// wrong with it keeps anybody from an answer.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "analyze_run.h"
#include "process.h"
#include "scratch_folder.h"
#include "weft/distribution/cost_history.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

mode_t ModeOf(const std::string& path) {
  struct stat about = {};
  EXPECT_EQ(stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 07777;
}

class CostHistoryCommandTest : public ::testing::Test {
 protected:
  CostHistoryCommandTest() { WriteMixedTree(tree_); }

  std::function<void()> UseState() const {
    return [this] { setenv("XDG_STATE_HOME", state_.path().c_str(), 1); };
  }
  // A run that keeps its state in `state_`; with `in_child` before it begins.
  ProcessResult Run(
      std::vector<std::string> options = {}, const std::function<void()>& in_child = [] {}) const {
    options.insert(options.begin(), {"analyze", tree_.path()});
    return RunWeft(options, {.in_child = [&] {
                     UseState()();
                     in_child();
                   }});
  }
  std::unique_ptr<Process> Begin(const std::string& folder) const {
    return std::make_unique<Process>(std::vector<std::string>{"analyze", folder},
                                     ProcessOptions{.in_child = UseState()});
  }
  // How many runs over `tree_` the history knows of. The last tasks of a run may find no file left.
  static std::uint64_t RunsIn(const std::string& path) {
    const LoadedCosts loaded = LoadCostHistory(path);
    EXPECT_EQ(loaded.status, absl::OkStatus());
    for (const KindCost& cost : loaded.costs) {
      if (cost.kind == "parse file") return cost.count / kFiles;
    }
    return 0;
  }

  static constexpr std::uint64_t kFiles = 182;  // of WriteMixedTree

  const ScratchFolder tree_;
  const ScratchFolder state_;
  const std::string path_ = state_ / "weft/costs";
};

// With the answer of a run that keeps nothing, and one line about the history.
void ExpectOneWarning(const ProcessResult& result, std::string_view word) {
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("python"));
  EXPECT_THAT(result.err, AllOf(StartsWith("weft: warning: "), HasSubstr(std::string(word))));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
}

TEST_F(CostHistoryCommandTest, TheNextRunGoesOnFromTheLast) {
  for (const std::uint64_t runs : {1U, 2U, 3U}) {
    const ProcessResult result = Run({runs == 2 ? "--sequential" : "--jobs=2"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.err, IsEmpty());
    EXPECT_EQ(RunsIn(path_), runs);
  }
}

TEST_F(CostHistoryCommandTest, ItIsTheUsersAloneAndTheOnlyThingKept) {
  Run();
  EXPECT_EQ(ModeOf(state_ / "weft"), 0700U);
  EXPECT_EQ(ModeOf(path_), 0600U);
  EXPECT_EQ(state_.CountEntries(), 1);
  EXPECT_EQ(state_.CountEntries("weft"), 1);
}

TEST_F(CostHistoryCommandTest, WithoutAStateFolderItIsInTheHomeFolder) {
  EXPECT_EQ(Run({},
                [this] {
                  unsetenv("XDG_STATE_HOME");
                  setenv("HOME", state_.path().c_str(), 1);
                })
                .exit_code,
            0);
  EXPECT_EQ(RunsIn(state_ / ".local/state/weft/costs"), 1U);
  EXPECT_EQ(ModeOf(state_ / ".local"), 0700U);
}

TEST_F(CostHistoryCommandTest, NothingIsKeptWhereNobodyWantsIt) {
  EXPECT_THAT(Run({"--no-history"}).err, IsEmpty());
  RunWeft({"files", tree_.path()}, {.in_child = UseState()});
  EXPECT_EQ(state_.CountEntries(), 0);
  state_.Write("weft/costs", "not ours");
  EXPECT_THAT(Run({"--no-history"}).err, IsEmpty()) << "it is not looked at";
}

TEST_F(CostHistoryCommandTest, ADamagedOneIsAWarningAndReplaced) {
  Run();
  state_.Write("weft/costs", state_.Read("weft/costs") + "more");
  ExpectOneWarning(Run(), path_);
  EXPECT_EQ(RunsIn(path_), 1U);
  EXPECT_THAT(Run().err, IsEmpty());
}

TEST_F(CostHistoryCommandTest, AFileOfSomebodyElseIsAWarningAndStays) {
  state_.Write("weft/costs", "not ours");
  ExpectOneWarning(Run(), path_ + "' is no history of costs; remove it, or use --no-history\n");
  EXPECT_EQ(state_.Read("weft/costs"), "not ours");
}

TEST_F(CostHistoryCommandTest, APlaceThatCannotBeWrittenIsAWarning) {
  chmod(state_.path().c_str(), 0555);
  ExpectOneWarning(Run({}, BecomeUnprivileged), state_ / "weft");
  chmod(state_.path().c_str(), 0755);
  state_.Write("weft/note", "the folder is there");
  chmod((state_ / "weft").c_str(), 0555);
  ExpectOneWarning(Run({}, BecomeUnprivileged), path_);
  chmod((state_ / "weft").c_str(), 0755);
  state_.Write("file", "");
  ExpectOneWarning(Run({}, [this] { setenv("XDG_STATE_HOME", (state_ / "file").c_str(), 1); }),
                   state_ / "file");
}

TEST_F(CostHistoryCommandTest, NoPlaceIsAWarning) {
  for (const char* home : {"", "relative"}) {
    ExpectOneWarning(Run({},
                         [home] {
                           setenv("XDG_STATE_HOME", home, 1);
                           setenv("HOME", home, 1);
                         }),
                     "HOME");
  }
  ExpectOneWarning(Run({},
                       [] {
                         unsetenv("XDG_STATE_HOME");
                         unsetenv("HOME");
                       }),
                   "HOME");
  EXPECT_EQ(state_.CountEntries(), 0);
}

TEST_F(CostHistoryCommandTest, TheExitCodeOfFilesThatFailStays) {
  state_.Write("weft/costs", "not ours");
  tree_.Write("shut.py", "x = 1\n");
  chmod((tree_ / "shut.py").c_str(), 0);
  const ProcessResult result = Run({}, BecomeUnprivileged);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("warning"));
}

TEST_F(CostHistoryCommandTest, ARunWithoutAnAnswerLeavesItAlone) {
  const std::string missing = tree_ / "missing";
  EXPECT_EQ(Begin(missing)->Wait().exit_code, 2);
  EXPECT_EQ(state_.CountEntries(), 0);
  for (const char* text : {"not ours", ""}) {
    state_.Write("weft/costs", text);
    const ProcessResult result = Begin(missing)->Wait();
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, Not(HasSubstr("warning")));
    EXPECT_EQ(state_.Read("weft/costs"), text);
  }
}

TEST_F(CostHistoryCommandTest, RunsAtOnceLeaveTheFileWhole) {
  for (const std::uint64_t least : {1U, 2U}) {
    std::vector<std::unique_ptr<Process>> runs;
    for (int i = 0; i < 6; ++i) runs.push_back(Begin(tree_.path()));
    for (const auto& run : runs) {
      const ProcessResult result = run->Wait();
      EXPECT_EQ(result.exit_code, 0);
      EXPECT_THAT(result.err, IsEmpty());
    }
    EXPECT_GE(RunsIn(path_), least);
    EXPECT_EQ(state_.CountEntries("weft"), 1) << "no other file is left";
  }
}

TEST_F(CostHistoryCommandTest, TheAnswerIsTheSame) {
  const auto digest = [this](const char* option) {
    return ParseJson(Run({"--json", "-", option}).out)["digest"];
  };
  const nlohmann::json without = digest("--no-history");
  EXPECT_EQ(digest("--jobs=2"), without);
  EXPECT_EQ(digest("--jobs=2"), without) << "with what the first has kept";
}

}  // namespace
}  // namespace weft::tools
