// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

class ParallelForTest : public testing::EngineTest {
 protected:
  TaskGroup& group() { return scheduler_->root(); }
};
WEFT_ON_ALL_ENGINES(ParallelForTest);

TEST_P(ParallelForTest, EachPartIsLearnedFromOnce) {
  std::atomic<std::uint64_t> parts{0};
  for (int round = 0; round < 20; ++round) {
    const absl::Status done =
        ParallelFor(group(), 0, 1000, [&parts](int, int) { ++parts; }, {.kind = "range"});
    ASSERT_TRUE(done.ok()) << done;
  }
  const auto costs = scheduler_->costs().History();
  ASSERT_EQ(costs.size(), 1U);
  EXPECT_EQ(costs[0].count, parts);
}

TEST_P(ParallelForTest, EachNumberOnce) {
  std::vector<std::atomic<int>> calls(100'000);
  ASSERT_TRUE(
      ParallelFor(group(), 0, 100'000, [&](int i) { ++calls[static_cast<std::size_t>(i)]; }).ok());
  EXPECT_TRUE(std::all_of(calls.begin(), calls.end(), [](const auto& n) { return n == 1; }));
}

TEST_P(ParallelForTest, PartsMakeUpTheRangeAndAreNotTooSmall) {
  std::mutex mu;
  std::vector<std::pair<int, int>> parts;
  const auto part = [&](int first, int last) {
    const std::lock_guard<std::mutex> lock(mu);
    parts.emplace_back(first, last);
  };
  ASSERT_TRUE(ParallelFor(group(), -500, 1'001, part, {.min_items_per_task = 7}).ok());
  std::sort(parts.begin(), parts.end());
  int next = -500;
  for (const auto& [first, last] : parts) {
    EXPECT_EQ(first, next);
    EXPECT_TRUE(last - first >= 7 || last == 1'001);
    next = last;
  }
  EXPECT_EQ(next, 1'001);
}

TEST_P(ParallelForTest, NothingInAnEmptyOrReversedRange) {
  const auto never = [](int) { FAIL(); };
  EXPECT_TRUE(ParallelFor(group(), 5, 5, never).ok());
  EXPECT_TRUE(ParallelFor(group(), 5, -5, never).ok());
}

TEST_P(ParallelForTest, TheEndsOfAType) {
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  std::atomic<std::int64_t> sum{0};
  ASSERT_TRUE(
      ParallelFor(group(), kLast - 10, kLast, [&](std::int64_t i) { sum += kLast - i; }).ok());
  EXPECT_EQ(sum, 55);
  std::atomic<int> calls{0};
  const auto parts = [&](std::int8_t first, std::int8_t last) { calls += last - first; };
  ASSERT_TRUE(ParallelFor(group(), std::int8_t{-128}, std::int8_t{127}, parts).ok());
  EXPECT_EQ(calls, 255);
}

TEST_P(ParallelForTest, TheErrorWithTheSmallestNumberWhateverTheOrder) {
  std::atomic<int> calls{0};
  const absl::Status ended = ParallelFor(group(), 0, 5'000, [&](int i) -> absl::Status {
    ++calls;
    if (i % 1000 == 777) return absl::DataLossError("at " + std::to_string(i));
    if (i == 3'000) throw std::runtime_error("thrown");
    return absl::OkStatus();
  });
  EXPECT_EQ(ended, absl::DataLossError("at 777"));
  EXPECT_EQ(calls, 5'000);
}

TEST_P(ParallelForTest, WhatIsThrownIsAnError) {
  const absl::Status ended = ParallelFor(group(), 0, 10, [](int i) {
    if (i == 4) throw std::runtime_error("four");
  });
  EXPECT_TRUE(absl::IsUnknown(ended));
  EXPECT_THAT(ended.message(), HasSubstr("four"));
}

TEST_P(ParallelForTest, ACancelLeavesOutTheRest) {
  TaskGroup cancelled(*scheduler_);
  std::atomic<int> calls{0};
  const absl::Status ended = ParallelFor(cancelled, 0, 1'000'000, [&](int) {
    if (++calls == 10) cancelled.Cancel(absl::CancelledError("enough"));
  });
  EXPECT_EQ(ended, absl::CancelledError("enough"));
  EXPECT_LT(calls, 1'000'000);
  EXPECT_EQ(ParallelFor(cancelled, 0, 10, [](int) { FAIL(); }), absl::CancelledError("enough"));
}

TEST_P(ParallelForTest, MayBeNestedAndCalledInsideTasks) {
  std::atomic<int> calls{0};
  const Task<> task = scheduler_->Submit([&] {
    return ParallelFor(group(), 0, 20,
                       [&](int) { return ParallelFor(group(), 0, 20, [&](int) { ++calls; }); });
  });
  EXPECT_TRUE(task.Get().ok()) << task.Get();
  EXPECT_EQ(calls, 400);
}

TEST_P(ParallelForTest, OptionsOutOfRangeAreRefused) {
  const absl::Status refused =
      ParallelFor(group(), 0, 10, [](int) { FAIL(); }, {.min_items_per_task = 0});
  EXPECT_TRUE(absl::IsInvalidArgument(refused));
}

class ParallelReduceTest : public ParallelForTest {};
WEFT_ON_ALL_ENGINES(ParallelReduceTest);

TEST_P(ParallelReduceTest, SumsNumbersAndParts) {
  const auto add = [](std::int64_t a, std::int64_t b) { return a + b; };
  const auto each = ParallelReduce(
      group(), 0, 1'000'001, std::int64_t{5}, [](int i) -> std::int64_t { return i; }, add);
  EXPECT_EQ(each.value(), 5 + std::int64_t{1'000'000} * 1'000'001 / 2);
  const auto by_parts = ParallelReduce(
      group(), 0, 1'000'001, std::int64_t{0},
      [](int first, int last) -> std::int64_t { return last - first; }, add);
  EXPECT_EQ(by_parts.value(), 1'000'001);
}

TEST_P(ParallelReduceTest, JoinsInTheOrderOfTheRange) {
  std::string expected = "<";
  for (int i = 0; i < 3'000; ++i) expected += std::to_string(i) + ",";
  const auto joined = ParallelReduce(
      group(), 0, 3'000, std::string("<"), [](int i) { return std::to_string(i) + ","; },
      [](std::string a, const std::string& b) { return std::move(a) + b; });
  EXPECT_EQ(joined.value(), expected);
}

TEST_P(ParallelReduceTest, InexactSumsDoNotDependOnTheWorkers) {
  const auto sum = [](TaskScheduler& scheduler) {
    return ParallelReduce(
               scheduler.root(), 1, 200'000, 0.0, [](int i) { return 1.0 / i; },
               [](double a, double b) { return a + b; }, {.min_items_per_task = 10})
        .value();
  };
  const auto sequential = testing::MakeScheduler(testing::kInline);
  EXPECT_EQ(sum(*scheduler_), sum(*sequential));
}

TEST_P(ParallelReduceTest, AnEmptyRangeGivesTheIdentity) {
  const auto never = [](int i) {
    ADD_FAILURE();
    return i;
  };
  EXPECT_EQ(ParallelReduce(group(), 3, 3, 42, never, std::plus<>()).value(), 42);
}

TEST_P(ParallelReduceTest, ErrorsOfEitherFunction) {
  const auto thrown = ParallelReduce(
      group(), 0, 100, 0,
      [](int i) {
        if (i == 50) throw std::runtime_error("no fifty");
        return i;
      },
      std::plus<>());
  EXPECT_THAT(thrown.status().message(), HasSubstr("no fifty"));
  const auto combined = ParallelReduce(
      group(), 0, 100, 0, [](int i) { return i; },
      [](int, int) -> int { throw std::runtime_error("never together"); });
  EXPECT_THAT(combined.status().message(), HasSubstr("never together"));
}

}  // namespace
}  // namespace weft
