// SPDX-License-Identifier: Apache-2.0
//
// The progress of ParallelMap, ParallelFor, ParallelReduce and ParallelMapStream.

#include <atomic>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "scheduler/counted.h"
#include "testing/engines.h"
#include "weft/scheduler/parallel_for.h"
#include "weft/scheduler/parallel_map.h"
#include "weft/scheduler/parallel_stream.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::Counted;

constexpr auto Whole = &Counted::Whole;

class ProgressMapTest : public testing::EngineTest {
 protected:
  static std::vector<int> Numbers(int count) {
    std::vector<int> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
  }
  // One worker, so that what has ended before a body is known.
  bool alone() const { return GetParam() == testing::kInline || GetParam() == 1; }
};
WEFT_ON_ALL_ENGINES(ProgressMapTest);

absl::StatusOr<int> Third(int number) {
  if (number % 3 == 1) return absl::AbortedError("no");
  if (number % 3 == 2) throw std::runtime_error("no");
  return number;
}

TEST_P(ProgressMapTest, EachItemEndsAsItsResultSays) {
  Counted counted;
  TaskGroup group(*scheduler_);
  ParallelMap(group, Numbers(300), Third, {.progress = &counted.tracker});
  EXPECT_EQ(counted.whole(), Whole(100, 200, 300));
  ParallelMap(group, Numbers(3), [](int) {}, {.progress = &counted.tracker.root()});
  EXPECT_EQ(counted.whole(), Whole(103, 200, 303));
  ParallelMap(group, Numbers(0), Third, {.progress = &counted.tracker});
  EXPECT_EQ(counted.whole(), Whole(103, 200, 303));
}

TEST_P(ProgressMapTest, ItemsAreAnnouncedBeforeTheFirstAndEndOneByOne) {
  Counted counted;
  TaskGroup group(*scheduler_);
  const auto seen = ParallelMap(group, Numbers(100), [&](int) { return counted.whole(); },
                                {.progress = &counted.tracker});
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i]->total, 100);
    EXPECT_LT(seen[i]->completed, 100);
    if (alone()) {
      EXPECT_EQ(seen[i]->completed, static_cast<std::int64_t>(i));
    }
  }
}

TEST_P(ProgressMapTest, TheTasksBehindItAreNotCounted) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  ParallelMap(group, Numbers(100), Third);
  EXPECT_EQ(counted.whole(), Whole(0, 0, 0));
  ParallelMap(group, Numbers(9), Third, {.progress = &counted.tracker});
  EXPECT_EQ(counted.whole(), Whole(3, 6, 9));
}

TEST_P(ProgressMapTest, ItemsThatWereNotBegunHaveFailed) {
  for (const int min_task_size : {1, 7}) {
    SchedulerOptions options;
    options.config.min_task_size = min_task_size;
    const auto scheduler = testing::MakeScheduler(GetParam(), std::move(options));
    Counted counted;
    TaskGroup group(*scheduler);
    const auto results = ParallelMap(group, Numbers(1000),
                                     [&group](int number) {
                                       if (number == 20)
                                         group.Cancel(absl::CancelledError("enough"));
                                     },
                                     {.progress = &counted.tracker});
    std::int64_t completed = 0;
    for (const absl::Status& result : results) completed += result.ok() ? 1 : 0;
    EXPECT_EQ(counted.whole(), Whole(completed, 1000 - completed, 1000));
    EXPECT_LT(completed, 1000);
    ParallelMap(group, Numbers(10), Third, {.progress = &counted.tracker});
    EXPECT_EQ(counted.whole(), Whole(completed, 1010 - completed, 1010)) << "none was begun";
  }
}

