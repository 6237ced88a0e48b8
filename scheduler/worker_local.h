// SPDX-License-Identifier: Apache-2.0
//
// One object per worker, for what is dear to make and must not be shared: parsers,
// buffers, connections.

#ifndef WEFT_SCHEDULER_WORKER_LOCAL_H_
#define WEFT_SCHEDULER_WORKER_LOCAL_H_

#include <cassert>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "weft/core/task_context.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {

// Makes a T for a worker when that worker first asks.
//
// Thread safety: Get from any body of the scheduler; everything else when no body
// uses it. A body that waits inside (Wait, Get, ParallelMap) may find that another
// body has used its T meanwhile: do not keep state in it across a wait.
// Cost: Get is an index and a branch.
template <class T>
class WorkerLocal {
 public:
  explicit WorkerLocal(
      const TaskScheduler& scheduler, std::function<T()> make = [] { return T(); })
      : make_(std::move(make)), slots_(static_cast<std::size_t>(scheduler.slot_count())) {}
  WorkerLocal(const WorkerLocal&) = delete;
  WorkerLocal& operator=(const WorkerLocal&) = delete;

  // Requires: `context` is of a body of the scheduler given above.
  T& Get(const TaskContext& context) {
    assert(static_cast<std::size_t>(context.worker()) < slots_.size());
    std::unique_ptr<Slot>& slot = slots_[static_cast<std::size_t>(context.worker())];
    if (slot == nullptr) slot.reset(new Slot{make_()});
    return slot->value;
  }

  // Calls `visit` with each T that was made.
  template <class F>
  void ForEach(F visit) {
    for (const std::unique_ptr<Slot>& slot : slots_) {
      if (slot != nullptr) visit(slot->value);
    }
  }

 private:
  struct alignas(64) Slot {  // no two workers write to one cache line
    T value;
  };

  const std::function<T()> make_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_WORKER_LOCAL_H_
