// SPDX-License-Identifier: Apache-2.0
//
// A scheduler of simulated workers whose bodies note what they see.

#ifndef WEFT_TESTS_SCHEDULER_SIMULATED_H_
#define WEFT_TESTS_SCHEDULER_SIMULATED_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "weft/core/task_context.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/simulated_executor.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {

// What a body saw.
struct Step {
  int what = 0;
  int worker = 0;
  absl::Duration end;

  bool operator==(const Step&) const = default;
};
using Trace = std::vector<Step>;

// Thread safety: one thread, the one that waits.
class Simulated {
 public:
  Simulated(std::uint64_t seed, int workers, bool steals = true) {
    SchedulerOptions options;
    options.config.enable_work_stealing = steals;
    options.executor = *SimulatedExecutor::Create(seed, workers, clock_);
    options.clock = &clock_;
    options.record_times = true;
    scheduler_ = *TaskScheduler::Create(std::move(options));
  }

  TaskScheduler& operator*() { return *scheduler_; }
  TaskScheduler* operator->() { return scheduler_.get(); }
  auto Body(int what) {
    return [this, what](TaskContext& context) {
      trace_.push_back({what, context.worker(), clock_.Now()});
    };
  }
  const Trace& trace() const { return trace_; }
  absl::Duration now() const { return clock_.Now(); }

 private:
  VirtualClock clock_;
  Trace trace_;
  std::unique_ptr<TaskScheduler> scheduler_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_SCHEDULER_SIMULATED_H_
