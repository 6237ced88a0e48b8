// SPDX-License-Identifier: Apache-2.0
//
// A worker that always has something of its own does not keep out what comes from outside.

#include <atomic>
#include <functional>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

// Each chain of tasks, the first one in the deque of the only worker and the others in its place,
// submits the next chain, until a task from outside has run. How many chains did before.
int ChainsBeforeATaskFromOutside(int length) {
  const auto scheduler = testing::MakeScheduler(1);
  TaskGroup chain(*scheduler);
  TaskGroup outside(*scheduler);
  absl::Notification begun;
  std::atomic<bool> submitted{false};
  bool came = false;  // plain, as the next: one worker
  int passed = 0;
  std::function<void()> link = [&] {
    if (came || passed > 1000) return;
    if (submitted) ++passed;
    Task<> last = chain.Submit(length == 1 ? link : [] {});
    for (int i = 1; i < length; ++i) {
      last = chain.Submit(
          i + 1 == length ? link : [] {}, After(last));
    }
  };
  chain.Submit([&] {
    begun.Notify();
    link();
  });
  begun.WaitForNotification();
  const auto from_outside = outside.Submit([&] { came = true; });
  submitted = true;
  EXPECT_TRUE(chain.Wait().ok());
  EXPECT_TRUE(from_outside.Get().ok());
  return passed;
}

TEST(FairnessTest, AChainLetsATaskFromOutsideInAfterSixtyOnePicks) {
  for (const int length : {1, 2, 60, 61, 62, 122}) {
    EXPECT_LE(ChainsBeforeATaskFromOutside(length), 61) << "chains of " << length;
  }
}

}  // namespace
}  // namespace weft
