// SPDX-License-Identifier: Apache-2.0
//
// One expectation about time, many engines: each with a virtual clock of its own.

#ifndef WEFT_TESTS_TESTING_TIMED_ENGINE_H_
#define WEFT_TESTS_TESTING_TIMED_ENGINE_H_

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/run_summary.h"
#include "weft/scheduler/simulated_executor.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {

// On the clock of `clock`, which simulated workers move themselves.
inline std::unique_ptr<TaskScheduler> MakeVirtualScheduler(int workers, VirtualClock& clock,
                                                           SchedulerOptions options = {}) {
  options.clock = &clock;
  if (workers < 0) options.executor = *SimulatedExecutor::Create(/*seed=*/1, -workers, clock);
  return MakeScheduler(workers, std::move(options));
}

// Moves a clock on, in small steps, for as long as it lives.
//
// Thread safety: one thread.
class MovingClock {
 public:
  explicit MovingClock(VirtualClock& clock, absl::Duration step = absl::Seconds(5))
      : mover_([this, &clock, step] {
          while (!ending_.load()) {
            clock.Advance(step);
            std::this_thread::yield();
          }
        }) {}
  MovingClock(const MovingClock&) = delete;
  MovingClock& operator=(const MovingClock&) = delete;
  ~MovingClock() {
    ending_.store(true);
    mover_.join();
  }

 private:
  std::atomic<bool> ending_{false};
  std::thread mover_;
};

// Thread safety: one test at a time.
class TimedEngineTest : public ::testing::TestWithParam<int> {
 protected:
  bool simulated() const { return GetParam() < 0; }
  int threads() const { return std::max(GetParam(), 0) % kPool; }
  // Calls `wait` while the clock moves.
  template <class F>
  auto WhileTimePasses(F wait) {
    if (simulated()) return wait();
    const MovingClock moving(clock_);
    return wait();
  }
  RunSummary Finish(TaskGroup& group) {
    return WhileTimePasses([&group] { return group.Wait(); });
  }

  VirtualClock clock_;
  std::unique_ptr<TaskScheduler> scheduler_ = MakeVirtualScheduler(GetParam(), clock_);
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_TESTING_TIMED_ENGINE_H_
