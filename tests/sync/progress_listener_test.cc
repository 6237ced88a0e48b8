// SPDX-License-Identifier: Apache-2.0
//
// When a tracker calls its listener, and what the listener may do.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "weft/core/clock.h"
#include "weft/core/virtual_clock.h"
#include "weft/sync/progress_tracker.h"

namespace weft {
namespace {

using ::testing::ElementsAre;

class ProgressListenerTest : public ::testing::Test {
 protected:
  ProgressOptions Options(std::int64_t total) {
    ProgressOptions options;
    options.label = "File";
    options.total = total;
    options.clock = &clock_;
    options.listener = [this](const ProgressSnapshot& snapshot) {
      told_.push_back(snapshot.levels[0].completed);
      finished_.push_back(snapshot.finished);
    };
    return options;
  }

  VirtualClock clock_;
  std::vector<std::int64_t> told_;
  std::vector<bool> finished_;
};

TEST_F(ProgressListenerTest, HearsAtMostTenTimesASecond) {
  ProgressTracker tracker(Options(10'000));
  for (int i = 0; i < 10'000; ++i) {
    tracker.root().Complete();
    clock_.Advance(absl::Milliseconds(1));
  }
  EXPECT_LE(told_.size(), 100u);
  EXPECT_GE(told_.size(), 90u) << "and hardly less";
}

TEST_F(ProgressListenerTest, HearsOfEachEventThatComesAnIntervalLater) {
  ProgressTracker tracker(Options(10));
  for (int i = 0; i < 4; ++i) {
    tracker.root().Complete();
    clock_.Advance(absl::Milliseconds(100));
  }
  EXPECT_THAT(told_, ElementsAre(1, 2, 3, 4));
}

TEST_F(ProgressListenerTest, HearsTheLastStateOfAllWhateverTheInterval) {
  ProgressTracker tracker(Options(3));
  for (int i = 0; i < 3; ++i) tracker.root().Complete();
  EXPECT_THAT(told_, ElementsAre(1));
  tracker.Finish();
  EXPECT_THAT(told_, ElementsAre(1, 3));
  EXPECT_THAT(finished_, ElementsAre(false, true));
}

TEST_F(ProgressListenerTest, HearsNothingAfterTheLast) {
  ProgressTracker tracker(Options(3));
  tracker.Finish();
  clock_.Advance(absl::Seconds(1));
  tracker.root().Complete();
  tracker.Finish();
  EXPECT_THAT(told_, ElementsAre(0));
  EXPECT_EQ(tracker.Snapshot().levels[0].completed, 1) << "counting goes on";
}

TEST_F(ProgressListenerTest, HearsNothingWithoutFinish) {
  { const ProgressTracker tracker(Options(3)); }
  EXPECT_THAT(told_, ElementsAre());
}

TEST_F(ProgressListenerTest, AnInfiniteIntervalLeavesTheLastAlone) {
  ProgressOptions options = Options(3);
  options.interval = absl::InfiniteDuration();
  ProgressTracker tracker(std::move(options));
  tracker.root().Complete();
  clock_.Advance(absl::Hours(1000));
  tracker.root().Complete();
  tracker.Finish();
  EXPECT_THAT(told_, ElementsAre(2));
}

TEST_F(ProgressListenerTest, WithoutAnIntervalItHearsOfEachEvent) {
  for (const absl::Duration interval : {absl::ZeroDuration(), absl::Seconds(-1)}) {
    told_.clear();
    ProgressOptions options = Options(20);
    options.interval = interval;
    ProgressTracker tracker(std::move(options));
    for (int i = 0; i < 20; ++i) tracker.root().Complete();
    EXPECT_EQ(told_.size(), 20u);
  }
}

// A slow one does not follow itself at once: its thread has other work.
TEST_F(ProgressListenerTest, TheIntervalBeginsWhenTheListenerHasReturned) {
  int calls = 0;
  ProgressOptions options = Options(100);
  options.listener = [&](const ProgressSnapshot&) {
    ++calls;
    clock_.Advance(absl::Milliseconds(150));
  };
  ProgressTracker tracker(std::move(options));
  tracker.root().Complete();
  tracker.root().Complete();
  EXPECT_EQ(calls, 1);
  clock_.Advance(absl::Milliseconds(100));
  tracker.root().Complete();
  EXPECT_EQ(calls, 2);
}

TEST_F(ProgressListenerTest, HearsOfPartsThatComeAndGoAndOfGrowingTotals) {
  ProgressOptions options = Options(0);
  std::vector<std::string> texts;
  options.listener = [&](const ProgressSnapshot& snapshot) { texts.push_back(snapshot.Text()); };
  ProgressTracker tracker(std::move(options));
  const auto wait = [this] { clock_.Advance(absl::Seconds(1)); };
  tracker.root().Announce(3);
  wait();
  {
    ProgressTracker::Part part = tracker.root().AddPart({.label = "Line", .total = 1});
    wait();
    part.Fail();
    wait();
  }
  { const ProgressTracker::Part part = tracker.root().AddPart({.label = "Page"}); }
  wait();
  {
    const ProgressTracker::Part part = tracker.root().AddPart({.label = "Line"});
    wait();
  }
  EXPECT_THAT(texts, ElementsAre("File 0/3 completed", "File 0/3, Line 0/1 completed",
                                 "File 0/3 (1 failed) completed", "File 0/3 (1 failed), Page: 0",
                                 "File 1/3 (1 failed), Line: 0", "File 2/3 (1 failed) completed"));
}

// Eight in the time of one: as cheap as counting, and nobody sees the difference.
TEST_F(ProgressListenerTest, FastEventsSeldomLookAtTheClock) {
  struct CountingClock final : Clock {
    absl::Duration Now() const override {
      ++looks;
      return absl::Milliseconds(1);
    }
    mutable int looks = 0;
  } clock;
  ProgressOptions options = Options(8000);
  options.clock = &clock;
  ProgressTracker tracker(std::move(options));
  for (int i = 0; i < 8000; ++i) tracker.root().Complete();
  EXPECT_LE(clock.looks, 1100);
}

TEST_F(ProgressListenerTest, SlowEventsAllLookAtTheClock) {
  ProgressOptions options = Options(1000);
  ProgressTracker tracker(std::move(options));
  for (int i = 0; i < 100; ++i) tracker.root().Complete();  // at once
  clock_.Advance(absl::Seconds(1));
  told_.clear();
  for (int i = 0; i < 20; ++i) {
    tracker.root().Complete();
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_GE(told_.size(), 13u) << "all but those passed over at the change of pace";
}

// -- what a listener may do ------------------------------------------------------

TEST_F(ProgressListenerTest, WhatItThrowsIsCountedAndGoesNoFurther) {
  int calls = 0;
  ProgressOptions options = Options(10);
  options.listener = [&](const ProgressSnapshot&) {
    if (++calls == 1) throw std::runtime_error("no");
    if (calls == 2) throw 7;
  };
  ProgressTracker tracker(std::move(options));
  for (int i = 0; i < 3; ++i) {
    tracker.root().Complete();
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(tracker.listener_failures(), 2);
  tracker.Finish();
  EXPECT_EQ(calls, 4);
}

TEST_F(ProgressListenerTest, ItMayCallTheTracker) {
  ProgressTracker* self = nullptr;
  std::vector<std::string> texts;
  ProgressOptions options = Options(10);
  options.interval = absl::ZeroDuration();
  options.listener = [&](const ProgressSnapshot&) {
    self->root().Complete();  // does not call it again
    ProgressTracker::Part part = self->root().AddPart({.label = "Line", .total = 2});
    texts.push_back(self->Snapshot().Text());
  };
  ProgressTracker tracker(std::move(options));
  self = &tracker;
  tracker.root().Complete();
  EXPECT_THAT(texts, ElementsAre("File 2/10, Line 0/2 completed"));
}

TEST_F(ProgressListenerTest, ItMayFinishAndHearsTheLastThen) {
  ProgressTracker* self = nullptr;
  ProgressOptions options = Options(10);
  options.listener = [&](const ProgressSnapshot& snapshot) {
    finished_.push_back(snapshot.finished);
    self->Finish();
    EXPECT_EQ(self->Snapshot().finished, snapshot.finished);
  };
  ProgressTracker tracker(std::move(options));
  self = &tracker;
  tracker.root().Complete();
  EXPECT_THAT(finished_, ElementsAre(false, true));
}

// The listener of one tracker feeds another, whose listener finishes the first.
TEST_F(ProgressListenerTest, ItMayFinishFromWithinAnotherTrackersListener) {
  ProgressTracker* first = nullptr;
  ProgressOptions inner_options = Options(10);
  inner_options.listener = [&](const ProgressSnapshot&) { first->Finish(); };
  ProgressTracker inner(std::move(inner_options));
  ProgressOptions options = Options(10);
  options.listener = [&](const ProgressSnapshot& snapshot) {
    finished_.push_back(snapshot.finished);
    inner.root().Complete();
  };
  ProgressTracker outer(std::move(options));
  first = &outer;
  outer.root().Complete();
  EXPECT_THAT(finished_, ElementsAre(false, true));
}

TEST_F(ProgressListenerTest, FinishWaitsForACallThatIsUnderWay) {
  for (int round = 0; round < 50; ++round) {
    absl::Notification entered;
    std::vector<bool> ended;  // not guarded: Finish returns when the last call has
    ProgressOptions options = Options(10);
    options.listener = [&](const ProgressSnapshot& snapshot) {
      if (!snapshot.finished) entered.Notify();
      for (int i = 0; i < 100; ++i) std::this_thread::yield();  // time to be overtaken
      ended.push_back(snapshot.finished);
    };
    ProgressTracker tracker(std::move(options));
    std::thread worker([&] { tracker.root().Complete(); });
    entered.WaitForNotification();
    tracker.root().Complete();  // goes on beside it
    tracker.Finish();
    EXPECT_THAT(ended, ElementsAre(false, true));
    worker.join();
  }
}

}  // namespace
}  // namespace weft
