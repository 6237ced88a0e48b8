// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_BENCH_SCHEDULER_MAKE_SCHEDULER_H_
#define WEFT_BENCH_SCHEDULER_MAKE_SCHEDULER_H_

#include <memory>
#include <utility>

#include "weft/scheduler/task_scheduler.h"

namespace weft::bench {

// So many workers; the thread that waits for them does not work.
inline std::unique_ptr<TaskScheduler> MakeScheduler(int threads, SchedulerOptions options = {}) {
  options.config.num_workers = threads;
  return TaskScheduler::Create(std::move(options)).value();
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_SCHEDULER_MAKE_SCHEDULER_H_
