// SPDX-License-Identifier: Apache-2.0
//
// Cases that need tasks which do not end, or cannot start, before they are told to.

#ifndef WEFT_TESTS_TESTING_HELD_ENGINE_H_
#define WEFT_TESTS_TESTING_HELD_ENGINE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {

// Thread safety: one test at a time; Open once.
class HeldEngineTest : public EngineTest {
 protected:
  // A task that does not end before Open: without threads because nobody waits yet. What
  // is submitted behind it finds its dependencies as they were.
  Task<> Held(TaskGroup& group) {
    return group.Submit([this] {
      if (!is_inline()) open_.WaitForNotification();
    });
  }
  void Open() { open_.Notify(); }

  // A task that waits for `name`, to which nobody has given a task yet.
  static Task<> OnName(TaskGroup& group, const std::string& id, const std::string& name) {
    return *group.Schedule({.id = id, .function = [] {}, .dependencies = {name}});
  }
  static void Give(TaskGroup& group, const std::string& name) {
    ASSERT_TRUE(group.Schedule({.id = name, .function = [] {}}).ok());
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
