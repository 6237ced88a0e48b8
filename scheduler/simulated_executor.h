// SPDX-License-Identifier: Apache-2.0
//
// Many workers on one thread, in virtual time: a run that a seed repeats exactly.

#ifndef WEFT_SCHEDULER_SIMULATED_EXECUTOR_H_
#define WEFT_SCHEDULER_SIMULATED_EXECUTOR_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"

#include "weft/core/virtual_clock.h"
#include "weft/scheduler/task_executor.h"

namespace weft {

// To see a schedule that a race would need, to repeat a failure, or to learn how long a graph
// takes on more cores than the machine has.
//
//   weft::VirtualClock clock;
//   auto executor = weft::SimulatedExecutor::Create(/*seed=*/7, /*workers=*/16, clock);
//   auto scheduler = weft::TaskScheduler::Create({.executor = *std::move(executor)});
//
// The workers take tasks by the same code as the threads of a pool do: lanes, their own deques,
// stealing. A task takes as long as its cost says, else as its kind has taken so far, else 1 us;
// what ends unrun takes no time, unless a worker has it already, which is then busy until its
// virtual time is over, as with a body that does not look whether it is to stop. Who is asked
// first, from whom a worker steals, and which of two that end at the same time does so first: the
// seed decides. With the same seed, and the same calls from one thread, the same bodies run in the
// same order, as the same workers, at the same virtual times.
//
// A body runs as a whole, in the thread that waits, when its virtual time is over: so it sees on
// the clock when it ends. What a body that waits runs inside itself, or a graph that it runs,
// takes its worker's time after it.
//
// Deadlines of waits are real time.
//
// Thread safety: as TaskExecutor.
// Cost: O(workers) for each task.
class SimulatedExecutor final : public TaskExecutor {
 public:
  static constexpr int kMaxWorkers = 1024;

  // `clock` outlives the scheduler; it moves on to the end of each task. `time_of`: how long a task
  // takes, by its name, or ""; null: as said above.
  //   InvalidArgument: not 1 to kMaxWorkers
  using TimeOf = std::function<absl::Duration(std::string_view name)>;
  static absl::StatusOr<std::unique_ptr<SimulatedExecutor>> Create(std::uint64_t seed, int workers,
                                                                   VirtualClock& clock,
                                                                   TimeOf time_of = nullptr);

  int width() const override { return workers_; }
  bool drains_in_wait() const override { return true; }
  const Simulation* simulation() const override { return &simulation_; }
  void Start(WorkSource*) override {}
  bool StartPump(int) noexcept override { return false; }
  void Stop() override {}

 private:
  SimulatedExecutor(int workers, const Simulation& simulation)
      : workers_(workers), simulation_(simulation) {}

  const int workers_;
  const Simulation simulation_;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_SIMULATED_EXECUTOR_H_
