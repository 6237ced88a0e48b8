// SPDX-License-Identifier: Apache-2.0
//
// Runs of graphs that nobody waits for at once.

#include <atomic>
#include <thread>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/cancellation.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class StartGraphTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(StartGraphTest);

TEST_P(StartGraphTest, TheTaskHasTheSummary) {
  int ran = 0;
  TaskGraph graph;
  graph.Add([&] { ++ran; }).Before(graph.Add([&] { ++ran; }));
  const Task<RunSummary> run = scheduler_->Start(graph);
  ASSERT_TRUE(run.Get().ok()) << run.Get().status();
  EXPECT_EQ(run.Get()->completed, 2);
  EXPECT_EQ(ran, 2);
}

// Without threads a started run is not over before somebody waits for it.
TEST(StartGraphInlineTest, ASecondStartBeforeTheFirstIsOverIsRefused) {
  const auto scheduler = testing::MakeScheduler(testing::kInline);
  TaskGraph graph;
  graph.Add([] {});
  const Task<RunSummary> first = scheduler->Start(graph);
  const Task<RunSummary> second = scheduler->Start(graph);
  EXPECT_TRUE(absl::IsFailedPrecondition(scheduler->Run(graph).status));
  EXPECT_TRUE(first.Get().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(second.Get().status()));
  EXPECT_TRUE(scheduler->Run(graph).ok());
}

class StartGraphThreadsTest : public testing::EngineTest {};
WEFT_ON_THREADED_ENGINES(StartGraphThreadsTest);

TEST_P(StartGraphThreadsTest, ARunThatIsHeldIsNotDisturbedByASecondStart) {
  absl::Notification entered;
  absl::Notification release;
  TaskGraph graph;
  graph.Add([&] {
    entered.Notify();
    release.WaitForNotification();
  });
  const Task<RunSummary> first = scheduler_->Start(graph);
  entered.WaitForNotification();
  EXPECT_TRUE(absl::IsFailedPrecondition(scheduler_->Run(graph).status));
  const Task<RunSummary> second = scheduler_->Start(graph);
  release.Notify();
  EXPECT_TRUE(absl::IsFailedPrecondition(second.Get().status()));
  EXPECT_EQ(first.Get()->completed, 1);
}

TEST_P(StartGraphTest, AfterDependenciesAndBeforeDependents) {
  int value = 0;
  TaskGraph graph;
  graph.Add([&] { value = 2; });
  const Task<RunSummary> run = scheduler_->Start(graph);
  const Task<int> after =
      scheduler_->Submit([&](const RunSummary& summary) { return summary.ok() ? value : -1; }, run);
  EXPECT_EQ(*after.Get(), 2);
}

TEST_P(StartGraphTest, ACycleIsTheTasksError) {
  TaskGraph graph;
  auto a = graph.Add([] {}).Name("a");
  a.Before(a);
  EXPECT_EQ(scheduler_->Start(graph).Get().status().message(), "circular dependency: a -> a");
}

TEST_P(StartGraphTest, ACancelBeforeItBeginsLeavesTheGraphFree) {
  std::atomic<int> ran{0};
  TaskGraph graph;
  graph.Add([&] { ++ran; });
  CancellationSource source;
  source.Cancel(absl::CancelledError("no"));
  const Task<RunSummary> run = scheduler_->Start(graph, {.cancellation = source.token()});
  ASSERT_TRUE(run.Get().ok());
  EXPECT_EQ(run.Get()->cancelled, 1);
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(scheduler_->Run(graph).ok());
}

TEST_P(StartGraphThreadsTest, AShutdownThatCancelsCancelsRunsToo) {
  absl::Notification entered;
  TaskGraph graph;
  auto body = graph.Add([&](TaskContext& context) {
    entered.Notify();
    absl::Notification cancelled;
    const CancellationCallback callback(context.token(), [&] { cancelled.Notify(); });
    cancelled.WaitForNotification();
  });
  body.Before(graph.Add([] { ADD_FAILURE() << "began after the cancel"; }));
  RunSummary summary;
  std::thread runner([&] { summary = scheduler_->Run(graph); });
  entered.WaitForNotification();
  EXPECT_TRUE(scheduler_->Shutdown(ShutdownMode::kCancel).ok());
  runner.join();
  EXPECT_TRUE(absl::IsCancelled(summary.status)) << summary.status;
  EXPECT_EQ(summary.completed, 1);
  EXPECT_EQ(summary.cancelled, 1);
}

TEST_P(StartGraphTest, AfterShutdownItIsRefusedAndTheGraphIsFree) {
  TaskGraph graph;
  graph.Add([] {});
  ASSERT_TRUE(scheduler_->Shutdown().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(scheduler_->Start(graph).Get().status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(scheduler_->Run(graph).status));
  EXPECT_TRUE(testing::MakeScheduler(2)->Run(graph).ok());
}

}  // namespace
}  // namespace weft