TEST_P(ProgressMapTest, AListenerMayCancelTheGroup) {
  std::optional<TaskGroup> group;
  std::atomic<int> calls{0};
  Counted counted([&] {
    if (++calls == 10) group->Cancel(absl::CancelledError("enough"));
  });
  group.emplace(*scheduler_);
  const auto results = ParallelMap(*group, Numbers(10'000), Third, {.progress = &counted.tracker});
  EXPECT_TRUE(absl::IsCancelled(results.back().status()));
  EXPECT_EQ(counted.whole().completed + counted.whole().failed, 10'000);
}

TEST_P(ProgressMapTest, APartEndsWithTheLastItem) {
  ProgressTracker job({.label = "Stage", .total = 2});
  auto part = job.root().AddPart({.label = "File"});
  TaskGroup group(*scheduler_);
  ParallelMap(group, Numbers(10), [](int) {}, {.progress = &part});
  EXPECT_EQ(job.Snapshot().Text(), "Stage 1/2 completed");
}

// -- loops -----------------------------------------------------------------------

TEST_P(ProgressMapTest, NumbersOfALoopCount) {
  Counted counted;
  TaskGroup group(*scheduler_);
  const auto body = [](int i) { return i % 4 == 0 ? absl::AbortedError("no") : absl::OkStatus(); };
  EXPECT_FALSE(ParallelFor(group, 0, 1000, body, {.progress = &counted.tracker}).ok());
  EXPECT_EQ(counted.whole(), Whole(750, 250, 1000));
}

TEST_P(ProgressMapTest, PartsOfALoopCountAllTheirNumbers) {
  Counted counted;
  TaskGroup group(*scheduler_);
  std::atomic<std::int64_t> failed{0};
  const auto body = [&failed](int first, int last) {
    if (first != 0) return;
    failed = last - first;
    throw std::runtime_error("no");
  };
  EXPECT_FALSE(ParallelFor(group, 0, 1000, body, {.progress = &counted.tracker}).ok());
  EXPECT_EQ(counted.whole(), Whole(1000 - failed, failed, 1000));
  const RangeOptions wrong{.min_items_per_task = 0, .progress = &counted.tracker};
  EXPECT_FALSE(ParallelFor(group, 0, 1000, body, wrong).ok());
  EXPECT_EQ(counted.whole().total, 1000) << "it was refused";
}

TEST_P(ProgressMapTest, WhatACancelLeavesOutOfALoopHasFailed) {
  Counted counted;
  TaskGroup group(*scheduler_);
  std::atomic<std::int64_t> ran{0};
  const auto body = [&](int i) {
    ++ran;
    if (i == 10) group.Cancel(absl::CancelledError("enough"));
  };
  EXPECT_FALSE(ParallelFor(group, 0, 10'000, body, {.progress = &counted.tracker}).ok());
  EXPECT_EQ(counted.whole(), Whole(ran, 10'000 - ran, 10'000));
}

TEST_P(ProgressMapTest, NumbersOfASumCount) {
  Counted counted;
  TaskGroup group(*scheduler_);
  const auto plus = [](std::int64_t a, std::int64_t b) { return a + b; };
  const auto map = [](std::int64_t i) { return i; };
  const auto sum = ParallelReduce(group, std::int64_t{0}, std::int64_t{5000}, std::int64_t{0}, map,
                                  plus, {.progress = &counted.tracker});
  EXPECT_EQ(*sum, 12'497'500);
  EXPECT_EQ(counted.whole(), Whole(5000, 0, 5000));
  const auto thrower = [](std::int64_t) -> std::int64_t { throw std::runtime_error("no"); };
  EXPECT_FALSE(ParallelReduce(group, std::int64_t{0}, std::int64_t{70}, std::int64_t{0}, thrower,
                              plus, {.progress = &counted.tracker})
                   .ok());
  EXPECT_EQ(counted.whole(), Whole(5000, 70, 5070));
}

// -- streams ---------------------------------------------------------------------

TEST_P(ProgressMapTest, ItemsOfAStreamAreAnnouncedWhenTheyAreTaken) {
  Counted counted;
  TaskGroup group(*scheduler_);
  int taken = 0;
  const auto next = [&]() -> std::optional<int> {
    EXPECT_EQ(counted.whole().total, taken);
    return taken == 300 ? std::nullopt : std::optional(taken++);
  };
  EXPECT_TRUE(ParallelMapStream(group, next, Third, [](const absl::StatusOr<int>&) {},
                                {.window = 5, .progress = &counted.tracker})
                  .ok());
  EXPECT_EQ(counted.whole(), Whole(100, 200, 300));
}

}  // namespace
}  // namespace weft
