// SPDX-License-Identifier: Apache-2.0
//
// Every allocation fails in turn while tasks that wait for names come to wait for more.

#include <atomic>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "faults/sweep.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::FaultRun;

class MemoryNamesTest : public testing::FaultTest {};
WEFT_ON_FAULT_ENGINES(MemoryNamesTest, testing::kInline, testing::kSimulated, 1, 2);

// Each of many that wait for a name comes to wait for it on a second way, too: the engine's
// table of them grows in the middle of it, or cannot.
TEST_P(MemoryNamesTest, BlockedTwice) {
  Sweep([](FaultRun& run) {
    absl::Notification open;
    TaskGroup group(run.scheduler());
    std::atomic<int> ran{0};
    const auto counts = [&ran] { ++ran; };
    const auto held =
        *group.Schedule({.id = "held", .function = counts, .dependencies = {TaskRef("the gate")}});
    const auto running = group.Submit([&open, holds = std::get<0>(GetParam()) > testing::kInline] {
      if (holds) open.WaitForNotification();
    });
    std::vector<AnyTask> free;
    std::vector<AnyTask> blocked;
    for (int i = 0; i < 30; ++i) {
      free.push_back(group.Submit(counts, After(running)));
      blocked.push_back(group.Submit(counts, After(held, free.back())));
    }
    int refused = 0;
    run.Failing([&] {
      for (const AnyTask& task : free) {
        const absl::Status added = task.AddDependency(held);
        if (!added.ok()) refused += absl::IsResourceExhausted(added) ? 1 : 1000;
      }
    });
    EXPECT_LT(refused, 1000);
    open.Notify();
    EXPECT_TRUE(running.Wait().ok());
    EXPECT_EQ(group.Wait().under_way, 0);
    EXPECT_TRUE(group.Schedule({.id = "the gate", .function = counts}).ok());
    const RunSummary summary = group.Wait();
    EXPECT_EQ(summary.pending + summary.under_way, 0);
    EXPECT_EQ(summary.completed, ran + 1);
    for (const AnyTask& task : free) EXPECT_TRUE(FaultRun::EndedWellOrStarved(task));
    for (const AnyTask& task : blocked) EXPECT_TRUE(FaultRun::EndedWellOrStarved(task));
    run.ExpectUsable();
  });
}

}  // namespace
}  // namespace weft
