// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/parallel_stream.h"

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class ParallelStreamTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(ParallelStreamTest);

// 0 to count-1, one by one.
auto Numbers(int count) {
  return [i = 0, count]() mutable { return i < count ? std::optional<int>(i++) : std::nullopt; };
}

TEST_P(ParallelStreamTest, ResultsComeInOrderAndFewItemsAreUnderWay) {
  TaskGroup group(*scheduler_);
  constexpr int kItems = 50000;
  constexpr int kWindow = 100;
  int taken = 0;
  int handed_on = 0;
  const absl::Status status = ParallelMapStream(
      group,
      [&]() -> std::optional<int> {
        EXPECT_LE(taken - handed_on, kWindow);
        return taken < kItems ? std::optional<int>(taken++) : std::nullopt;
      },
      [](int x) { return 2 * x; },
      [&](absl::StatusOr<int> result) { EXPECT_EQ(*result, 2 * handed_on++); },
      {.window = kWindow});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(handed_on, kItems);
}

TEST_P(ParallelStreamTest, OneItemsErrorIsThatItemsResult) {
  TaskGroup group(*scheduler_);
  std::vector<absl::StatusOr<int>> results;
  EXPECT_TRUE(ParallelMapStream(
                  group, Numbers(9),
                  [](int x) -> absl::StatusOr<int> {
                    if (x % 3 == 1) return absl::NotFoundError("");
                    if (x % 3 == 2) throw std::runtime_error("");
                    return x;
                  },
                  [&](absl::StatusOr<int> result) { results.push_back(std::move(result)); })
                  .ok());
  ASSERT_EQ(results.size(), 9u);
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(results[i].status().code(), i % 3 == 1   ? absl::StatusCode::kNotFound
                                          : i % 3 == 2 ? absl::StatusCode::kUnknown
                                                       : absl::StatusCode::kOk);
  }
}

TEST_P(ParallelStreamTest, MoveOnlyItemsAndResults) {
  TaskGroup group(*scheduler_);
  int left = 20;
  int sum = 0;
  EXPECT_TRUE(ParallelMapStream(
                  group,
                  [&]() -> std::optional<std::unique_ptr<int>> {
                    if (left == 0) return std::nullopt;
                    return std::make_unique<int>(left--);
                  },
                  [](const std::unique_ptr<int>& x) { return std::make_unique<int>(2 * *x); },
                  [&](absl::StatusOr<std::unique_ptr<int>> result) { sum += **result; })
                  .ok());
  EXPECT_EQ(sum, 420);
}

TEST_P(ParallelStreamTest, TheSinkMayStopIt) {
  TaskGroup group(*scheduler_);
  std::atomic<int> started{0};
  int handed_on = 0;
  const absl::Status status = ParallelMapStream(
      group, Numbers(1000000),
      [&](int x) {
        ++started;
        return x;
      },
      [&](absl::StatusOr<int>) {
        return ++handed_on == 3 ? absl::AbortedError("enough") : absl::OkStatus();
      },
      {.window = 10});
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(handed_on, 3);
  EXPECT_LE(started, 13);
}

TEST_P(ParallelStreamTest, ACancelledGroupStopsIt) {
  TaskGroup group(*scheduler_);
  int handed_on = 0;
  const absl::Status status = ParallelMapStream(
      group, Numbers(1000000), [](int x) { return x; },
      [&](absl::StatusOr<int>) {
        if (++handed_on == 5) group.Cancel(absl::CancelledError("by hand"));
      });
  EXPECT_EQ(status, absl::CancelledError("by hand"));
  EXPECT_EQ(handed_on, 5);
}

TEST_P(ParallelStreamTest, WhatTheSourceThrowsComesOut) {
  TaskGroup group(*scheduler_);
  EXPECT_THROW(ParallelMapStream(
                   group, []() -> std::optional<int> { throw std::runtime_error("source"); },
                   [](int x) { return x; }, [](absl::StatusOr<int>) {})
                   .IgnoreError(),
               std::runtime_error);
}

TEST_P(ParallelStreamTest, InsideATask) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit([&] {
    int sum = 0;
    EXPECT_TRUE(ParallelMapStream(
                    group, Numbers(100), [](int x) { return x; },
                    [&](absl::StatusOr<int> result) { sum += *result; })
                    .ok());
    return sum;
  });
  EXPECT_EQ(*task.Get(), 4950);
}

}  // namespace
}  // namespace weft
