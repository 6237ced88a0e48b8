// SPDX-License-Identifier: Apache-2.0
//
// What is done on the threads of a pool before and after they work.

#include <array>
#include <atomic>
#include <barrier>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/inline_executor.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

thread_local int started = 0;  // hooks that have started on this thread, less those that stopped

std::string NameOfThread() {
  std::array<char, 64> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

TEST(WorkerHooksTest, EachBodyRunsBetweenAStartAndAStopOfItsThread) {
  for (const int workers : {1, 2, 8}) {
    std::atomic<int> starts{0};
    std::atomic<int> stops{0};
    {
      SchedulerOptions options;
      options.worker_hooks.start = [&] {
        ++starts;
        ++started;
      };
      options.worker_hooks.stop = [&] {
        ++stops;
        --started;
      };
      const auto scheduler = testing::MakeScheduler(workers, std::move(options));
      for (int round = 0; round < 20; ++round) {
        TaskGroup group(*scheduler);
        for (int i = 0; i < 20; ++i) group.Submit([&] { EXPECT_EQ(started, 1); });
        EXPECT_TRUE(group.Wait().ok());
      }
    }
    EXPECT_GE(starts, 1);
    EXPECT_EQ(starts, stops) << workers;
  }
}

TEST(WorkerHooksTest, ThreadsThatStandInHaveThemToo) {
  constexpr int kBodies = 10;
  SchedulerOptions options;
  options.worker_hooks.start = [] { ++started; };
  options.worker_hooks.stop = [] { --started; };
  const auto scheduler = testing::MakeScheduler(1, std::move(options));
  std::barrier<> together(kBodies);
  for (int i = 0; i < kBodies; ++i) {
    scheduler->Submit([&] {
      EXPECT_EQ(started, 1);
      BlockingScope blocking;
      together.arrive_and_wait();
    });
  }
  EXPECT_TRUE(scheduler->WaitAll().ok());
}

TEST(WorkerHooksTest, WhatTheyThrowIsCountedAndGoesNoFurther) {
  SchedulerOptions options;
  options.worker_hooks.start = [] { throw std::runtime_error("start"); };
  options.worker_hooks.stop = [] { throw 5; };
  const auto scheduler = testing::MakeScheduler(2, std::move(options));
  EXPECT_EQ(*scheduler->Submit([] { return 7; }).Get(), 7);
  EXPECT_GE(scheduler->failed_hooks(), 1);
}

TEST(WorkerHooksTest, WithoutThreadsOfOurOwnTheyAreRefused) {
  SchedulerOptions sequential;
  sequential.config.parallel = false;
  sequential.worker_hooks.start = [] {};
  EXPECT_TRUE(absl::IsInvalidArgument(TaskScheduler::Create(std::move(sequential)).status()));
  SchedulerOptions own;
  own.executor = std::make_unique<InlineExecutor>();
  own.worker_hooks.stop = [] {};
  EXPECT_TRUE(absl::IsInvalidArgument(TaskScheduler::Create(std::move(own)).status()));
}

TEST(WorkerHooksTest, ThreadsHaveNames) {
  const auto scheduler = testing::MakeScheduler(1);
  EXPECT_EQ(*scheduler->Submit([] { return NameOfThread(); }).Get(), "weft-worker");
  std::barrier<> together(2);
  std::atomic<int> spare{0};
  for (int i = 0; i < 2; ++i) {
    scheduler->Submit([&] {
      if (NameOfThread() == "weft-spare") ++spare;
      BlockingScope blocking;
      together.arrive_and_wait();
    });
  }
  EXPECT_TRUE(scheduler->WaitAll().ok());
  EXPECT_EQ(spare, 1);
}

}  // namespace
}  // namespace weft
