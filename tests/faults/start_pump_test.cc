// SPDX-License-Identifier: Apache-2.0
//
// Threads that cannot be had when they are needed, now or ever.

#include <atomic>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/tbb_executor.h"

namespace weft {
namespace {

// oneTBB's workers, but for the next `refusals` that are asked for.
//
// Thread safety: as TaskExecutor; SetRefusals any thread.
class RefusingExecutor final : public TaskExecutor {
 public:
  explicit RefusingExecutor(int workers) : inner_(*TbbExecutor::Create(workers)) {}

  void SetRefusals(int refusals) { refusals_ = refusals; }
  int refused() const { return refused_; }

  int width() const override { return inner_->width(); }
  bool drains_in_wait() const override { return false; }
  void Start(WorkSource* source) override { inner_->Start(source); }
  bool StartPump(int slot) noexcept override {
    if (refusals_.fetch_sub(1) > 0) {
      ++refused_;
      return false;
    }
    return inner_->StartPump(slot);
  }
  void Stop() override { inner_->Stop(); }

 private:
  const std::unique_ptr<TbbExecutor> inner_;
  std::atomic<int> refusals_{0};
  std::atomic<int> refused_{0};
};

class RefusedThreads : public ::testing::Test {
 protected:
  explicit RefusedThreads(int workers) {
    auto executor = std::make_unique<RefusingExecutor>(workers);
    executor_ = executor.get();
    SchedulerOptions options;
    options.executor = std::move(executor);
    scheduler_ = *TaskScheduler::Create(std::move(options));
  }

  RefusingExecutor* executor_ = nullptr;
  std::unique_ptr<TaskScheduler> scheduler_;
};
class StartPumpTest : public RefusedThreads, public ::testing::WithParamInterface<int> {
 protected:
  StartPumpTest() : RefusedThreads(GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(Engines, StartPumpTest, ::testing::Values(1, 2, 8), testing::EngineName);

constexpr int kEver = 1'000'000;

TEST_P(StartPumpTest, WhoWaitsFromOutsideTriesAgain) {
  for (const int refusals : {1, 2, 5}) {
    executor_->SetRefusals(refusals);
    EXPECT_EQ(scheduler_->Submit([] { return 1; }).Get().value_or(0), 1);
  }
  EXPECT_GE(executor_->refused(), 8);
}

// The waiter sleeps already when the start fails that it needs.
TEST_P(StartPumpTest, WhoSleepsAlreadyTriesAgain) {
  testing::Gate gate;
  const Task<> first = scheduler_->Submit([&] {
    const BlockingScope blocking;
    gate.Pass();
  });
  gate.AwaitEntered();
  absl::Notification ran;
  const Task<> second = scheduler_->Submit([&] { ran.Notify(); }, After(first));
  executor_->SetRefusals(2);
  const Task<> third = scheduler_->Submit([] {});
  EXPECT_TRUE(third.Wait().ok());
  gate.Open();
  EXPECT_TRUE(second.Wait().ok());
}

// A body that blocks needs another worker, which comes at the second or third attempt.
TEST_P(StartPumpTest, WhoWaitsInsideTriesAgain) {
  const Task<int> outer = scheduler_->Submit([&] {
    const Task<int> inner = scheduler_->Submit({.priority = 5}, [] { return 1; });
    const Task<int> behind = scheduler_->Submit([](const int& x) { return x + 1; }, inner);
    executor_->SetRefusals(2);
    return behind.Get().value_or(-1);
  });
  EXPECT_EQ(outer.Get().value_or(0), 2);
}

TEST_P(StartPumpTest, ARunInsideATaskTriesAgain) {
  TaskGraph graph;
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) graph.Add([&ran] { ++ran; });
  const Task<> outer = scheduler_->Submit([&] {
    executor_->SetRefusals(2);
    return scheduler_->Run(graph).status;
  });
  EXPECT_TRUE(outer.Get().ok()) << outer.Get();
  EXPECT_EQ(ran, 100);
}

// Where none comes at all, the last body that could do something is told so.
class OnlyWorkerTest : public RefusedThreads {
 protected:
  OnlyWorkerTest() : RefusedThreads(1) {}
};

TEST_F(OnlyWorkerTest, WithoutAnotherThreadAWaitInsideIsRefused) {
  TaskGraph graph;
  std::atomic<int> ran{0};
  graph.Add([&ran] { ++ran; });
  absl::Status waited;
  absl::Status run;
  const Task<> outer = scheduler_->Submit([&] {
    const Task<> inner = scheduler_->Submit({.priority = 5}, [&ran] { ++ran; });
    const Task<> behind = scheduler_->Submit([&ran] { ++ran; }, After(inner));
    executor_->SetRefusals(kEver);
    waited = behind.Wait();
    run = scheduler_->Run(graph).status;
  });
  EXPECT_TRUE(outer.Wait().ok());
  EXPECT_TRUE(absl::IsResourceExhausted(waited)) << waited;
  EXPECT_TRUE(absl::IsResourceExhausted(run)) << run;
  executor_->SetRefusals(0);
  EXPECT_TRUE(scheduler_->WaitAll().status.ok());
  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(scheduler_->Run(graph).ok());  // it was not begun
  EXPECT_EQ(ran, 3);
}

}  // namespace
}  // namespace weft
