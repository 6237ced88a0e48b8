// SPDX-License-Identifier: Apache-2.0
//
// One expectation, many engines: scheduler cases run inline, with simulated workers, with 1, 2
// and 8 workers, and with threads of a pool.

#ifndef WEFT_TESTS_TESTING_ENGINES_H_
#define WEFT_TESTS_TESTING_ENGINES_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "weft/core/clock.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/simulated_executor.h"
#include "weft/scheduler/task_executor.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/tbb_executor.h"
#include "weft/scheduler/thread_pool.h"

namespace weft::testing {

inline constexpr int kInline = 0;
inline constexpr int kSimulated = -3;  // so many workers
inline constexpr int kPool = 10'000;   // and so many workers, on threads of a ThreadPool

// The clock of simulated workers, which outlives every scheduler.
inline VirtualClock& SimulatedTime() {
  static VirtualClock& clock = *new VirtualClock;
  return clock;
}

// `seed`: of simulated workers.
inline std::unique_ptr<TaskExecutor> MakeSimulatedExecutor(int workers, std::uint64_t seed = 1) {
  auto executor = SimulatedExecutor::Create(seed, workers, SimulatedTime());
  EXPECT_TRUE(executor.ok()) << executor.status();
  return *std::move(executor);
}

inline std::unique_ptr<ThreadPool> MakePool(ThreadPoolOptions options) {
  auto pool = ThreadPool::Create(std::move(options));
  EXPECT_TRUE(pool.ok()) << pool.status();
  return *std::move(pool);
}

inline std::unique_ptr<TaskScheduler> MakeScheduler(int workers, SchedulerOptions options = {}) {
  options.config.parallel = workers != kInline;
  if (workers > kPool) {
    workers -= kPool;
    if (options.executor == nullptr) {
      options.executor = MakePool(
          {.threads = workers, .hooks = std::exchange(options.worker_hooks, WorkerHooks{})});
    }
  }
  if (workers < 0 && options.executor == nullptr) {
    options.executor = MakeSimulatedExecutor(-workers);
  }
  options.config.num_workers = std::max(workers, 0);
  auto scheduler = TaskScheduler::Create(std::move(options));
  EXPECT_TRUE(scheduler.ok()) << scheduler.status();
  return *std::move(scheduler);
}

// One whose times are those of `clock`.
inline std::unique_ptr<TaskScheduler> MakeTimedScheduler(int workers, Clock& clock) {
  SchedulerOptions options;
  options.clock = &clock;
  return MakeScheduler(workers, std::move(options));
}

// One that waits for oneTBB's threads for ever: none of ours comes in the place of a late one.
inline std::unique_ptr<TaskScheduler> MakePatientScheduler(int workers, WorkerHooks hooks = {},
                                                           SchedulerOptions options = {}) {
  if (workers > kPool) {
    options.worker_hooks = std::move(hooks);
    return MakeScheduler(workers, std::move(options));
  }
  options.executor =
      *TbbExecutor::Create(workers, std::move(hooks), /*patience=*/absl::InfiniteDuration());
  return MakeScheduler(workers, std::move(options));
}

// Thread safety: one test at a time.
class EngineTest : public ::testing::TestWithParam<int> {
 protected:
  // Of the scheduler's own; else those that wait are all there is.
  bool has_threads() const { return GetParam() > kInline; }
  int threads() const { return std::max(GetParam(), 0) % kPool; }

  std::unique_ptr<TaskScheduler> scheduler_ = MakeScheduler(GetParam());
};

inline std::string EngineName(const ::testing::TestParamInfo<int>& info) {
  if (info.param < 0) return "Simulated" + std::to_string(-info.param);
  if (info.param > kPool) return "Pool" + std::to_string(info.param - kPool);
  return info.param == kInline ? "Inline" : "Workers" + std::to_string(info.param);
}

// A body that has started and does not end before it is told to.
//
// Thread safety: every method may be called from any thread.
class Gate {
 public:
  void Pass() {
    entered_.Notify();
    open_.WaitForNotification();
  }
  void AwaitEntered() { entered_.WaitForNotification(); }
  void Open() { open_.Notify(); }

 private:
  absl::Notification entered_;
  absl::Notification open_;
};

// Bodies that have begun on all workers of a scheduler and keep them until they are let go:
// what is submitted meanwhile stays ready.
//
// Thread safety: one thread.
class BusyWorkers {
 public:
  BusyWorkers(TaskScheduler& scheduler, int workers) : entered_(workers), group_(scheduler) {
    for (int i = 0; i < workers; ++i) {
      group_.Submit([this] {
        entered_.DecrementCount();
        open_.WaitForNotification();
      });
    }
    entered_.Wait();
  }
  BusyWorkers(const BusyWorkers&) = delete;
  BusyWorkers& operator=(const BusyWorkers&) = delete;
  ~BusyWorkers() {
    if (!open_.HasBeenNotified()) LetGo();
  }

  // Once.
  void LetGo() { open_.Notify(); }

 private:
  absl::BlockingCounter entered_;
  absl::Notification open_;
  TaskGroup group_;  // last: its end waits for the bodies, which use the others
};

}  // namespace weft::testing

// Runs the cases of `fixture`, which derives from EngineTest, on every engine.
#define WEFT_ON_ALL_ENGINES(fixture)                                                    \
  INSTANTIATE_TEST_SUITE_P(                                                             \
      Engines, fixture,                                                                 \
      ::testing::Values(::weft::testing::kInline, ::weft::testing::kSimulated, 1, 2, 8, \
                        ::weft::testing::kPool + 2),                                    \
      ::weft::testing::EngineName)
// The same for cases that need threads of the scheduler's own.
#define WEFT_ON_THREADED_ENGINES(fixture)                                          \
  INSTANTIATE_TEST_SUITE_P(Engines, fixture,                                       \
                           ::testing::Values(1, 2, 8, ::weft::testing::kPool + 2), \
                           ::weft::testing::EngineName)

#endif  // WEFT_TESTS_TESTING_ENGINES_H_
