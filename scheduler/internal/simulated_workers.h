// SPDX-License-Identifier: Apache-2.0
//
// The workers of a SimulatedExecutor: which of them has taken what, until when in virtual time.
//
// Event-driven list scheduling: Graham, "Bounds on multiprocessing timing anomalies", SIAM J.
// Applied Mathematics 17 (1969), with the choices of the run loop instead of a list.

#ifndef WEFT_SCHEDULER_INTERNAL_SIMULATED_WORKERS_H_
#define WEFT_SCHEDULER_INTERNAL_SIMULATED_WORKERS_H_

#include <cstdint>
#include <functional>
#include <random>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "weft/core/internal/platform.h"
#include "weft/core/virtual_clock.h"
#include "weft/distribution/cost_model.h"
#include "weft/scheduler/internal/graph.h"
#include "weft/scheduler/internal/run_loop.h"
#include "weft/scheduler/internal/simulation_host.h"
#include "weft/scheduler/internal/task_extras.h"
#include "weft/scheduler/internal/timers.h"
#include "weft/scheduler/task_executor.h"

namespace weft::internal {

// Thread safety: one thread at a time; HasTaken any.
// Cost: O(workers) a task.
class SimulatedWorkers {
 public:
  // `loop` and `timers` outlive it. Throws std::bad_alloc.
  // Null `timers`: they are on another clock.
  SimulatedWorkers(RunLoop<StdPlatform>& loop, Timers* timers, const Simulation& simulation,
                   const CostModel& costs, SimulationHost& host);

  struct Turn {
    int slot = 0;
    ReadyNode* node = nullptr;  // null: no worker has anything to do
  };
  // Idle workers take what is ready; then the clock moves on to the end of the task that ends
  // first, and fires the timers that are due before. The caller runs it, as that worker, and tells
  // what comes of it.
  // At most `most` workers are at work.
  Turn Next(int most);
  // For who has nothing to run: the clock moves on to the first timer, and fires it. False: there
  // is none.
  bool PassTime();
  // `successor`: what the worker goes on with, in place; null: nothing.
  void HasEnded(int slot, ReadyNode* successor);
  // The worker whose turn it is runs that, too; or a task that it has claimed already.
  void Spend(ReadyNode& node);
  void SpendOnTask(const EngineTask& task);
  const Clock& clock() const { return clock_; }
  // When it began with what it runs.
  absl::Duration begin() const { return begin_; }

  // Whether a worker has something that has not ended.
  bool HasTaken() const { return taken_.load(std::memory_order_acquire) > 0; }
  // Calls visit(ReadyNode&) with each of these.
  template <class F>
  void ForEachTaken(F visit) const {
    for (const Job& job : jobs_) {
      if (job.node != nullptr) visit(*job.node);
    }
  }

 private:
  // What a worker does until `end`; with no node it has spent that time already.
  struct Job {
    bool idle = true;
    ReadyNode* node = nullptr;
    absl::Duration begin;
    absl::Duration end;
    std::uint64_t tie = 0;  // of those that end together, the lowest ends first
    RunLoop<StdPlatform>::Shift shift = {};
  };

  absl::Duration TimeOf(ReadyNode& node) const;
  absl::Duration TimeOfTask(const EngineTask& task) const;
  absl::Duration FirstTimer() const;
  void Spend(absl::Duration time);
  void Take(Job& job, ReadyNode& node, absl::Duration begin);
  void GiveWork(int most);
  ReadyNode* Find(Job& job, int slot);
  Job* FirstToEnd();

  RunLoop<StdPlatform>& loop_;
  Timers* const timers_;
  const CostModel& costs_;
  SimulationHost& host_;
  const std::function<absl::Duration(std::string_view name)> time_of_;
  VirtualClock& clock_;
  std::mt19937_64 random_;
  absl::Duration begin_;
  absl::Duration spent_;
  std::vector<Job> jobs_;              // by slot
  std::vector<int> idle_;              // slots, in the order in which they are asked
  StdPlatform::Atomic<int> taken_{0};  // jobs with a node
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_SIMULATED_WORKERS_H_
