// SPDX-License-Identifier: Apache-2.0
//
// Progress on a real pseudo-terminal, in a file, and where nobody reads.

#include "weft/sync/progress_display.h"

#include <array>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/pseudo_terminal.h"
#include "testing/screen.h"
#include "tools/scratch_folder.h"
#include "weft/sync/progress_mode.h"
#include "weft/sync/progress_snapshot.h"
#include "weft/sync/progress_tracker.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::weft::testing::PseudoTerminal;
using ::weft::testing::Screen;

ProgressSnapshot Parsed(std::int64_t files) {
  return {.levels = {{.label = "File", .completed = files, .total = 200}},
          .fraction = static_cast<double>(files) / 200};
}

// -- bars ------------------------------------------------------------------------

TEST(ProgressDisplayTest, ABarIsRewrittenInPlaceAndTakenAwayAtTheEnd) {
  for (const int columns : {80, 200}) {
    const PseudoTerminal terminal(columns);
    Screen screen(static_cast<std::size_t>(columns));
    {
      ProgressDisplay display(terminal.descriptor(), ProgressMode::kBar);
      for (const int files : {10, 150, 9}) {
        display.Show(Parsed(files));
        screen.Write(terminal.Read());
        ASSERT_EQ(screen.lines().size(), 1u);
        EXPECT_THAT(screen.lines()[0],
                    HasSubstr("File " + std::to_string(files) + "/200 completed ["));
        EXPECT_EQ(screen.lines()[0].size(), static_cast<std::size_t>(columns) - 1);
      }
    }
    screen.Write(terminal.Read());
    EXPECT_THAT(screen.lines(), ElementsAre(""));
    EXPECT_FALSE(screen.filled()) << "some terminals wrap then";
    EXPECT_EQ(screen.unknown(), "");
  }
}

TEST(ProgressDisplayTest, NoWidthIsTooSmall) {
  for (int columns = 1; columns <= 60; ++columns) {
    const PseudoTerminal terminal(columns);
    Screen screen(static_cast<std::size_t>(columns));
    ProgressDisplay display(terminal.descriptor(), ProgressMode::kBar);
    for (const int files : {10, 150}) display.Show(Parsed(files));
    screen.Write(terminal.Read());
    EXPECT_FALSE(screen.filled()) << columns;
    EXPECT_EQ(screen.lines().size(), 1u) << columns;
    display.Clear();
    screen.Write(terminal.Read());
    EXPECT_THAT(screen.lines(), ElementsAre("")) << columns;
  }
}

TEST(ProgressDisplayTest, ATerminalThatDoesNotKnowItsWidthHas80Columns) {
  const PseudoTerminal terminal(0);
  ProgressDisplay display(terminal.descriptor(), ProgressMode::kBar);
  display.Show(Parsed(10));
  Screen screen(80);
  screen.Write(terminal.Read());
  EXPECT_EQ(screen.lines()[0].size(), 79u);
}

TEST(ProgressDisplayTest, ABarFollowsTheWidth) {
  const PseudoTerminal terminal(80);
  ProgressDisplay display(terminal.descriptor(), ProgressMode::kBar);
  display.Show(Parsed(10));
  terminal.Read();
  terminal.SetColumns(200);
  display.Show(Parsed(11));
  Screen wide(200);
  wide.Write(terminal.Read());
  EXPECT_THAT(wide.lines(), ElementsAre(::testing::SizeIs(199)));
  // Narrower: what stood there is on several lines now, and is left alone.
  terminal.SetColumns(40);
  display.Show(Parsed(12));
  Screen narrow(40);
  narrow.Write(terminal.Read());
  EXPECT_FALSE(narrow.filled());
  EXPECT_THAT(narrow.lines(), ElementsAre("", HasSubstr("12/200")));
  display.Show(Parsed(13));
  narrow.Write(terminal.Read());
  EXPECT_EQ(narrow.lines().size(), 2u) << "once is enough";
}

TEST(ProgressDisplayTest, WhatIsSaidStaysAboveTheBar) {
  const PseudoTerminal terminal(80);
  ProgressDisplay display(terminal.descriptor(), ProgressMode::kBar);
  display.Show(Parsed(10));
  display.Say("weft: note");
  display.Show(Parsed(11));
  Screen screen(80);
  screen.Write(terminal.Read());
  EXPECT_THAT(screen.lines(), ElementsAre("weft: note", HasSubstr("11/200")));
  display.Say("weft: another");
  screen.Write(terminal.Read());
  EXPECT_THAT(screen.lines(), ElementsAre("weft: note", "weft: another", ""));
}

TEST(ProgressDisplayTest, NothingIsShownAfterClear) {
  const PseudoTerminal terminal(80);
  ProgressDisplay display(terminal.descriptor(), ProgressMode::kBar);
  display.Clear();
  display.Show(Parsed(10));
  EXPECT_EQ(terminal.Read(), "");
}

