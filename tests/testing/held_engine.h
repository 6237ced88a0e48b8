// SPDX-License-Identifier: Apache-2.0
//
// Cases that need tasks which do not end, or cannot start, before they are told to.

#ifndef WEFT_TESTS_TESTING_HELD_ENGINE_H_
#define WEFT_TESTS_TESTING_HELD_ENGINE_H_

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"

#include "testing/engines.h"
#include "testing/names.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {

// Thread safety: one test at a time; Open once.
class HeldEngineTest : public EngineTest {
 protected:
  // A task that does not end before Open: without threads because nobody waits yet. What
  // is submitted behind it finds its dependencies as they were.
  Task<> Held(TaskGroup& group) {
    return group.Submit([this] {
      if (has_threads()) open_.WaitForNotification();
    });
  }
  void Open() { open_.Notify(); }

  // A task whose successors wait, once its body has run, for `other`.
  template <class... Dependencies>
  static Task<> ContinuesWith(TaskGroup& group, const AnyTask& other,
                              Dependencies&&... dependencies) {
    return group.Submit([other](TaskContext& context) { return context.Continue(other); },
                        std::forward<Dependencies>(dependencies)...);
  }

  // One that failed, one that was skipped and one that was cancelled, each with what a task
  // ends with that waits for it.
  static std::vector<std::pair<Task<>, absl::Status>> NotCompleted(TaskGroup& group) {
    const auto failed =
        *group.Schedule({.id = "failed", .function = [] { return absl::AbortedError("no"); }});
    failed.Wait().IgnoreError();
    const auto skipped = group.Submit([] {}, failed);
    skipped.Wait().IgnoreError();
    const auto cancelled = OnName(group, "cancelled", "ghost");
    cancelled.Cancel();
    const auto of_failed = absl::AbortedError("skipped: dependency 'failed' failed: no");
    const auto of_cancelled =
        absl::CancelledError("skipped: dependency 'cancelled' was cancelled: cancelled");
    return {{failed, of_failed}, {skipped, of_failed}, {cancelled, of_cancelled}};
  }

 private:
  absl::Notification open_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_TESTING_HELD_ENGINE_H_
