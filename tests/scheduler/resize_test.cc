// SPDX-License-Identifier: Apache-2.0
//
// The number of workers changes while tasks run. Bodies that meet show that there are as many
// workers as asked for; a count of bodies that run at once, that there are not more.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <latch>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/tbb_executor.h"
#include "weft/scheduler/worker_local.h"

namespace weft {
namespace {

void ExpectThatManyMeet(TaskScheduler& scheduler, int bodies) {
  std::latch together(bodies);
  TaskGroup group(scheduler);
  for (int i = 0; i < bodies; ++i) group.Submit([&] { together.arrive_and_wait(); });
  EXPECT_TRUE(group.Wait().ok());
}

// How many bodies run at once.
class Crowd {
 public:
  void Pass() {
    const int now = ++inside_;
    int most = most_.load();
    while (now > most && !most_.compare_exchange_weak(most, now)) {
    }
    --inside_;
  }
  int most() const { return most_; }

 private:
  std::atomic<int> inside_{0};
  std::atomic<int> most_{0};
};

TEST(ResizeTest, RefusesANumberThatMakesNoSense) {
  const auto scheduler = testing::MakeScheduler(3);
  for (const int workers : {0, -1, TbbExecutor::kMaxWorkers + 1}) {
    const absl::Status refused = scheduler->Resize(workers);
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_NE(refused.message().find(absl::StrCat(workers, ", expected 1 to 1024")),
              absl::string_view::npos)
        << refused;
  }
  EXPECT_EQ(scheduler->worker_count(), 3);
  ExpectThatManyMeet(*scheduler, 3);
}

TEST(ResizeTest, AnExecutorWithoutThreadsRefuses) {
  const auto scheduler = testing::MakeScheduler(testing::kInline);
  EXPECT_TRUE(absl::IsFailedPrecondition(scheduler->Resize(2)));
  EXPECT_EQ(scheduler->worker_count(), 1);
  EXPECT_EQ(*scheduler->Submit([] { return 3; }).Get(), 3);
}

// Threads of oneTBB, of which there are no more to be had.
class ExhaustedExecutor final : public TaskExecutor {
 public:
  int width() const override { return threads_->width(); }
  int max_width() const override { return threads_->max_width(); }
  absl::Status Resize(int) override { return absl::ResourceExhaustedError("no threads"); }
  bool drains_in_wait() const override { return false; }
  void Start(WorkSource* source) override { threads_->Start(source); }
  bool StartPump(int slot) noexcept override { return threads_->StartPump(slot); }
  void Stop() override { threads_->Stop(); }

