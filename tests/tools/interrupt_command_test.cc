// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C at the command: what was begun ends, nothing half is left, and the shell is
// told. No waiting for time: a signal is sent once progress has shown.

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "process.h"
#include "scratch_folder.h"
#include "testing/screen.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::weft::testing::Screen;

constexpr int kInterrupted = 130;

// Some seconds of work: far more than a signal needs to arrive.
class InterruptCommandTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tree_ = new ScratchFolder;
    std::string source;
    while (source.size() < 200'000) {
      source += "def f" + std::to_string(source.size()) + "(a, b):\n    return [a, (b, a + b)]\n";
    }
    for (int i = 0; i < 150; ++i) {
      tree_->Write("d" + std::to_string(i % 10) + "/f" + std::to_string(i) + ".py", source);
    }
  }
  static void TearDownTestSuite() {
    delete tree_;
    tree_ = nullptr;
  }

  // A run over the tree in which parsing has begun, below a terminal: progress comes often
  // there.
  static std::unique_ptr<Process> Begin(std::vector<std::string> options, ProcessOptions how = {}) {
    options.insert(options.begin(), {"analyze", tree_->path()});
    how.terminal = true;
    auto weft = std::make_unique<Process>(options, how);
    EXPECT_TRUE(weft->AwaitError("/150 completed")) << "no progress before the end";
    return weft;
  }

  static ScratchFolder* tree_;
};

ScratchFolder* InterruptCommandTest::tree_ = nullptr;

TEST_F(InterruptCommandTest, OneSignalCancelsAndSaysWhatWasDone) {
  for (const int signal : {SIGINT, SIGTERM}) {
    for (const char* mode : {"--jobs=2", "--sequential"}) {
      const std::unique_ptr<Process> weft = Begin({mode});
      weft->Send(signal);
      const ProcessResult result = weft->Wait();
      EXPECT_EQ(result.exit_code, kInterrupted) << signal << mode;
      EXPECT_THAT(result.err, AllOf(HasSubstr("interrupted"), HasSubstr("150")));
      EXPECT_THAT(result.out, IsEmpty()) << "a part of a summary would look like all of it";
    }
  }
}

TEST_F(InterruptCommandTest, NoJsonIsLeftOrReplaced) {
  const ScratchFolder folder;
  folder.Write("old.json", "old");
  for (const char* name : {"old.json", "new.json"}) {
    const std::unique_ptr<Process> weft = Begin({"--jobs=2", "--json", folder / name});
    weft->Send(SIGINT);
    EXPECT_EQ(weft->Wait().exit_code, kInterrupted);
  }
  EXPECT_EQ(folder.Read("old.json"), "old");
  EXPECT_EQ(folder.CountEntries(), 1);
}

// The key itself: the terminal shows "^C" wherever the cursor is and sends the signal.
TEST_F(InterruptCommandTest, TheKeyLeavesACleanTerminal) {
  for (const int columns : {80, 200}) {
    const std::unique_ptr<Process> weft = Begin({"--jobs=2"}, {.columns = columns});
    weft->Type("\x03");
    const ProcessResult result = weft->Wait();
    EXPECT_EQ(result.exit_code, kInterrupted);
    Screen screen(static_cast<std::size_t>(columns));
    screen.Write(result.err);
    EXPECT_FALSE(screen.filled()) << "a line went on in the next";
    EXPECT_FALSE(screen.coloured());
    EXPECT_EQ(screen.unknown(), "") << "nothing that has to be undone, as a hidden cursor";
    EXPECT_THAT(screen.lines(), ElementsAre(HasSubstr("weft: interrupted: parsed "), ""))
        << "nothing is left of the bar";
  }
}

// Neither a first history nor one in the place of what is there, damaged or not.
TEST_F(InterruptCommandTest, NoCostsAreKept) {
  const ScratchFolder state;
  for (const int entries : {0, 1}) {
    if (entries == 1) state.Write("weft/costs", "");
    const std::unique_ptr<Process> weft =
        Begin({"--jobs=2"},
              {.in_child = [&state] { setenv("XDG_STATE_HOME", state.path().c_str(), 1); }});
    weft->Send(SIGINT);
    const ProcessResult result = weft->Wait();
    EXPECT_EQ(result.exit_code, kInterrupted);
    EXPECT_THAT(result.err, Not(HasSubstr("warning")));
    EXPECT_EQ(state.CountEntries(), entries);
  }
  EXPECT_EQ(state.Read("weft/costs"), "");
}

TEST_F(InterruptCommandTest, NoJsonIsPrinted) {
  const std::unique_ptr<Process> weft = Begin({"--jobs=2", "--json", "-"});
  weft->Send(SIGINT);
  const ProcessResult result = weft->Wait();
  EXPECT_EQ(result.exit_code, kInterrupted);
  EXPECT_THAT(result.out, IsEmpty());
}

// A reader that stops reading holds the command for ever: only the second signal can
// end it.
TEST_F(InterruptCommandTest, TheSecondSignalEndsAtOnce) {
  const ScratchFolder folder;
  std::string source;
  for (int i = 0; i < 30'000; ++i) source += "def f" + std::to_string(i) + "(): pass\n";
  folder.Write("a.py", source);
  Process weft({"analyze", folder.path(), "--json", "-"});
  ASSERT_TRUE(weft.AwaitOutput("{"));
  // Two kinds, since two equal signals may become one while they wait.
  weft.Send(SIGINT);
  weft.Send(SIGTERM);
  weft.AwaitEnd();
  const ProcessResult result = weft.Wait();
  EXPECT_EQ(result.exit_code, kInterrupted);
  EXPECT_THAT(result.err, HasSubstr("weft: interrupted a second time: ended at once; output may "
                                    "be incomplete\n"));
}

// The document was complete before its first byte was written; a reader gets all of it.
TEST_F(InterruptCommandTest, OneSignalWhileWritingLetsTheDocumentEnd) {
  const ScratchFolder folder;
  std::string source;
  for (int i = 0; i < 30'000; ++i) source += "def f" + std::to_string(i) + "(): pass\n";
  folder.Write("a.py", source);
  Process weft({"analyze", folder.path(), "--json", "-"});
  ASSERT_TRUE(weft.AwaitOutput("{"));
  weft.Send(SIGINT);
  const ProcessResult result = weft.Wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(nlohmann::json::accept(result.out));
}

// As `nohup` and the background of a shell script do.
TEST_F(InterruptCommandTest, ASignalIgnoredFromTheStartStaysIgnored) {
  const ScratchFolder folder;
  for (int i = 0; i < 20; ++i) folder.Write("a" + std::to_string(i) + ".py", "x = 1\n");
  Process weft({"analyze", folder.path(), "--progress", "always"},
               {.in_child = [] { std::signal(SIGINT, SIG_IGN); }});
  ASSERT_TRUE(weft.AwaitError("\n"));
  weft.Send(SIGINT);
  const ProcessResult result = weft.Wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("python"));
}

}  // namespace
}  // namespace weft::tools
