// SPDX-License-Identifier: Apache-2.0
//
// Tasks without dependencies, submitted one by one from one thread, then waited for.
// Building and destroying the tasks is part of it, on every side.

#include <cstddef>
#include <memory>
#include <utility>

#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/task_group.h"

#include "bench/baselines/serial.h"
#include "bench/workload.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::bench {
namespace {

RunOnce Serial(int) {
  return [](Counters& counters) {
    SerialGraph graph;
    for (std::size_t i = 0; i < counters.size(); ++i)
      graph.Add([&counters, i] { counters.Hit(i); });
    graph.Run();
  };
}

RunOnce Weft(int threads) {
  SchedulerOptions options;
  options.config.num_workers = threads;
  std::shared_ptr<TaskScheduler> scheduler = TaskScheduler::Create(std::move(options)).value();
  return [scheduler](Counters& counters) {
    TaskGroup group(*scheduler);
    for (std::size_t i = 0; i < counters.size(); ++i) {
      group.Submit([&counters, i] { counters.Hit(i); });
    }
    group.Wait();
  };
}

RunOnce TbbTaskGroup(int threads) {
  auto control = std::make_shared<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                       static_cast<std::size_t>(threads));
  return [control](Counters& counters) {
    tbb::task_group group;
    for (std::size_t i = 0; i < counters.size(); ++i) {
      group.run([&counters, i] { counters.Hit(i); });
    }
    group.wait();
  };
}

}  // namespace

void RegisterIndependent() {
  Register("independent", "serial", 1, Serial);
  for (const int threads : {1, 2}) {
    Register("independent", "weft", threads, Weft);
    Register("independent", "tbb_task_group", threads, TbbTaskGroup);
  }
}

}  // namespace weft::bench