 private:
  const std::unique_ptr<TbbExecutor> threads_ = *TbbExecutor::Create(2);
};

TEST(ResizeTest, WhatTheExecutorCannotDoChangesNothing) {
  SchedulerOptions options;
  options.executor = std::make_unique<ExhaustedExecutor>();
  const auto scheduler = *TaskScheduler::Create(std::move(options));
  EXPECT_TRUE(absl::IsResourceExhausted(scheduler->Resize(4)));
  EXPECT_TRUE(absl::IsResourceExhausted(scheduler->Resize(1)));
  EXPECT_EQ(scheduler->worker_count(), 2);
  ExpectThatManyMeet(*scheduler, 2);
}

TEST(ResizeTest, RefusesAfterAShutdown) {
  const auto scheduler = testing::MakeScheduler(2);
  EXPECT_TRUE(scheduler->Shutdown().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(scheduler->Resize(3)));
}

TEST(ResizeTest, TheCountFollows) {
  const auto scheduler = testing::MakeScheduler(2);
  const int slots = scheduler->slot_count();
  for (const int workers : {5, 1, 1, 17, 2}) {
    EXPECT_TRUE(scheduler->Resize(workers).ok());
    EXPECT_EQ(scheduler->worker_count(), workers);
    ExpectThatManyMeet(*scheduler, workers);
  }
  EXPECT_EQ(scheduler->slot_count(), slots) << "what is kept for each slot stays good";
}

TEST(ResizeTest, WorkersComeAtOnceForWhatIsReady) {
  const auto scheduler = testing::MakeScheduler(2);
  std::latch together(8);
  for (int i = 0; i < 8; ++i) scheduler->Submit([&] { together.arrive_and_wait(); });
  EXPECT_TRUE(scheduler->Resize(8).ok());
  EXPECT_TRUE(scheduler->WaitAll().ok());
}

// What they come for lies in the deque of the worker whose body asks for them.
TEST(ResizeTest, ABodyMayBringWorkersForWhatItHasSubmitted) {
  const auto scheduler = testing::MakeScheduler(2);
  std::latch together(8);
  const auto outer = scheduler->Submit([&] {
    for (int i = 0; i < 7; ++i) scheduler->Submit([&] { together.arrive_and_wait(); });
    EXPECT_TRUE(scheduler->Resize(8).ok());
    together.arrive_and_wait();
  });
  EXPECT_TRUE(outer.Get().ok());
  EXPECT_TRUE(scheduler->WaitAll().ok());
}

TEST(ResizeTest, TheOnlyWorkerIsJoinedWhenItsBodyHasEnded) {
  const auto scheduler = testing::MakeScheduler(1);
  testing::Gate gate;
  const auto held = scheduler->Submit([&] { gate.Pass(); });
  gate.AwaitEntered();
  std::latch together(4);
  for (int i = 0; i < 4; ++i) scheduler->Submit([&] { together.arrive_and_wait(); });
  EXPECT_TRUE(scheduler->Resize(4).ok());
  EXPECT_EQ(scheduler->worker_count(), 4);
  gate.Open();
  EXPECT_TRUE(scheduler->WaitAll().ok());
}

TEST(ResizeTest, TheOnlyWorkerIsJoinedWhenItsBodyBlocks) {
  const auto scheduler = testing::MakeScheduler(1);
  absl::Notification resized;
  std::latch together(5);
  scheduler->Submit([&] {
    for (int i = 0; i < 4; ++i) scheduler->Submit([&] { together.arrive_and_wait(); });
    resized.WaitForNotification();
    BlockingScope blocking;
    together.arrive_and_wait();
  });
  EXPECT_TRUE(scheduler->Resize(4).ok());
  resized.Notify();
  EXPECT_TRUE(scheduler->WaitAll().ok());
}

TEST(ResizeTest, AnOnlyWorkerThatWasResizedIsJoinedAtOnce) {
  const auto scheduler = testing::MakeScheduler(2);
  EXPECT_TRUE(scheduler->Resize(1).ok());
  std::latch together(4);
  for (int i = 0; i < 4; ++i) scheduler->Submit([&] { together.arrive_and_wait(); });
  EXPECT_TRUE(scheduler->Resize(4).ok());
  EXPECT_TRUE(scheduler->WaitAll().ok());
}

TEST(ResizeTest, SurplusWorkersLeaveAfterTheirTask) {
  const auto scheduler = testing::MakeScheduler(4);
  std::latch entered(4);
  absl::Notification open;
  for (int i = 0; i < 4; ++i) {
    scheduler->Submit([&] {
      entered.count_down();
      open.WaitForNotification();
    });
  }
  entered.wait();
  Crowd crowd;
  for (int i = 0; i < 2000; ++i) scheduler->Submit([&] { crowd.Pass(); });
  EXPECT_TRUE(scheduler->Resize(2).ok());
  open.Notify();
  EXPECT_TRUE(scheduler->WaitAll().ok());
  EXPECT_LE(crowd.most(), 2);
}

// Two chains of nodes, each of which runs in place on its worker.
TEST(ResizeTest, SurplusWorkersLeaveInTheMiddleOfAChain) {
  const auto scheduler = testing::MakeScheduler(2);
  std::latch entered(2);
  absl::Notification open;
  Crowd crowd;
  TaskGraph graph;
  for (int chain = 0; chain < 2; ++chain) {
    auto last = graph.Add([&] {
      entered.count_down();
      open.WaitForNotification();
    });
    for (int i = 0; i < 1000; ++i) {
      auto node = graph.Add([&] { crowd.Pass(); });
      last.Before(node);
      last = node;
    }
  }
  std::thread runner([&] { EXPECT_EQ(scheduler->Run(graph).completed, 2002); });
  entered.wait();
  EXPECT_TRUE(scheduler->Resize(1).ok());
  open.Notify();
  runner.join();
  EXPECT_EQ(crowd.most(), 1);
}

TEST(ResizeTest, BlockedBodiesDoNotKeepAPlace) {
  const auto scheduler = testing::MakeScheduler(4);
  std::latch entered(4);
  absl::Notification open;
  TaskGroup blocked(*scheduler);
  for (int i = 0; i < 4; ++i) {
    blocked.Submit([&] {
      entered.count_down();
      BlockingScope blocking;
      open.WaitForNotification();
    });
  }
  entered.wait();
  for (const int workers : {1, 3, 2}) {
    EXPECT_TRUE(scheduler->Resize(workers).ok());
    ExpectThatManyMeet(*scheduler, workers);
  }
  open.Notify();
  EXPECT_TRUE(blocked.Wait().ok());
}

TEST(ResizeTest, AnotherPoolKeepsItsWorkers) {
  const auto resized = testing::MakeScheduler(6);
  const auto other = testing::MakeScheduler(4);
  testing::Gate gate;
  const auto held = resized->Submit([&] { gate.Pass(); });
  gate.AwaitEntered();
  EXPECT_TRUE(resized->Resize(1).ok());
  ExpectThatManyMeet(*other, 4);
  EXPECT_TRUE(resized->Resize(3).ok());
  ExpectThatManyMeet(*other, 4);
  gate.Open();
  EXPECT_TRUE(held.Get().ok());
}

TEST(ResizeTest, WithoutStealingNothingIsLeftWithAWorkerThatLeaves) {
  SchedulerOptions options;
  options.config.enable_work_stealing = false;
  const auto scheduler = testing::MakeScheduler(8, std::move(options));
  std::atomic<int> ran{0};
  for (int i = 0; i < 8; ++i) {
    scheduler->Submit([&] {
      for (int k = 0; k < 100; ++k) scheduler->Submit([&] { ++ran; });
      EXPECT_TRUE(scheduler->Resize(1).ok());
    });
  }
  EXPECT_TRUE(scheduler->WaitAll().ok());
  EXPECT_EQ(ran, 800);
}

// Random numbers of workers from two threads and from inside tasks, while tasks with
// dependencies come in, wait and block, and in the end while the scheduler shuts down.
class RandomResizes {
 public:
  static constexpr int kRounds = WEFT_SANITIZED ? 8 : 80;
  static constexpr int kTasks = 100;       // a round
  static constexpr int kResizes = 50;      // a round, of each thread
  static constexpr int kMostWorkers = 64;  // tasks add another 25 resizes a round

