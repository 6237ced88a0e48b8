// SPDX-License-Identifier: Apache-2.0
//
// The states of a task and who may change them. docs/architecture.md draws them.

#ifndef WEFT_CORE_TASK_STATE_H_
#define WEFT_CORE_TASK_STATE_H_

#include <cstdint>
#include <string_view>

namespace weft {

enum class TaskState : std::uint8_t {
  kPending,    // submitted, waits for a dependency
  kReady,      // every dependency has ended and was accepted; waits for a worker
  kRunning,    // a worker runs its body
  kParked,     // waits without a worker until it is tried again
  kCompleted,  // the body returned a value or an OK status
  kFailed,     // the body returned an error or threw, or the task was refused
  kCancelled,  // ended by a request before it ran, or its body gave in to one
  kSkipped,    // never ran: a dependency did not complete
};
inline constexpr int kTaskStateCount = 8;

constexpr bool IsTerminal(TaskState state) { return state >= TaskState::kCompleted; }

// Whether a task may go from one state to the other:
//   Pending -> Ready (its last dependency ends), Skipped, Cancelled, Failed (refused, or late)
//   Ready   -> Running, Cancelled (both decided by the worker that claims it), Failed (late)
//   Running -> Parked (its attempt failed, and another one comes), Completed, Failed, Cancelled
//   Parked  -> Ready (the time has come), Cancelled, Failed (late)
constexpr bool IsAllowedChange(TaskState from, TaskState to) {
  switch (from) {
    case TaskState::kPending:
      return to == TaskState::kReady || to == TaskState::kSkipped || to == TaskState::kCancelled ||
             to == TaskState::kFailed;
    case TaskState::kReady:
      return to == TaskState::kRunning || to == TaskState::kCancelled || to == TaskState::kFailed;
    case TaskState::kRunning:
      return to == TaskState::kParked || to == TaskState::kCompleted || to == TaskState::kFailed ||
             to == TaskState::kCancelled;
    case TaskState::kParked:
      return to == TaskState::kReady || to == TaskState::kCancelled || to == TaskState::kFailed;
    default: return false;
  }
}

// "pending", "ready", …, for people and for JSON.
std::string_view TaskStateName(TaskState state);

}  // namespace weft

#endif  // WEFT_CORE_TASK_STATE_H_
