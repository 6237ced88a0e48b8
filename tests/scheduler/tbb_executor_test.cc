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
#include "oneapi/tbb/partitioner.h"
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

// More than oneTBB gives of its own accord, whatever the machine.
int MoreThanCores() { return static_cast<int>(std::thread::hardware_concurrency()) + 2; }

// The threads are oneTBB's: with such patience none of ours comes in the place of one.
TEST(TbbExecutorTest, OneTbbGivesAThreadForEachPump) {
  const int width = MoreThanCores();
  auto executor = *TbbExecutor::Create(width, {}, /*patience=*/absl::InfiniteDuration());
  TogetherSource source(width + 1);
  executor->Start(&source);
  for (int round = 0; round < 100; ++round) {
    for (int slot = 0; slot < width; ++slot) EXPECT_TRUE(executor->StartPump(slot));
    source.Drain(width);
  }
  executor->Stop();
  EXPECT_EQ(executor->late_pumps(), 0);
}

// Also when another one has gone, and a smaller pool came last.
TEST(TbbExecutorTest, OneTbbGivesThemToEachOfSeveralPools) {
  const int width = MoreThanCores();
  auto big = *TbbExecutor::Create(width, {}, /*patience=*/absl::InfiniteDuration());
  TbbExecutor::Create(3)->reset();
  auto small = *TbbExecutor::Create(1, {}, /*patience=*/absl::InfiniteDuration());
  TogetherSource source(width + 2);  // all pumps of both, and the test
  big->Start(&source);
  small->Start(&source);
  EXPECT_TRUE(small->StartPump(0));
  for (int slot = 0; slot < width; ++slot) EXPECT_TRUE(big->StartPump(slot));
  source.Drain(width);
  big->Stop();
  small->Stop();
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

// A body's thread that waits for the rest of its loop takes what its arena has. No pump is
// among that: what the loop waits for runs elsewhere, at last on a thread of ours.
TEST(TbbExecutorTest, ALoopOfABodyRunsNoOtherBodyOnItsStack) {
  const auto scheduler = testing::MakeScheduler(2);
  std::barrier<> together(2);
  std::thread::id waits;
  std::thread::id other;
  const auto outer = scheduler->Submit([&] {
    waits = std::this_thread::get_id();
    const auto iteration = [&](int) {
      together.arrive_and_wait();  // one for each thread
      if (std::this_thread::get_id() == waits) return;
      const auto inner = scheduler->Submit([&] { other = std::this_thread::get_id(); });
      EXPECT_TRUE(inner.Wait().ok());
    };
    tbb::parallel_for(0, 2, iteration, tbb::simple_partitioner());
  });
  EXPECT_TRUE(outer.Get().ok());
  EXPECT_NE(other, std::thread::id());
  EXPECT_NE(other, waits);
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
