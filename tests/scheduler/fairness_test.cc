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

// Each task of a chain submits the next one, which lies in the deque of the only worker, until
// a task from outside has run.
TEST(FairnessTest, AChainLetsATaskFromOutsideInAfterSixtyOnePicks) {
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
    chain.Submit(link);
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
  EXPECT_LE(passed, 61);
}

}  // namespace
}  // namespace weft
