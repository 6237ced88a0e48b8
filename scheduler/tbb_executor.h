// SPDX-License-Identifier: Apache-2.0
//
// Worker threads from oneTBB, in an arena of our own.

#ifndef WEFT_SCHEDULER_TBB_EXECUTOR_H_
#define WEFT_SCHEDULER_TBB_EXECUTOR_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "weft/scheduler/task_executor.h"

namespace weft {

namespace internal {
class Pumps;
}  // namespace internal

// oneTBB moves "pumps", a few long calls of Drain, never single tasks: so its
// queues, its exception rules and its waiting rules do not reach the tasks. A pump
// is started by enqueue, which needs no waiting thread and works with one worker;
// we count the pumps to know when all have ended, not task_group::wait.
//
// Where a pump has not been begun for long, for the host has taken oneTBB's threads or allows
// fewer, a thread of ours begins it.
//
// Threads that work for it are called weft-worker, and weft-spare where they stand in for
// one that blocks; the one that watches for late pumps, weft-watch.
//
// Resize makes another arena (docs/decisions/0011). Threads of oneTBB that blocked bodies hold
// count among those of the smaller width: pumps may be late then.
//
// Thread safety: as TaskExecutor.
// Cost: a StartPump is one enqueue, about 10 us when a thread has to be woken. The thread
// that watches wakes ten times a second while pumps are started, and not at all otherwise.
class TbbExecutor final : public TaskExecutor {
 public:
  static constexpr int kMaxWorkers = 1024;

  // Enough for a thread that is only slow to come, and little for a person.
  static constexpr absl::Duration kPatience = absl::Milliseconds(100);

  // `workers`: 1 to kMaxWorkers, also more than there are cores. `patience`: how long oneTBB
  // may take to begin a pump; infinite: as long as it takes. InvalidArgument for another number,
  // or no patience; ResourceExhausted when oneTBB cannot set up.
  static absl::StatusOr<std::unique_ptr<TbbExecutor>> Create(int workers, WorkerHooks hooks = {},
                                                             absl::Duration patience = kPatience);
  ~TbbExecutor() override;

  int width() const override;
  absl::Status Resize(int width) override;
  int max_width() const override { return kMaxWorkers; }
  bool drains_in_wait() const override { return false; }
  void Start(WorkSource* source) override;
  bool StartPump(int slot) noexcept override;
  void Stop() override;
  std::int64_t failed_hooks() const override;
  std::int64_t late_pumps() const override;

 private:
  struct Threads;
  TbbExecutor(int workers, WorkerHooks hooks, absl::Duration patience);

  const std::shared_ptr<internal::Pumps> pumps_;
  const std::unique_ptr<Threads> threads_;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_TBB_EXECUTOR_H_
