// SPDX-License-Identifier: Apache-2.0
//
// Sees what becomes of every task: for traces, statistics and reports.

#ifndef WEFT_SCHEDULER_TASK_OBSERVER_H_
#define WEFT_SCHEDULER_TASK_OBSERVER_H_

#include <cstdint>
#include <string_view>

#include "weft/core/task_id.h"
#include "weft/core/task_kind.h"
#include "weft/core/task_state.h"

namespace weft {

enum class TaskEventKind : std::uint8_t {
  kSubmitted,  // it came in; `info` says what it is
  kReleased,   // `other`, for which it waited, has ended: one event for each dependency
  kReady,      // it waits for nothing any more; `other` was the last, if there was one
  kStarted,    // an attempt begins
  kParked,     // the attempt has ended, and another one will begin
  kEnded,      // as `state` says
};

// Thread safety: a plain value; `name` lives until the call returns.
struct TaskInfo {
  std::string_view name;  // empty: it has none
  TaskKind kind;
  int priority = 0;
};

// Of a node of a graph the id is unique among all that live, and another in each run; only
// observers know it. A nested graph that is a node has no kStarted: its own nodes have.
//
// Thread safety: a plain value.
struct TaskEvent {
  TaskEventKind kind = TaskEventKind::kSubmitted;
  TaskState state = TaskState::kPending;  // after it
  int slot = -1;                          // of the worker that tells; -1: a thread that is none
  int attempt = 0;                        // of kStarted and kParked
  TaskId task;
  TaskId other;  // invalid: none
  // Nanoseconds since the scheduler was made, on a clock that never goes back; events of
  // two threads may be a microsecond apart from the truth.
  std::int64_t time_ns = 0;
  const TaskInfo* info = nullptr;  // of kSubmitted
};

// Told about every task of one scheduler: kSubmitted first, kEnded last, exactly once each,
// kStarted before its kParked. The kReleased and kReady of one task may come from several threads
// at once, and kReady after the kStarted where somebody who waits for the task takes it at that
// moment; of one that ends unrun some of them do not come. Events of one slot come one after the
// other, with times that do not fall.
//
// Thread safety: OnEvent is called on many threads at once, but by one at a time for each slot that
// is not negative. It must not call the scheduler, and should return within nanoseconds. What it
// throws is counted and goes no further.
class TaskObserver {
 public:
  virtual ~TaskObserver() = default;
  virtual void OnEvent(const TaskEvent& event) = 0;
  // How many slots there are: called once, before the first event.
  virtual void OnStart(int slot_count) { static_cast<void>(slot_count); }
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_TASK_OBSERVER_H_
