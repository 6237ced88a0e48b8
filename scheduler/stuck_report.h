// SPDX-License-Identifier: Apache-2.0
//
// What has not ended, and what it waits for: for who wonders why nothing goes on.

#ifndef WEFT_SCHEDULER_STUCK_REPORT_H_
#define WEFT_SCHEDULER_STUCK_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/task_id.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/run_summary.h"

namespace weft {

// Thread safety: a plain value.
struct StuckTask {
  struct Reason {
    enum class Kind : std::uint8_t {
      kTask,      // a task that has not ended
      kName,      // a name that nobody has given a task
      kGroup,     // a body that waits for a group: `count` of its tasks have not ended
      kGraph,     // a body that waits for the run of a graph: `count` nodes
      kResource,  // it is ready, and there are not `count` units of that resource for it
      kMemory,    // the same with `count` bytes
      // What holds back all that is ready, where nothing of its own does:
      kInFlight,  // `count` tasks, parked ones with them, are as many as may be in flight
      kOneByOne,  // too much memory is in use: one task at a time
      kThreads,   // it may block, and all `count` threads for such tasks are taken
    };
    Kind kind = Kind::kTask;
    TaskId task = {};
    std::string name = {};  // of the task or the resource, or that name
    std::int64_t count = 0;
  };
  static constexpr std::size_t kReasonsLimit = 10;

  TaskId id = {};
  std::string name = {};  // empty when it has none
  TaskState state = TaskState::kPending;
  bool is_node = false;  // of a graph
  // The first of them. Of a running body: what it waits for inside.
  std::vector<Reason> waits_for = {};
  std::int64_t waits_for_count = 0;
  // How long it has been as it is; InfiniteDuration: SchedulerOptions::record_runs is off.
  absl::Duration since = absl::InfiniteDuration();
  absl::Duration wakes_in = {};  // parked: until it is tried again
};

// What one look at a scheduler shows while it goes on. Each task is as it was at one moment, not
// all at the same.
//
// Thread safety: a plain value.
struct StuckReport {
  static constexpr std::size_t kListedLimit = RunSummary::kListedLimit;

  // OK, or why this is not the whole story: FailedPrecondition in a forked child,
  // ResourceExhausted when there was no memory for all of it.
  absl::Status status;

  // Tasks of all groups, and, where runs are recorded, nodes of graphs that are ready or run.
  std::int64_t pending = 0;
  std::int64_t ready = 0;
  std::int64_t running = 0;
  std::int64_t parked = 0;
  std::int64_t graph_runs = 0;  // under way

  // First those that run, then parked, ready and pending ones; where not all fit, each state may have
  // a quarter of the list, and what another leaves. Only counted are tasks that waited for nothing
  // when they came, have no options, and whose id nobody has asked for, unless somebody observes,
  // records or watches.
  std::vector<StuckTask> tasks;

  absl::Duration quiet_for;  // told by a watchdog: for at least so long nothing has ended

  std::int64_t unfinished() const { return pending + ready + running + parked; }
  // For people: a line for each task.
  std::string ToString() const;
};

// Calls `report` when nothing has ended for `after`, although something that was there all the
// while has not: after that time, or up to twice as long. Once, and again when something has ended
// since. On a thread of its own, which sleeps meanwhile and is there from the beginning; not in a
// forked child. The report may use the scheduler, but not destroy it. What it throws is counted
// (TaskScheduler::failed_events).
//
// Thread safety: handed over whole.
struct Watchdog {
  absl::Duration after = absl::InfiniteDuration();  // of the scheduler's clock
  std::function<void(const StuckReport&)> report = nullptr;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_STUCK_REPORT_H_
