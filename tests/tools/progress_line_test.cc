// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/progress_line.h"

#include <fcntl.h>
#include <string>
#include <unistd.h>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "scratch_folder.h"
#include "weft/core/virtual_clock.h"

namespace weft::tools {
namespace {

constexpr ProgressStyle kInPlace = {.shown = true, .in_place = true};
constexpr ProgressStyle kLines = {.shown = true, .in_place = false};

// A progress line into a file, on a clock that the test moves.
class ProgressLineTest : public ::testing::Test {
 protected:
  ~ProgressLineTest() override { close(file_); }

  std::string written() const { return folder_.Read("screen"); }

  const ScratchFolder folder_;
  const int file_ = open((folder_ / "screen").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  weft::VirtualClock clock_;
};

TEST_F(ProgressLineTest, RewritesOneLineAndTakesItAwayAtTheEnd) {
  ProgressLine line(file_, kInPlace, clock_);
  line.Update([] { return std::string("10 of 20"); });
  clock_.Advance(absl::Milliseconds(100));
  line.Update([] { return std::string("9 of 9"); });
  line.Clear();
  EXPECT_EQ(written(), "\r10 of 20\r9 of 9  \r      \r");
}

TEST_F(ProgressLineTest, ShowsAtMostTenUpdatesASecond) {
  ProgressLine line(file_, kInPlace, clock_);
  int described = 0;
  for (int millisecond = 0; millisecond < 1000; ++millisecond) {
    line.Update([&described] { return std::to_string(++described); });
    clock_.Advance(absl::Milliseconds(1));
  }
  EXPECT_EQ(described, 10);
}

TEST_F(ProgressLineTest, ElsewhereUpdatesAreLinesOneASecond) {
  ProgressLine line(file_, kLines, clock_);
  for (int i = 0; i < 30; ++i) {
    line.Update([i] { return std::to_string(i); });
    clock_.Advance(absl::Milliseconds(100));
  }
  line.Clear();
  EXPECT_EQ(written(), "0\n10\n20\n");
}

TEST_F(ProgressLineTest, WhatIsSaidStaysAboveTheLine) {
  ProgressLine line(file_, kInPlace, clock_);
  line.Update([] { return std::string("half"); });
  line.Say("note");
  clock_.Advance(absl::Seconds(1));
  line.Update([] { return std::string("more"); });
  EXPECT_EQ(written(), "\rhalf\r    \rnote\n\rmore");
}

TEST_F(ProgressLineTest, NothingIsShownAfterClear) {
  ProgressLine line(file_, kInPlace, clock_);
  line.Clear();
  line.Update([] { return std::string("late"); });
  EXPECT_EQ(written(), "");
}

TEST_F(ProgressLineTest, LongTextIsCutToOneLine) {
  ProgressLine line(file_, kInPlace, clock_);
  line.Update([] { return std::string(500, 'x'); });
  EXPECT_EQ(written(), "\r" + std::string(79, 'x'));
}

TEST_F(ProgressLineTest, StyleIsWhatTheDescriptorCanShow) {
  EXPECT_FALSE(ProgressStyle::For(ProgressChoice::kAuto, file_).shown);
  EXPECT_FALSE(ProgressStyle::For(ProgressChoice::kNever, file_).shown);
  EXPECT_TRUE(ProgressStyle::For(ProgressChoice::kAlways, file_).shown);
  EXPECT_FALSE(ProgressStyle::For(ProgressChoice::kAlways, file_).in_place);
}

}  // namespace
}  // namespace weft::tools
