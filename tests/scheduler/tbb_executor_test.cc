// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/tbb_executor.h"

#include <atomic>
#include <barrier>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/parallel_for.h"
#include "oneapi/tbb/task_arena.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

TEST(TbbExecutorTest, RefusesAWidthThatMakesNoSense) {
  EXPECT_TRUE(absl::IsInvalidArgument(TbbExecutor::Create(0).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TbbExecutor::Create(-3).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TbbExecutor::Create(TbbExecutor::kMaxWorkers + 1).status()));
}

// Counts the calls of Drain by slot.
class CountingSource final : public WorkSource {
 public:
  explicit CountingSource(int width) : drained(static_cast<std::size_t>(width)) {}

  void Drain(int slot) noexcept override { ++drained[static_cast<std::size_t>(slot)]; }

  std::vector<std::atomic<int>> drained;
};

TEST(TbbExecutorTest, EachStartIsOneDrainWithItsSlot) {
  for (const int width : {1, 2, 8}) {
    auto executor = *TbbExecutor::Create(width);
    CountingSource source(width);
    executor->Start(&source);
    for (int i = 0; i < 500 * width; ++i) EXPECT_TRUE(executor->StartPump(i % width));
    executor->Stop();  // waits for all of them
    for (const auto& drained : source.drained) EXPECT_EQ(drained, 500) << width;
  }
}

TEST(TbbExecutorTest, NothingIsStartedBeforeStartOrAfterStop) {
  auto executor = *TbbExecutor::Create(2);
  EXPECT_FALSE(executor->StartPump(0));
  CountingSource source(2);
  executor->Start(&source);
  executor->Stop();
  EXPECT_FALSE(executor->StartPump(0));
  executor->Stop();
  EXPECT_EQ(source.drained[0], 0);
}

// A call of Drain returns only when a given number of threads is in it at once.
class TogetherSource final : public WorkSource {
 public:
  explicit TogetherSource(int threads) : together_(threads) {}

  void Drain(int) noexcept override { together_.arrive_and_wait(); }

 private:
  std::barrier<> together_;
};

TEST(TbbExecutorTest, PumpsRunSideBySideAlsoMoreThanCores) {
  constexpr int kWidth = 4;
  auto executor = *TbbExecutor::Create(kWidth);
  TogetherSource source(kWidth + 1);  // the test is one of them
  executor->Start(&source);
  for (int round = 0; round < 500; ++round) {
    for (int slot = 0; slot < kWidth; ++slot) EXPECT_TRUE(executor->StartPump(slot));
    source.Drain(kWidth);  // returns only when all are there
  }
  executor->Stop();
}

TEST(TbbExecutorTest, AsManyThreadsAsAskedForAlsoMoreThanCores) {
  const auto scheduler = testing::MakeScheduler(8);
  TaskGroup group(*scheduler);
  std::latch together(8);
  std::mutex mu;
  std::set<int> slots;
  for (int i = 0; i < 8; ++i) {
    group.Submit([&](TaskContext& context) {
      {
        const std::lock_guard<std::mutex> lock(mu);
        slots.insert(context.worker());
      }
      together.arrive_and_wait();  // ends only when eight run at once
    });
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(slots.size(), 8u);
}

TEST(TbbExecutorTest, ASmallPoolTakesNoThreadsFromABigOne) {
  const auto small = testing::MakeScheduler(1);
  const auto big = testing::MakeScheduler(4);
  const auto other = testing::MakeScheduler(1);
  testing::Gate gate;
  const auto held = small->Submit([&] { gate.Pass(); });
  gate.AwaitEntered();
  std::latch together(4);
  for (int i = 0; i < 4; ++i) big->Submit([&] { together.arrive_and_wait(); });
  EXPECT_TRUE(big->WaitAll().ok());
  EXPECT_EQ(*other->Submit([] { return 1; }).Get(), 1);
  gate.Open();
  EXPECT_TRUE(held.Get().ok());
}

TEST(TbbExecutorTest, WorksBesideAHostThatAllowsOneThread) {
  const tbb::global_control host(tbb::global_control::max_allowed_parallelism, 1);
  const auto scheduler = testing::MakeScheduler(2);
  TaskGroup group(*scheduler);
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) {
    group.Submit([&] {
      ++ran;
      group.Submit([&] { ++ran; });
    });
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(ran, 200);
}

TEST(TbbExecutorTest, BodiesMayUseOneTbbThemselves) {
  const auto scheduler = testing::MakeScheduler(2);
  TaskGroup group(*scheduler);
  std::atomic<int> sum{0};
  for (int i = 0; i < 20; ++i) {
    group.Submit([&] { tbb::parallel_for(0, 1000, [&](int) { ++sum; }); });
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(sum, 20000);
}

TEST(TbbExecutorTest, MayBeUsedFromInsideAHostsArena) {
  tbb::task_arena arena(2);
  int result = 0;
  arena.execute([&] {
    const auto scheduler = testing::MakeScheduler(2);
    result = *scheduler->Submit([] { return 4; }).Get();
  });
  EXPECT_EQ(result, 4);
}

TEST(TbbExecutorTest, PatienceIsPositive) {
  for (const absl::Duration patience : {absl::ZeroDuration(), -absl::Seconds(1)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(TbbExecutor::Create(1, {}, patience).status()));
  }
  EXPECT_TRUE(TbbExecutor::Create(1, {}, absl::Hours(1)).ok());
}

}  // namespace
}  // namespace weft
