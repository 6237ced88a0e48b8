// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/make_scheduler.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

#include "weft/core/parallel_processing_config.h"
#include "weft/distribution/topology.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/sync/terminal_text.h"
#include "weft/tools/report.h"

namespace weft::tools {

absl::StatusOr<std::unique_ptr<TaskScheduler>> MakeScheduler(ParallelProcessingConfig config,
                                                             TaskObserver* observer,
                                                             std::string history_path) {
  if (config.parallel && config.num_workers == 0) {
    const Topology topology = ReadTopology();
    for (const std::string& warning : topology.warnings) {
      Report("warning: " + MakePrintable(warning));
    }
    config.num_workers = std::min(topology.usable_workers, ParallelProcessingConfig::kMaxWorkers);
  }
  return TaskScheduler::Create(SchedulerOptions{
      .config = config, .observer = observer, .history_path = std::move(history_path)});
}

}  // namespace weft::tools
