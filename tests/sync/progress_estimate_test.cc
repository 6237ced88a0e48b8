// SPDX-License-Identifier: Apache-2.0
//
// What a tracker makes of its counts: the fraction of the whole, and the time left.

#include <optional>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "sync/progress_job.h"
#include "weft/sync/progress_tracker.h"

namespace weft {
namespace {

using Job = testing::ProgressJob;
using Part = ProgressTracker::Part;

// -- fraction --------------------------------------------------------------------

TEST(ProgressEstimateTest, WithoutCostsUnitsCountAlike) {
  Job job({.label = "Chapter", .total = 4});
  job.root().Complete();
  job.root().Fail();
  EXPECT_DOUBLE_EQ(job.Fraction(), 0.5);
  Part chapter = job.root().AddPart({.label = "Section", .total = 10});
  chapter.Complete(4);
  EXPECT_DOUBLE_EQ(job.Fraction(), 0.6);
  Part section = chapter.AddPart({.label = "Sentence", .total = 2});
  section.Complete();
  EXPECT_DOUBLE_EQ(job.Fraction(), 0.6 + 0.25 * 0.1 / 2);
}

// Two chapters at once: one of 90 pages, one of 10.
TEST(ProgressEstimateTest, CostsWeighUnitsOnEachLevel) {
  Job job({.label = "Chapter", .total = 2, .cost = 100});
  Part large = job.root().AddPart({.label = "Section", .total = 2, .cost = 3, .unit_cost = 90});
  Part small = job.root().AddPart({.label = "Section", .total = 5, .unit_cost = 10});
  large.Complete(1, 1);
  EXPECT_DOUBLE_EQ(job.Fraction(), 0.3);
  small.Complete(5);
  EXPECT_DOUBLE_EQ(job.Fraction(), 0.4);
  EXPECT_EQ(job.tracker.Snapshot().levels[0].completed, 1);
}

TEST(ProgressEstimateTest, TheFractionNeverGoesDownWhenTheTotalGrows) {
  Job job({.label = "File", .total = 4});
  job.root().Complete(3);
  EXPECT_DOUBLE_EQ(job.Fraction(), 0.75);
  job.root().Announce(6);
  EXPECT_EQ(job.Text(), "File 3/10 completed");
  EXPECT_DOUBLE_EQ(job.Fraction(), 0.75);
  job.root().Complete(5);
  EXPECT_DOUBLE_EQ(job.Fraction(), 0.8);
}

TEST(ProgressEstimateTest, TheFractionIsOneOnlyAtTheEnd) {
  Job job({.label = "File", .total = 4});
  job.root().Complete(4);
  EXPECT_GT(job.Fraction(), 0.99);
  EXPECT_LT(job.Fraction(), 1) << "more may come";
  job.tracker.Finish();
  EXPECT_EQ(job.Fraction(), 1);
  EXPECT_TRUE(job.tracker.Snapshot().finished);
}

TEST(ProgressEstimateTest, AJobThatStopsHalfWayStaysThere) {
  Job job({.label = "File", .total = 4});
  job.root().Complete(2);
  job.tracker.Finish();
  EXPECT_DOUBLE_EQ(job.Fraction(), 0.5);
}

TEST(ProgressEstimateTest, CostsThatDoNotAddUpStayWithinBounds) {
  Job job({.label = "File", .total = 4, .cost = 10});
  job.root().Complete(1, 500);
  EXPECT_LT(job.Fraction(), 1);
  job.root().Complete(3, 0);
  job.tracker.Finish();
  EXPECT_EQ(job.Fraction(), 1);
}

// -- time ------------------------------------------------------------------------

TEST(ProgressEstimateTest, RemainingIsWhatTheCostsPredict) {
  Job job({.label = "File", .total = 100, .cost = 1000});
  job.clock.Advance(absl::Seconds(10));
  job.root().Complete(1, 250);
  EXPECT_EQ(job.Remaining(), absl::Seconds(30)) << "a quarter took 10 s";
  EXPECT_EQ(job.tracker.Snapshot().elapsed, absl::Seconds(10));
}

TEST(ProgressEstimateTest, NothingRemainsKnownWithoutGround) {
  Job job({.label = "File", .total = 1000});
  EXPECT_EQ(job.Remaining(), std::nullopt) << "nothing done";
  job.clock.Advance(absl::Milliseconds(500));
  job.root().Complete(500);
  EXPECT_EQ(job.Remaining(), std::nullopt) << "half a second says little";
  job.clock.Advance(absl::Milliseconds(500));
  EXPECT_EQ(job.Remaining(), absl::Seconds(1));

  Job slow({.label = "File", .total = 1000});
  slow.clock.Advance(absl::Seconds(100));
  slow.root().Complete(4);
  EXPECT_EQ(slow.Remaining(), std::nullopt) << "nor do 4 of 1,000";
  slow.root().Complete();
  EXPECT_TRUE(slow.Remaining().has_value());
}

TEST(ProgressEstimateTest, AnUnknownTotalGivesNoGuess) {
  Job job({.label = "File"});
  job.clock.Advance(absl::Seconds(100));
  job.root().Complete(1000);
  EXPECT_EQ(job.Remaining(), std::nullopt);
  EXPECT_EQ(job.Fraction(), 0);
}

TEST(ProgressEstimateTest, ThePaceCountsFromTheFirstAnnouncement) {
  Job job({.label = "File"});
  job.clock.Advance(absl::Seconds(60));  // to find them
  job.root().Announce(10);
  job.clock.Advance(absl::Seconds(5));
  job.root().Complete(5);
  EXPECT_EQ(job.Remaining(), absl::Seconds(5));
  EXPECT_EQ(job.tracker.Snapshot().elapsed, absl::Seconds(65));
}

TEST(ProgressEstimateTest, RemainingIsNeverNegativeAndEndsWithTheJob) {
  Job job({.label = "File", .total = 4, .cost = 10});
  job.clock.Advance(absl::Seconds(10));
  job.root().Complete(1, 500);
  EXPECT_EQ(job.Remaining(), absl::ZeroDuration());
  job.root().Complete(3);
  job.tracker.Finish();
  EXPECT_EQ(job.Remaining(), std::nullopt);
}

// The bar stands still then, but the guess follows what is known.
TEST(ProgressEstimateTest, RemainingGrowsWithTheTotal) {
  Job job({.label = "File", .total = 4});
  job.clock.Advance(absl::Seconds(10));
  job.root().Complete(2);
  EXPECT_EQ(job.Remaining(), absl::Seconds(10));
  job.root().Announce(4);
  EXPECT_EQ(job.Remaining(), absl::Seconds(30));
}

}  // namespace
}  // namespace weft