// -- for a tracker ---------------------------------------------------------------

TEST(ProgressDisplayTest, ListensToATracker) {
  const PseudoTerminal terminal(80);
  Screen screen(80);
  {
    ProgressDisplay display(terminal.descriptor(), ProgressMode::kBar);
    ProgressTracker tracker({.label = "File",
                             .total = 2,
                             .listener = display.Listener(),
                             .interval = absl::ZeroDuration()});
    tracker.root().Complete();
    screen.Write(terminal.Read());
    EXPECT_THAT(screen.lines(), ElementsAre(HasSubstr("File 1/2 completed [")));
    tracker.root().Fail();
    tracker.Finish();
    screen.Write(terminal.Read());
    EXPECT_THAT(screen.lines(), ElementsAre(HasSubstr("File 1/2 (1 failed) completed [")));
  }
  screen.Write(terminal.Read());
  EXPECT_THAT(screen.lines(), ElementsAre("")) << "gone with the display";
}

TEST(ProgressDisplayTest, ChoosesItsFormByTheDescriptor) {
  const int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const PseudoTerminal terminal(80);
  for (const int descriptor : {file, terminal.descriptor()}) {
    for (const auto choice : {ProgressChoice::kAuto, ProgressChoice::kAlways,
                              ProgressChoice::kNever, ProgressChoice::kJson}) {
      ProgressDisplay display(descriptor, choice);
      EXPECT_EQ(display.mode(), ChooseProgressMode(choice, descriptor));
      EXPECT_EQ(display.shown(), display.mode() != ProgressMode::kHidden);
      EXPECT_EQ(display.Listener() != nullptr, display.shown()) << "nobody makes snapshots for it";
      EXPECT_EQ(display.interval(), ProgressInterval(display.mode()));
    }
    EXPECT_EQ(ProgressDisplay(descriptor).mode(),
              ChooseProgressMode(ProgressChoice::kAuto, descriptor));
  }
  close(file);
}

// -- lines -----------------------------------------------------------------------

// A display that writes into a file.
class ProgressLinesTest : public ::testing::Test {
 protected:
  ~ProgressLinesTest() override { close(file_); }

  std::string Written(ProgressMode mode) const {
    ProgressDisplay display(file_, mode);
    display.Show(Parsed(10));
    display.Say("weft: note");
    display.Show(Parsed(100));
    display.Clear();
    display.Show(Parsed(200));
    return folder_.Read("screen");
  }

  const tools::ScratchFolder folder_;
  const int file_ = open((folder_ / "screen").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
};

TEST_F(ProgressLinesTest, LinesStay) {
  EXPECT_EQ(Written(ProgressMode::kLines),
            "File 10/200 completed, 5%\nweft: note\nFile 100/200 completed, 50%\n");
}

TEST_F(ProgressLinesTest, JsonIsOneObjectALine) {
  const std::string written = Written(ProgressMode::kJson);
  EXPECT_THAT(written, ::testing::StartsWith("{\"schema\":\"weft.progress/1\","));
  EXPECT_THAT(written, HasSubstr("}\nweft: note\n{"));
  EXPECT_TRUE(written.ends_with("}\n"));
}

TEST_F(ProgressLinesTest, HiddenShowsNothingButWhatIsSaid) {
  EXPECT_EQ(Written(ProgressMode::kHidden), "weft: note\n");
}

// -- where nobody reads ----------------------------------------------------------

TEST(ProgressDisplayTest, AClosedPipeDoesNoHarm) {
  std::signal(SIGPIPE, SIG_IGN);  // as the command does
  std::array<int, 2> ends = {-1, -1};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  close(ends[0]);
  for (const ProgressMode mode : {ProgressMode::kBar, ProgressMode::kLines, ProgressMode::kJson}) {
    ProgressDisplay display(ends[1], mode);
    display.Show(Parsed(10));
    display.Say("weft: note");
  }
  close(ends[1]);
  ProgressDisplay display(ends[1], ProgressMode::kLines);  // closed
  display.Show(Parsed(10));
  std::signal(SIGPIPE, SIG_DFL);
}

// A pipe that takes no more must not hold the work up, and later news may get through.
TEST(ProgressDisplayTest, AFullPipeThatDoesNotBlockLosesNewsOnly) {
  std::array<int, 2> ends = {-1, -1};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  ProgressDisplay display(ends[1], ProgressMode::kLines);
  for (int i = 0; i < 10'000; ++i) display.Show(Parsed(10));
  std::vector<char> taken(1 << 20);
  ASSERT_GT(read(ends[0], taken.data(), taken.size()), 0);
  display.Say("weft: through");
  const ssize_t size = read(ends[0], taken.data(), taken.size());
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(taken.data(), static_cast<std::size_t>(size)), "weft: through\n");
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace weft
