// SPDX-License-Identifier: Apache-2.0
//
// The seam between what is ready and who runs it.

#ifndef WEFT_SCHEDULER_TASK_EXECUTOR_H_
#define WEFT_SCHEDULER_TASK_EXECUTOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace weft {

class VirtualClock;

// Where an executor's threads find work: a scheduler.
//
// Thread safety: Drain from any thread, with a different slot on each.
class WorkSource {
 public:
  virtual ~WorkSource() = default;

  // Runs ready tasks on this thread until none is ready, as worker `slot`. Never
  // throws: whatever a body throws ends in that task's result.
  virtual void Drain(int slot) noexcept = 0;
};

// What a thread of an executor does before and after it works for a scheduler: set a
// priority, join a profiler, make a library ready. Called in pairs on that thread, which
// may come and go many times. What they throw is counted and goes no further.
//
// Thread safety: called on several threads at once.
struct WorkerHooks {
  std::function<void()> start = nullptr;
  std::function<void()> stop = nullptr;
};

// What workers that do not exist are simulated by.
//
// Thread safety: a plain value.
struct Simulation {
  std::uint64_t seed = 0;
  VirtualClock* clock = nullptr;
  // How long a task takes, by its name, or "". Null: as long as its cost says.
  std::function<absl::Duration(std::string_view name)> time_of = nullptr;
};

// Supplies the threads that drain a WorkSource. The source says how many are needed: it
// keeps the slots, and never has more than width() threads at work; more only while
// bodies block (BlockingScope), at most 256, and after a Resize to less, until each that is
// too many has ended its task. One executor serves one scheduler.
//
// Thread safety: Start and Stop from one thread; the rest from any, also from inside Drain.
class TaskExecutor {
 public:
  virtual ~TaskExecutor() = default;

  // How many threads are at work at most. At least 1.
  virtual int width() const = 0;

  // Changes width(), to at most max_width(). Called by one thread at a time, while others
  // call StartPump. Errors leave it as it was:
  //   FailedPrecondition: it is fixed
  //   InvalidArgument: not a possible width
  //   ResourceExhausted: the machine does not give as much
  virtual absl::Status Resize(int width) {
    return absl::FailedPreconditionError("cannot change the number of workers to " +
                                         std::to_string(width) + ": this executor's is fixed");
  }
  // Constant.
  virtual int max_width() const { return width(); }

  // True: there are no threads of its own; whoever waits for tasks drains.
  virtual bool drains_in_wait() const = 0;
  // Of those executors: not null when whoever drains does so as width() workers by turns.
  // Constant.
  virtual const Simulation* simulation() const { return nullptr; }

  // Called once, before the first StartPump. `source` outlives the call of Stop.
  virtual void Start(WorkSource* source) = 0;

  // Brings a thread, soon, that calls Drain(slot) once. False: it cannot, or has been
  // stopped.
  virtual bool StartPump(int slot) noexcept = 0;

  // Blocks until no thread is inside Drain, and lets none enter it again.
  virtual void Stop() = 0;

  // How many calls of WorkerHooks have thrown.
  virtual std::int64_t failed_hooks() const { return 0; }

  // How many pumps came so late from where the threads are that one of another kind was
  // brought. Those that stand in for blocked bodies are not among them.
  virtual std::int64_t late_pumps() const { return 0; }
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_TASK_EXECUTOR_H_