  explicit RandomResizes(unsigned seed) : seed_(seed), random_(seed) {}

  void Run() {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<std::thread> threads = StartThreads(round);
      SubmitTasks();
      if (round + 1 == kRounds) {
        EXPECT_TRUE(scheduler_->Shutdown().ok()) << "seed " << seed_;
      } else {
        EXPECT_TRUE(group_->Wait().ok()) << "seed " << seed_;
      }
      for (std::thread& thread : threads) thread.join();
      if (round % 20 == 10) ExpectThatManyAreActive(1 + Below(kMostWorkers));
    }
    for (const std::atomic<int>& ran : ran_) EXPECT_EQ(ran, 1) << "seed " << seed_;
    int of_workers = 0;
    counted_.ForEach([&](int count) { of_workers += count; });
    EXPECT_EQ(of_workers, kRounds * kTasks) << "seed " << seed_;
  }

 private:
  int Below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  void Resize(int workers) {
    const absl::Status resized = scheduler_->Resize(workers);
    EXPECT_TRUE(resized.ok() || absl::IsFailedPrecondition(resized)) << resized;
  }

  std::vector<std::thread> StartThreads(int round) {
    std::vector<std::thread> threads;
    for (const unsigned number : {1u, 2u}) {
      threads.emplace_back([this, from = seed_ + 2 * static_cast<unsigned>(round) + number] {
        std::mt19937 random(from);
        std::uniform_int_distribution<int> workers(1, kMostWorkers);
        for (int i = 0; i < kResizes; ++i) Resize(workers(random));
      });
    }
    return threads;
  }

  auto NextBody(int kind) {
    std::atomic<int>& ran = ran_[static_cast<std::size_t>(submitted_++)];
    return [this, &ran, kind, workers = 1 + Below(kMostWorkers)](TaskContext& context) {
      ++ran;
      ++counted_.Get(context);
      if (kind <= 1) Resize(workers);
      if (kind == 2) BlockingScope blocking;
    };
  }

  void SubmitTasks() {
    std::vector<Task<>> tasks;
    for (int i = 0; i < kTasks; ++i) {
      const int kind = Below(8);
      const auto earlier = static_cast<std::size_t>(Below(1 + i));
      if (earlier == static_cast<std::size_t>(i) || kind == 3) {
        tasks.push_back(group_->Submit(NextBody(kind)));
      } else {
        tasks.push_back(group_->Submit(NextBody(kind), After(tasks[earlier])));
      }
      if (kind == 4) SubmitOneThatWaits(tasks.back());
    }
  }

  void SubmitOneThatWaits(const Task<>& earlier) {
    group_->Submit([earlier] { EXPECT_TRUE(earlier.Wait().ok()); });
  }

  void ExpectThatManyAreActive(int workers) {
    Resize(workers);
    ExpectThatManyMeet(*scheduler_, workers);
  }

  const unsigned seed_;
  std::mt19937 random_;
  const std::unique_ptr<TaskScheduler> scheduler_ = testing::MakeScheduler(2);
  const std::unique_ptr<TaskGroup> group_ = std::make_unique<TaskGroup>(*scheduler_);
  WorkerLocal<int> counted_{*scheduler_, [] { return 0; }};
  std::array<std::atomic<int>, static_cast<std::size_t>(kRounds) * kTasks> ran_{};
  int submitted_ = 0;
};

TEST(ResizeTest, TenThousandRandomResizesLoseAndDoubleNothing) { RandomResizes(/*seed=*/17).Run(); }

}  // namespace
}  // namespace weft
