// SPDX-License-Identifier: Apache-2.0
//
// Each task depends on the one before. Building is part of it, on every side.

#include <cstddef>
#include <functional>
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
    for (std::size_t i = 0; i < counters.size(); ++i) {
      graph.Add([&counters, i] { counters.Hit(i); });
      if (i > 0) graph.Connect(i - 1, i);
    }
    graph.Run();
  };
}

RunOnce Weft(int threads) {
  SchedulerOptions options;
  options.config.num_workers = threads;
  std::shared_ptr<TaskScheduler> scheduler = TaskScheduler::Create(std::move(options)).value();
  return [scheduler](Counters& counters) {
    TaskGroup group(*scheduler);
    Task<> last = group.Submit([&counters] { counters.Hit(0); });
    for (std::size_t i = 1; i < counters.size(); ++i) {
      last = group.Submit([&counters, i] { counters.Hit(i); }, last);
    }
    group.Wait();
  };
}

// task_group has no dependencies: each task starts the next.
RunOnce TbbTaskGroup(int threads) {
  auto control = std::make_shared<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                       static_cast<std::size_t>(threads));
  return [control](Counters& counters) {
    tbb::task_group group;
    std::function<void(std::size_t)> step = [&](std::size_t i) {
      counters.Hit(i);
      if (i + 1 < counters.size()) group.run([&step, i] { step(i + 1); });
    };
    group.run([&step] { step(0); });
    group.wait();
  };
}

}  // namespace

void RegisterChain() {
  Register("chain", "serial", 1, Serial);
  for (const int threads : {1, 2}) {
    Register("chain", "weft", threads, Weft);
    Register("chain", "tbb_task_group", threads, TbbTaskGroup);
  }
}

}  // namespace weft::bench
