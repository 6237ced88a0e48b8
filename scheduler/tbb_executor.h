// SPDX-License-Identifier: Apache-2.0
//
// Worker threads from oneTBB, in an arena of our own.

#ifndef WEFT_SCHEDULER_TBB_EXECUTOR_H_
#define WEFT_SCHEDULER_TBB_EXECUTOR_H_

#include <memory>

#include "absl/status/statusor.h"

#include "weft/scheduler/task_executor.h"

namespace weft {

// oneTBB moves "pumps", a few long calls of Drain, never single tasks: so its
// queues, its exception rules and its waiting rules do not reach the tasks. A pump
// is started by enqueue, which needs no waiting thread and works with one worker;
// we count the pumps to know when all have ended, not task_group::wait.
//
// Threads that have worked for it are called weft-worker, and weft-spare where they stand
// in for one that blocks.
//
// Thread safety: as TaskExecutor.
// Cost: a StartPump is one enqueue, about 10 us when a thread has to be woken.
class TbbExecutor final : public TaskExecutor {
 public:
  static constexpr int kMaxWorkers = 1024;

  // `workers`: 1 to kMaxWorkers, also more than there are cores. InvalidArgument
  // for another number, ResourceExhausted when oneTBB cannot set up.
  static absl::StatusOr<std::unique_ptr<TbbExecutor>> Create(int workers, WorkerHooks hooks = {});
  ~TbbExecutor() override;

  int width() const override;
  bool drains_in_wait() const override { return false; }
  void Start(WorkSource* source) override;
  bool StartPump(int slot) noexcept override;
  void Stop() override;
  std::int64_t failed_hooks() const override;

 private:
  class Pumps;
  struct Threads;
  TbbExecutor(int workers, WorkerHooks hooks);

  const std::shared_ptr<Pumps> pumps_;
  const std::unique_ptr<Threads> threads_;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_TBB_EXECUTOR_H_
