// SPDX-License-Identifier: Apache-2.0
//
// A pool whose threads work for a scheduler, and run functions besides.

#include <atomic>
#include <barrier>
#include <cstddef>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/thread_pool.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::MakePool;

// Counts the calls of Drain by slot.
class CountingSource final : public WorkSource {
 public:
  explicit CountingSource(int width) : drained(static_cast<std::size_t>(width)) {}

  void Drain(int slot) noexcept override { ++drained[static_cast<std::size_t>(slot)]; }

  std::vector<std::atomic<int>> drained;
};

TEST(ThreadPoolExecutorTest, EachStartIsOneDrainWithItsSlot) {
  for (const int width : {1, 2, 8}) {
    const auto pool = MakePool({.threads = width});
    CountingSource source(width);
    pool->Start(&source);
    for (int i = 0; i < 100 * width; ++i) EXPECT_TRUE(pool->StartPump(i % width));
    pool->Stop();  // waits for all of them
    for (const auto& drained : source.drained) EXPECT_EQ(drained, 100) << width;
  }
}

TEST(ThreadPoolExecutorTest, NothingIsStartedBeforeStartOrAfterStop) {
  const auto pool = MakePool({.threads = 2});
  EXPECT_FALSE(pool->StartPump(0));
  CountingSource source(2);
  pool->Start(&source);
  pool->Stop();
  EXPECT_FALSE(pool->StartPump(0));
  pool->Stop();
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

TEST(ThreadPoolExecutorTest, PumpsRunSideBySideAlsoMoreThanTheWidth) {
  constexpr int kWidth = 3;
  constexpr int kPumps = kWidth + 256;  // with those that stand in for blocked ones
  const auto pool = MakePool({.threads = kWidth});
  TogetherSource source(kPumps + 1);  // the test is one of them
  pool->Start(&source);
  for (int round = 0; round < 5; ++round) {
    for (int slot = 0; slot < kPumps; ++slot) EXPECT_TRUE(pool->StartPump(slot));
    source.Drain(kPumps);  // returns only when all are there
  }
  pool->Stop();
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(pool->failed_starts(), 0);
}

// A scheduler with as many workers as `threads`, and its pool.
class PoolScheduler {
 public:
  explicit PoolScheduler(int threads) {
    auto pool = MakePool({.threads = threads});
    pool_ = pool.get();
    SchedulerOptions options;
    options.executor = std::move(pool);
    scheduler_ = *TaskScheduler::Create(std::move(options));
  }
  TaskScheduler& operator*() { return *scheduler_; }
  TaskScheduler* operator->() { return scheduler_.get(); }
  ThreadPool& pool() { return *pool_; }

 private:
  ThreadPool* pool_ = nullptr;
  std::unique_ptr<TaskScheduler> scheduler_;
};

TEST(ThreadPoolExecutorTest, AsManyTasksRunAtOnceAsAskedFor) {
  PoolScheduler scheduler(6);
  EXPECT_EQ(scheduler->worker_count(), 6);
  std::latch together(6);
  for (int i = 0; i < 6; ++i) scheduler->Submit([&] { together.arrive_and_wait(); });
  EXPECT_TRUE(scheduler->WaitAll().ok());
}

// Each has the width for itself: with one place a function waits for a task, and a task for a
// function.
TEST(ThreadPoolExecutorTest, FunctionsAndTasksDoNotWaitForEachOthersPlaces) {
  PoolScheduler scheduler(1);
  absl::Notification waited;
  const auto waits_for_task = [&] {
    EXPECT_EQ(*scheduler->Submit([] { return 3; }).Get(), 3);
    waited.Notify();
  };
  EXPECT_TRUE(scheduler.pool().Submit(waits_for_task).ok());
  waited.WaitForNotification();
  const Task<int> waits_for_function = scheduler->Submit([&] {
    absl::Notification ran;
    EXPECT_TRUE(scheduler.pool().Submit([&] { ran.Notify(); }).ok());
    ran.WaitForNotification();
    return 4;
  });
  EXPECT_EQ(*waits_for_function.Get(), 4);
}

TEST(ThreadPoolExecutorTest, ItIsNotShutDownUnderItsScheduler) {
  PoolScheduler scheduler(2);
  const absl::Status refused = scheduler.pool().Shutdown();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("a scheduler works on the pool"));
  EXPECT_EQ(*scheduler->Submit([] { return 3; }).Get(), 3);
  EXPECT_TRUE(scheduler->Shutdown().ok());
  std::atomic<int> ran{0};
  EXPECT_TRUE(scheduler.pool().Submit([&] { ++ran; }).ok()) << "it is only the scheduler's end";
  EXPECT_TRUE(scheduler.pool().Shutdown().ok());
  EXPECT_EQ(ran, 1);
}

TEST(ThreadPoolExecutorTest, TheSchedulerResizesIt) {
  PoolScheduler scheduler(2);
  for (const int workers : {5, 1, 17, 2}) {
    EXPECT_TRUE(scheduler->Resize(workers).ok());
    EXPECT_EQ(scheduler->worker_count(), workers);
    EXPECT_EQ(scheduler.pool().width(), workers);
    std::latch together(workers);
    TaskGroup group(*scheduler);
    for (int i = 0; i < workers; ++i) group.Submit([&] { together.arrive_and_wait(); });
    EXPECT_TRUE(group.Wait().ok());
  }
  EXPECT_TRUE(absl::IsInvalidArgument(scheduler->Resize(0)));
}

TEST(ThreadPoolExecutorTest, BlockedBodiesAreReplaced) {
  PoolScheduler scheduler(2);
  constexpr int kBodies = 100;
  for (int round = 0; round < 5; ++round) {
    std::barrier<> together(kBodies);
    TaskGroup group(*scheduler);
    for (int i = 0; i < kBodies; ++i) {
      group.Submit([&] {
        const BlockingScope blocking;
        together.arrive_and_wait();
      });
    }
    EXPECT_TRUE(group.Wait().ok());
  }
}

// Twice the width, for tasks and for functions.
TEST(ThreadPoolExecutorTest, AtRestFewThreadsStay) {
  PoolScheduler scheduler(2);
  constexpr int kBodies = 40;
  std::barrier<> together(kBodies);
  TaskGroup group(*scheduler);
  for (int i = 0; i < kBodies; ++i) {
    group.Submit([&] {
      const BlockingScope blocking;
      together.arrive_and_wait();
    });
  }
  EXPECT_TRUE(group.Wait().ok());
  while (scheduler.pool().thread_count() > 4) std::this_thread::yield();
  EXPECT_TRUE(scheduler->Shutdown().ok());
  while (scheduler.pool().thread_count() > 2) std::this_thread::yield();
}

}  // namespace
}  // namespace weft
