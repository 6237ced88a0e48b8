// SPDX-License-Identifier: Apache-2.0
//
// The seam between what is ready and who runs it.

#ifndef WEFT_SCHEDULER_TASK_EXECUTOR_H_
#define WEFT_SCHEDULER_TASK_EXECUTOR_H_

namespace weft {

// Where an executor's threads find work: a scheduler.
//
// Thread safety: Drain from any thread, with a different slot on each.
class WorkSource {
 public:
  virtual ~WorkSource() = default;

  // Runs ready tasks on this thread, as worker `slot`, until none is ready.
  // Never throws: whatever a body throws ends in that task's result.
  virtual void Drain(int slot) noexcept = 0;
};

// Supplies the threads that drain a WorkSource. One executor serves one scheduler.
//
// Thread safety: Start and Stop from one thread; Wake from any, also from
// inside Drain. During Stop it may still bring threads, after it it does nothing.
class TaskExecutor {
 public:
  virtual ~TaskExecutor() = default;

  // How many threads drain at most: slots are 0 to width() - 1. At least 1.
  virtual int width() const = 0;

  // True: there are no threads of its own; whoever waits for tasks drains.
  virtual bool drains_in_wait() const = 0;

  // Called once, before the first Wake. `source` outlives the call of Stop.
  virtual void Start(WorkSource* source) = 0;

  // `count` more tasks are ready. At least one thread will look for them after
  // this call; up to `count` will if fewer than width() are draining.
  virtual void Wake(int count) = 0;

  // Blocks until no thread is inside Drain, and lets none enter it again.
  virtual void Stop() = 0;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_TASK_EXECUTOR_H_
