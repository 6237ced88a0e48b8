// SPDX-License-Identifier: Apache-2.0
//
// Groups whose unfinished tasks are bounded: who submits from outside waits for room, or is
// refused.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/internal/counted.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/sync/progress_tracker.h"

namespace weft::internal {
namespace {

std::string Bound(const GroupCore& group) {
  const std::int64_t limit = group.pending.limit();
  return "the group may have " + Counted(limit, "task") + " that " + (limit == 1 ? "has" : "have") +
         " not ended (max_pending_tasks)";
}

}  // namespace

absl::Status Engine::NeverRoom(const GroupCore& group) {
  return absl::ResourceExhaustedError(
      Bound(group) +
      ", and those that it has wait for names that nobody has submitted: submit "
      "these, in another group, or let it have more");
}

// The tasks of this scheduler never wait here: what they submit is counted. Nor do destructors that
// run on a thread for timers, nor listeners to progress: what they are called for may not be in
// yet.
absl::Status Engine::EnterBound(GroupCore& group, const EngineWorker* worker, std::int64_t tasks) {
  if (tasks == 0) return absl::OkStatus();
  if (tasks > group.pending.limit()) {
    return absl::ResourceExhaustedError(Bound(group) + ": " + std::to_string(tasks) +
                                        " at once are more than that");
  }
  while (!group.pending.TryEnter(tasks)) {
    if (group.refuses()) {
      return absl::ResourceExhaustedError(Bound(group) + ": wait until some have");
    }
    if (worker != nullptr || Timers::OnThread() || ProgressTracker::InListener()) {
      group.pending.Enter(tasks);
      return absl::OkStatus();
    }
    if (absl::Status waited = Wait({.group = &group, .room = tasks}); !waited.ok()) return waited;
  }
  return absl::OkStatus();
}

void Engine::LeaveBound(GroupCore& group, std::int64_t tasks) noexcept {
  if (!group.pending.Leave(tasks)) return;
  waits_.Notify([&group](const Waiter& waiter) {
    return waiter.target.group == &group && waiter.target.room > 0;
  });
}

// Whoever brings the group to rest says so, too: then those that are left may be unable to end.
bool Engine::ArmForRoom(Waiter& waiter, bool& unresolved) {
  GroupCore& group = *waiter.target.group;
  group.pending.Await();
  const bool rests = group.count().Await();
  if (group.pending.HasRoom(waiter.target.room)) return true;
  // Another one may have come in, and not be counted yet by the group.
  unresolved = rests && CountBlocked(group) >= group.pending.count();
  return false;
}

}  // namespace weft::internal
