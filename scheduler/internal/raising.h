// SPDX-License-Identifier: Apache-2.0
//
// A task rises to a higher lane, perhaps just when it becomes ready.

#ifndef WEFT_SCHEDULER_INTERNAL_RAISING_H_
#define WEFT_SCHEDULER_INTERNAL_RAISING_H_

#include <atomic>
#include <cstdint>

#include "weft/distribution/ready_order.h"
#include "weft/scheduler/internal/task_node.h"

namespace weft::internal {

// Who makes it ready arrives at its join counter, and then looks at its lane; who raises it changes
// the lane, and then looks at the join counter. All four are sequentially consistent: so the task
// is put where it has risen to, or whoever raises it puts it there once more, or both.

// True: `times` were the last arrivals. What all who arrived did is visible.
template <class JoinCounter>
bool ArriveAt(JoinCounter& join, std::uint32_t times) {
  return join.fetch_sub(times, std::memory_order_seq_cst) == times;
}
template <class P>
Lane LaneOfReady(const TaskNode<P>& task) {
  return static_cast<Lane>(TaskWord::LaneIn(task.word.load(std::memory_order_seq_cst)));
}

enum class Raised {
  kNot,      // it is as high already, or was claimed
  kPending,  // it goes there when it becomes ready
  kReady,    // the caller puts it there, where it may be for the second time
};
template <class P, class JoinCounter>
Raised RaiseLane(TaskNode<P>& task, const JoinCounter& join, Lane lane) {
  const auto wanted = static_cast<TaskWord::Bits>(lane);
  auto seen = task.word.load(std::memory_order_relaxed);
  do {
    if (!TaskWord::Decidable(seen) || TaskWord::LaneIn(seen) >= wanted) return Raised::kNot;
  } while (!task.word.compare_exchange_weak(seen, TaskWord::WithLaneOf(seen, wanted),
                                            std::memory_order_seq_cst, std::memory_order_relaxed));
  // Who resumes a parked one looks at its lane afterwards.
  const bool ready =
      TaskWord::StateIn(seen) == TaskState::kPending && join.load(std::memory_order_seq_cst) == 0;
  return ready ? Raised::kReady : Raised::kPending;
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RAISING_H_
