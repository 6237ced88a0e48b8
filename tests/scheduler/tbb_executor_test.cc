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
#include "gtest/gtest.h"
#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/parallel_for.h"
#include "oneapi/tbb/task_arena.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

// Counts how often it was drained, and checks that no slot is used twice at once.
class CountingSource final : public WorkSource {
 public:
  explicit CountingSource(int width) : busy_(static_cast<std::size_t>(width)) {}

  void Drain(int slot) noexcept override {
    std::atomic<bool>& busy = busy_[static_cast<std::size_t>(slot)];
    EXPECT_FALSE(busy.exchange(true));
    while (TakeOne()) ++taken;
    busy = false;
  }
  void Add(int count) { work += count; }

  std::atomic<int> work{0};
  std::atomic<int> taken{0};

 private:
  bool TakeOne() {
    int seen = work;
    while (seen > 0 && !work.compare_exchange_weak(seen, seen - 1)) {
    }
    return seen > 0;
  }
  std::vector<std::atomic<bool>> busy_;
};

TEST(TbbExecutorTest, RefusesAWidthThatMakesNoSense) {
  EXPECT_TRUE(absl::IsInvalidArgument(TbbExecutor::Create(0).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TbbExecutor::Create(-3).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TbbExecutor::Create(TbbExecutor::kMaxWorkers + 1).status()));
}

TEST(TbbExecutorTest, WhatIsReadyBeforeAWakeIsTakenAfterIt) {
  for (const int width : {1, 2, 8}) {
    auto executor = *TbbExecutor::Create(width);
    CountingSource source(width);
    executor->Start(&source);
    for (int round = 0; round < 500; ++round) {
      source.Add(3);
      executor->Wake(round % 4 + 1);
    }
    executor->Stop();  // pumps leave only when nothing is left
    EXPECT_EQ(source.taken, 1500) << width;
    executor->Wake(1);
    executor->Stop();
  }
}

// A call of Drain returns only when a given number of threads is in it at once.
class TogetherSource final : public WorkSource {
 public:
  explicit TogetherSource(int threads) : together_(threads) {}

  void Drain(int) noexcept override {
    ++arrived_;
    arrived_.notify_all();
    together_.arrive_and_wait();
  }
  void AwaitArrived(int count) {
    for (int seen = arrived_; seen < count; seen = arrived_) arrived_.wait(seen);
  }
  int arrived() const { return arrived_; }

 private:
  std::atomic<int> arrived_{0};
  std::barrier<> together_;
};

TEST(TbbExecutorTest, EachWakeUpBringsAWorkerOfItsOwn) {
  constexpr int kWidth = 4;
  constexpr int kRounds = 500;
  auto executor = *TbbExecutor::Create(kWidth);
  TogetherSource source(kWidth + 1);  // the test is one of them
  executor->Start(&source);
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kWidth; ++i) executor->Wake(1);
    source.Drain(kWidth);
  }
  executor->Stop();
  EXPECT_EQ(source.arrived(), kRounds * (kWidth + 1));
}

TEST(TbbExecutorTest, WakeUpsThatFindAllWorkersBusyBringThemAllBack) {
  constexpr int kWidth = 2;
  auto executor = *TbbExecutor::Create(kWidth);
  TogetherSource source(kWidth + 1);  // the test is one of them
  executor->Start(&source);
  executor->Wake(kWidth);
  source.AwaitArrived(kWidth);
  executor->Wake(1);
  executor->Wake(1);
  source.Drain(kWidth);
  source.Drain(kWidth);  // returns only if both came back
  executor->Stop();
  EXPECT_EQ(source.arrived(), 2 * (kWidth + 1));
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

}  // namespace
}  // namespace weft
