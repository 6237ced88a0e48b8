// SPDX-License-Identifier: Apache-2.0
//
// Tasks that stop waiting for a name together.

#ifndef WEFT_SCHEDULER_INTERNAL_UNBLOCKING_H_
#define WEFT_SCHEDULER_INTERNAL_UNBLOCKING_H_

#include <atomic>
#include <cstdint>

#include "weft/scheduler/internal/task_node.h"

namespace weft::internal {

// Calls visit(task, add) with `first`, and with each task that a visit hands to `add`; then none
// of them is blocked any more. They are linked through themselves: blocked tasks are in no queue,
// and whoever decides the end of one does no more with it before it is unblocked. From then on it
// is others', who link it anew, run it and let it go: so all are visited, and counted, before the
// first is unblocked, and that is the last access to each. `tasks`: as NodePool.
//
// Thread safety: under the lock that keeps tasks blocked.
// Cost: one locked instruction for each, and what the visits cost.
template <class P, class Tasks, class Visit>
void UnblockTogether(const Tasks& tasks, TaskNode<P>& first, Visit visit) {
  const auto after = [&tasks](const TaskNode<P>& task) {
    // relaxed, all links: ours, under the lock.
    const std::uint32_t next = task.link.load(std::memory_order_relaxed);
    return next == 0 ? nullptr : &static_cast<TaskNode<P>&>(tasks.NodeOf(next));
  };
  TaskNode<P>* last = &first;
  first.link.store(0, std::memory_order_relaxed);
  const auto add = [&last](TaskNode<P>& task) {
    task.link.store(0, std::memory_order_relaxed);
    last->link.store(Tasks::IndexOf(task), std::memory_order_relaxed);
    last = &task;
  };
  for (TaskNode<P>* task = &first; task != nullptr; task = after(*task)) visit(*task, add);
  for (TaskNode<P>* task = &first; task != nullptr;) {
    TaskNode<P>& unblocked = *task;
    task = after(unblocked);
    // release: our use of the link comes before that of whoever decides its end now.
    unblocked.word.fetch_and(~TaskWord::kBlocked, std::memory_order_acq_rel);
  }
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_UNBLOCKING_H_
