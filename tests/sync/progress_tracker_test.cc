// SPDX-License-Identifier: Apache-2.0
//
// What a tracker counts, level by level.

#include "weft/sync/progress_tracker.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "sync/progress_job.h"
#include "weft/sync/progress_target.h"

namespace weft {
namespace {

using Job = testing::ProgressJob;
using Part = ProgressTracker::Part;

// -- counting --------------------------------------------------------------------

TEST(ProgressTrackerTest, TellsHowFarEachLevelIs) {
  Job job({.label = "Chapter", .total = 7});
  job.root().Complete(3);
  Part chapter = job.root().AddPart({.label = "Section", .total = 5});
  chapter.Complete(2);
  EXPECT_EQ(job.Text(), "Chapter 3/7, Section 2/5 completed");
}

TEST(ProgressTrackerTest, TheLastUnitOfAPartCompletesItsUnitOnce) {
  Job job({.label = "Chapter", .total = 2});
  {
    Part chapter = job.root().AddPart({.label = "Section", .total = 2});
    chapter.Complete();
    EXPECT_EQ(job.Text(), "Chapter 0/2, Section 1/2 completed");
    chapter.Complete();
    EXPECT_EQ(job.Text(), "Chapter 1/2 completed");
  }
  EXPECT_EQ(job.Text(), "Chapter 1/2 completed") << "the handle went afterwards";
}

TEST(ProgressTargetTest, PointsToAJobOrAPartOrNowhere) {
  Job job({});
  Part part = job.root().AddPart({});
  const auto at = [](ProgressTarget target) { return target.part(); };
  EXPECT_EQ(at(&job.tracker), &job.root());
  EXPECT_EQ(at(&part), &part);
  EXPECT_EQ(at({}), nullptr);
  EXPECT_EQ(at(nullptr), nullptr);
  EXPECT_EQ(at(static_cast<ProgressTracker*>(nullptr)), nullptr);
}

// -- held ------------------------------------------------------------------------

TEST(ProgressTrackerTest, WhatIsHeldMayGetMoreWhenAllOfItHasEnded) {
  Job job({.label = "Stage", .total = 2});
  Part files = job.root().AddPart({.label = "File"});
  files.Hold();
  for (int i = 1; i <= 3; ++i) {
    files.Announce(1);
    files.Complete();
    EXPECT_EQ(job.Text(),
              "Stage 0/2, File " + std::to_string(i) + "/" + std::to_string(i) + " completed");
  }
  files.Release();
  EXPECT_EQ(job.Text(), "Stage 1/2 completed");
}

TEST(ProgressTrackerTest, TheLastOfSeveralHoldsCounts) {
  Job job({.label = "Stage", .total = 2});
  Part files = job.root().AddPart({.label = "File", .total = 1});
  files.Hold();
  files.Hold();
  files.Release();
  files.Complete();
  EXPECT_EQ(job.Text(), "Stage 0/2, File 1/1 completed");
  files.Release();
  EXPECT_EQ(job.Text(), "Stage 1/2 completed");
}

TEST(ProgressTrackerTest, WhatIsReleasedEarlyEndsWithItsLastUnit) {
  Job job({.label = "Stage", .total = 2});
  Part files = job.root().AddPart({.label = "File", .total = 1});
  files.Hold();
  files.Release();
  EXPECT_EQ(job.Text(), "Stage 0/2, File 0/1 completed");
  files.Fail();
  EXPECT_EQ(job.Text(), "Stage 0/2 (1 failed) completed");
}

TEST(ProgressTrackerTest, TheHandleEndsWhatIsHeld) {
  Job job({.label = "Stage", .total = 2});
  {
    Part files = job.root().AddPart({.label = "File", .total = 1});
    files.Hold();
    files.Complete();
  }
  EXPECT_EQ(job.Text(), "Stage 1/2 completed");
}

// A part within a part ends that only when nothing holds it.
TEST(ProgressTrackerTest, APartThatEndsDoesNotEndOneThatIsHeld) {
  Job job({.label = "Stage", .total = 1});
  Part files = job.root().AddPart({.label = "File", .total = 1});
  files.Hold();
  {
    Part symbols = files.AddPart({.label = "Symbol", .total = 1});
    symbols.Complete();
    EXPECT_EQ(job.Text(), "Stage 0/1, File 1/1 completed");
  }
  files.Announce(1);
  files.Release();
  EXPECT_EQ(job.Text(), "Stage 0/1, File 1/2 completed");
  files.Complete();
  EXPECT_EQ(job.tracker.Snapshot().levels,
            (std::vector<ProgressLevel>{{.label = "Stage", .completed = 1, .total = 1}}));
}

TEST(ProgressTrackerTest, WhatIsAnnouncedQuietlyIsCountedAndTellsNobody) {
  std::int64_t calls = 0;
  ProgressTracker tracker({.listener = [&calls](const ProgressSnapshot&) { ++calls; },
                           .interval = absl::ZeroDuration()});
  tracker.root().AnnounceQuietly(3, 30);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(tracker.Snapshot().levels.front().total, 3);
  tracker.root().Complete(1, 15);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(tracker.Snapshot().fraction, 0.5);
}

// -- levels ----------------------------------------------------------------------

// book - chapter - section - sentence
TEST(ProgressTrackerTest, OneEventMayEndPartsOnSeveralLevels) {
  Job job({.label = "Book", .total = 1});
  Part chapter = job.root().AddPart({.label = "Chapter", .total = 1});
  Part section = chapter.AddPart({.label = "Section", .total = 1});
  section.Complete();
  EXPECT_EQ(job.tracker.Snapshot().levels,
            (std::vector<ProgressLevel>{{.label = "Book", .completed = 1, .total = 1}}));
}

TEST(ProgressTrackerTest, FailuresAreCountedApartAndFailTheUnitAbove) {
  Job job({.label = "Chapter", .total = 2});
  Part chapter = job.root().AddPart({.label = "Section", .total = 3});
  chapter.Complete();
  chapter.Fail();
  EXPECT_EQ(job.Text(), "Chapter 0/2, Section 1/3 (1 failed) completed");
  chapter.Complete();
  EXPECT_EQ(job.Text(), "Chapter 0/2 (1 failed) completed");
}

TEST(ProgressTrackerTest, APartThatGoesBeforeItsEndHasFailed) {
  Job job({.label = "Chapter", .total = 2});
  {
    Part chapter = job.root().AddPart({.label = "Section", .total = 3});
    chapter.Complete(2);
  }
  EXPECT_EQ(job.Text(), "Chapter 0/2 (1 failed) completed");
}

TEST(ProgressTrackerTest, APartOfUnknownLengthEndsWithItsHandle) {
  Job job({.label = "Chapter", .total = 2});
  {
    const Part empty = job.root().AddPart({.label = "Section"});
    EXPECT_EQ(job.Text(), "Chapter 0/2, Section: 0");
  }
  EXPECT_EQ(job.Text(), "Chapter 1/2 completed");
  {
    Part failed = job.root().AddPart({.label = "Section"});
    failed.Fail();
  }
  EXPECT_EQ(job.Text(), "Chapter 1/2 (1 failed) completed");
}

TEST(ProgressTrackerTest, APartThatIsNoUnitOnlyShowsWhatIsDone) {
  Job job({.label = "File"});
  {
    Part finding = job.root().AddPart({.label = "Finding files", .is_unit = false});
    finding.Complete(12);
    EXPECT_EQ(job.Text(), "Finding files: 12");
  }
  job.root().Announce(4);
  EXPECT_EQ(job.Text(), "File 0/4 completed");
}

TEST(ProgressTrackerTest, TheEarliestOpenPartIsShown) {
  Job job({.label = "Chapter", .total = 3});
  std::optional<Part> first = job.root().AddPart({.label = "First", .total = 9});
  Part second = job.root().AddPart({.label = "Second", .total = 9});
  second.Complete(5);
  Part section = second.AddPart({.label = "Section", .total = 4});
  EXPECT_EQ(job.Text(), "Chapter 0/3, First 0/9 completed");
  first->Complete(9);
  EXPECT_EQ(job.Text(), "Chapter 1/3, Second 5/9, Section 0/4 completed");
}

TEST(ProgressTrackerTest, APartMayOutliveTheOneAbove) {
  Job job({.label = "Book", .total = 3});
  std::optional<Part> chapter = job.root().AddPart({.label = "Chapter", .total = 1});
  Part section = chapter->AddPart({.label = "Section", .total = 2});
  section.Complete();
  chapter.reset();
  EXPECT_EQ(job.Text(), "Book 0/3 (1 failed) completed");
  section.Complete();
  EXPECT_EQ(job.Text(), "Book 0/3 (1 failed) completed") << "that unit had ended";
}

TEST(ProgressTrackerTest, AHandleMayMove) {
  Job job({.label = "Chapter", .total = 2});
  Part chapter = job.root().AddPart({.label = "Section", .total = 2});
  Part moved = std::move(chapter);
  moved.Complete();
  moved = job.root().AddPart({.label = "Next", .total = 2});
  EXPECT_EQ(job.Text(), "Chapter 0/2 (1 failed), Next 0/2 completed") << "the first was dropped";
}

TEST(ProgressTrackerTest, MoreUnitsThanAnnouncedRaiseTheTotal) {
  Job job({.label = "File", .total = 2});
  job.root().Complete(3);
  job.root().Fail();
  EXPECT_EQ(job.Text(), "File 3/4 (1 failed) completed");
  job.root().Announce(3);
  EXPECT_EQ(job.Text(), "File 3/5 (1 failed) completed");
}

TEST(ProgressTrackerTest, FiguresAreLarge) {
  constexpr std::int64_t kMany = std::numeric_limits<std::int64_t>::max() / 4;
  Job job({.label = "File", .total = 2 * kMany, .cost = 4 * kMany});
  job.root().Complete(kMany, 2 * kMany);
  EXPECT_EQ(job.tracker.Snapshot().levels[0].completed, kMany);
  EXPECT_DOUBLE_EQ(job.Fraction(), 0.5);
}

// -- broken contracts ------------------------------------------------------------

#ifndef NDEBUG
TEST(ProgressTrackerDeathTest, NothingIsNegative) {
  Job job({.label = "File", .total = 4});
  EXPECT_DEATH(job.root().Complete(-1), "value >= 0");
  EXPECT_DEATH(job.root().Announce(1, -1), "value >= 0");
}

TEST(ProgressTrackerDeathTest, NoPartIsLeft) {
  EXPECT_DEATH(
      {
        auto job = std::make_unique<Job>(ProgressOptions{.label = "File", .total = 4});
        const Part part = job->root().AddPart({.label = "Line", .total = 4});
        job.reset();
      },
      "first_");
}
#else
TEST(ProgressTrackerTest, ANegativeCountIsNone) {
  Job job({.label = "File", .total = 4});
  job.root().Complete(2);
  job.root().Complete(-1, -1);
  job.root().Announce(-3, -1);
  EXPECT_EQ(job.Text(), "File 2/4 completed");
}
#endif

}  // namespace
}  // namespace weft
