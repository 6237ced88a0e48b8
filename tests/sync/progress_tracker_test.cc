// SPDX-License-Identifier: Apache-2.0
//
// What a tracker counts, level by level.

#include "weft/sync/progress_tracker.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "sync/progress_job.h"

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
