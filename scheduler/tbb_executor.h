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
// Thread safety: as TaskExecutor.
// Cost: a StartPump is one enqueue, about 10 us when a thread has to be woken.
class TbbExecutor final : public TaskExecutor {
 public:
  static constexpr int kMaxWorkers = 1024;

  // `workers`: 1 to kMaxWorkers, also more than there are cores. InvalidArgument
  // for another number, ResourceExhausted when oneTBB cannot set up.
  static absl::StatusOr<std::unique_ptr<TbbExecutor>> Create(int workers);
  ~TbbExecutor() override;

  int width() const override;
  bool drains_in_wait() const override { return false; }
  void Start(WorkSource* source) override;
  bool StartPump(int slot) noexcept override;
  void Stop() override;

 private:
  class Pumps;
  struct Threads;
  explicit TbbExecutor(int workers);

  const std::shared_ptr<Pumps> pumps_;
  const std::unique_ptr<Threads> threads_;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_TBB_EXECUTOR_H_
