// SPDX-License-Identifier: Apache-2.0
//
// Groups that fail fast, tasks that run in any case, and values that are less than they
// should be.

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/names.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::OnName;

class FailFastTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(FailFastTest);

TEST_P(FailFastTest, FirstFailureCancelsTheRest) {
  TaskGroup group(*scheduler_, {.fail_fast = true});
  const auto waits = OnName(group, "waits", "ghost");
  const auto fails = group.Submit([] { return absl::NotFoundError("no file"); });
  const auto after = group.Submit([] {}, fails);
  const RunSummary summary = group.Wait();
  EXPECT_EQ(fails.state(), TaskState::kFailed);
  // One that came in after the failure was refused.
  EXPECT_TRUE(after.state() == TaskState::kSkipped || after.state() == TaskState::kCancelled);
  EXPECT_EQ(waits.state(), TaskState::kCancelled);
  EXPECT_NE(waits.Get().message().find("no file"), std::string::npos) << waits.Get();
  EXPECT_EQ(summary.failed, 1);
  EXPECT_TRUE(absl::IsCancelled(summary.status));
  EXPECT_TRUE(absl::IsCancelled(group.Submit([] {}).Get()));
}

TEST_P(FailFastTest, DependentsAreSkippedForTheFailure) {
  TaskGroup group(*scheduler_, {.fail_fast = true});
  const auto named = OnName(group, "late", "gate");
  const auto fails = group.Submit([] { return absl::NotFoundError("no file"); }, named);
  const auto after = group.Submit([] {}, fails);
  ASSERT_TRUE(group.Schedule({.id = "gate", .function = [] {}}).ok());
  group.Wait();
  EXPECT_EQ(after.state(), TaskState::kSkipped);
  EXPECT_TRUE(absl::IsNotFound(after.Get()));
}

TEST_P(FailFastTest, OtherGroupsGoOn) {
  TaskGroup other(*scheduler_);
  const auto waits = OnName(other, "waits", "later");
  {
    TaskGroup group(*scheduler_, {.fail_fast = true});
    group.Submit([] { return absl::NotFoundError("no file"); });
    group.Wait();
  }
  ASSERT_TRUE(other.Schedule({.id = "later", .function = [] {}}).ok());
  EXPECT_TRUE(other.Wait().ok());
}

TEST_P(FailFastTest, CancelledBodyIsNoFailure) {
  TaskGroup group(*scheduler_, {.fail_fast = true});
  const auto waits = OnName(group, "waits", "later");
  const auto gives_in = group.Submit([](TaskContext&) { return absl::OkStatus(); });
  waits.Cancel();
  EXPECT_TRUE(gives_in.Get().ok());
  EXPECT_TRUE(group.Wait().status.ok());
}

TEST_P(FailFastTest, NodeThatFailsEndsTheRun) {
  TaskGraph graph;
  std::atomic<int> ran{0};
  std::vector<TaskGraph::Node> chain = {graph.Add([] { return absl::NotFoundError("no file"); })};
  chain.front().Name("read");
  for (int i = 0; i < 100; ++i) {
    chain.push_back(graph.Add([&ran] { ++ran; }).OnFailedDependency(DependencyPolicy::kRunAnyway));
    chain[chain.size() - 2].Before(chain.back());
  }
  const RunSummary summary = scheduler_->Run(graph, {.fail_fast = true});
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.cancelled, 100);
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(summary.status,
            absl::CancelledError("another node of the graph failed: 'read': no file"));
  const RunSummary slow = scheduler_->Run(graph);
  EXPECT_EQ(slow.completed, 100);
}

TEST_P(FailFastTest, ManyFailuresAtOnceAreOneCancel) {
  for (int round = 0; round < 50; ++round) {
    TaskGroup group(*scheduler_, {.fail_fast = true});
    std::vector<Task<>> tasks;
    for (int i = 0; i < 40; ++i) {
      tasks.push_back(group.Submit([] { return absl::AbortedError("x"); }));
    }
    const RunSummary summary = group.Wait();
    EXPECT_GE(summary.failed, 1);
    EXPECT_EQ(summary.failed + summary.cancelled + summary.refused, 40);
  }
}

class FinaliserTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(FinaliserTest);

TEST_P(FinaliserTest, RunsAfterWhateverBecameOfItsDependencies) {
  TaskGroup group(*scheduler_);
  const auto fails = group.Submit([]() -> absl::StatusOr<int> { return absl::NotFoundError("x"); });
  const auto skipped = group.Submit([](const int&) { return 1; }, fails);
  const auto last = group.Submit(
      {.finaliser = true}, [](const absl::StatusOr<int>& outcome) { return outcome.ok(); },
      skipped);
  const auto order_only = group.Submit(
      {.finaliser = true}, [] {}, After(fails, skipped));
  EXPECT_FALSE(*last.Get());
  EXPECT_TRUE(order_only.Get().ok());
}

TEST_P(FinaliserTest, RunsInAGroupThatIsCancelled) {
  TaskGroup group(*scheduler_);
  const auto waits = OnName(group, "waits", "ghost");
  std::atomic<bool> asked{true};
  const auto last = group.Submit(
      {.finaliser = true}, [&asked](TaskContext& context) { asked = context.cancelled(); },
      After(waits));
  const auto after_last = group.Submit([] {}, last);
  group.Cancel(absl::CancelledError("enough"));
  const RunSummary summary = group.Wait();
  EXPECT_EQ(last.state(), TaskState::kCompleted);
  EXPECT_FALSE(asked);
  EXPECT_EQ(after_last.state(), TaskState::kCancelled);
  EXPECT_EQ(summary.completed, 1);
  EXPECT_EQ(summary.cancelled, 2);
}

TEST_P(FinaliserTest, CancellingItHasNoEffect) {
  TaskGroup group(*scheduler_);
  const auto waits = OnName(group, "waits", "ghost");
  const auto last = group.Submit(
      {.finaliser = true}, [] { return 7; }, After(waits));
  last.Cancel();
  EXPECT_EQ(last.state(), TaskState::kPending);
  waits.Cancel();
  EXPECT_EQ(*last.Get(), 7);
}

TEST_P(FinaliserTest, GroupIsDestroyedOnlyAfterIt) {
  std::atomic<bool> ran{false};
  {
    TaskGroup group(*scheduler_);
    const auto waits = OnName(group, "waits", "ghost");
    group.Detach(
        {.finaliser = true}, [&ran] { ran = true; }, After(waits));
  }
  EXPECT_TRUE(ran);
}

TEST_P(FinaliserTest, ShutdownThatCancelsRunsIt) {
  std::atomic<int> ran{0};
  const auto waits = OnName(scheduler_->root(), "waits", "ghost");
  scheduler_->root().Detach(
      {.finaliser = true}, [&ran] { ++ran; }, After(waits));
  EXPECT_TRUE(scheduler_->Shutdown(ShutdownMode::kCancel).ok());
  EXPECT_EQ(ran, 1);
}

TEST_P(FinaliserTest, FailFastRunsIt) {
  TaskGroup group(*scheduler_, {.fail_fast = true});
  const auto gate = OnName(group, "gated", "gate");
  std::atomic<int> ran{0};
  const auto fails = group.Submit([] { return absl::AbortedError("x"); }, gate);
  group.Detach(
      {.finaliser = true}, [&ran] { ++ran; }, After(fails));
  ASSERT_TRUE(group.Schedule({.id = "gate", .function = [] {}}).ok());
  group.Wait();
  EXPECT_EQ(ran, 1);
}

TEST_P(FinaliserTest, TakesNoValues) {
  TaskGroup group(*scheduler_);
  const auto one = group.Submit([] { return 1; });
  const auto last = group.Submit(
      {.finaliser = true}, [](const int&) {}, one);
  EXPECT_EQ(last.Get().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(last.Get().message().find("finaliser"), std::string::npos);
}

TEST_P(FinaliserTest, NamedOneRunsInACancelledGroup) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  ASSERT_TRUE(group
                  .Schedule({.id = "last",
                             .function = [&ran] { ++ran; },
                             .dependencies = {"work"},
                             .options = {.finaliser = true}})
                  .ok());
  ASSERT_TRUE(group.Schedule({.id = "work", .function = [] {}, .dependencies = {"ghost"}}).ok());
  group.Cancel(absl::CancelledError("enough"));
  group.Wait();
  EXPECT_EQ(ran, 1);
}

TEST_P(FinaliserTest, IsTakenByAGroupThatIsCancelled) {
  TaskGroup group(*scheduler_, {.max_pending_tasks = 100});
  group.Cancel(absl::CancelledError("enough"));
  const TaskOptions last{.finaliser = true};
  const auto refused = group.Submit([] {});
  std::atomic<int> ran{0};
  const auto count = [&ran] { ++ran; };
  const auto ready = group.Submit(last, [] { return 7; });
  group.Detach(last, count, After(refused, ready));
  group.DetachAll(std::vector(5, count), last);
  const auto inner = group.Submit(
      last, [&] { return group.Submit(last, count).Wait(); }, After(ready));
  ASSERT_TRUE(group.Schedule({.id = "a", .function = count, .options = last}).ok());
  EXPECT_EQ(*ready.Get(), 7);
  EXPECT_TRUE(inner.Get().ok());
  EXPECT_EQ(refused.Get(), absl::CancelledError("enough"));
  const RunSummary summary = group.Wait();
  EXPECT_EQ(ran, 8);
  EXPECT_EQ(summary.completed, 10);
  EXPECT_EQ(summary.refused, 1);
}

TEST_P(FinaliserTest, ABatchIsTakenWhereAllAreFinalisers) {
  TaskGroup group(*scheduler_);
  group.Cancel(absl::CancelledError("enough"));
  std::atomic<int> ran{0};
  const auto batch = [&ran](bool second) {
    std::vector<TaskDefinition> both;
    both.push_back({.id = "a", .function = [&ran] { ++ran; }, .options = {.finaliser = true}});
    both.push_back({.id = "b",
                    .function = [&ran] { ++ran; },
                    .dependencies = {"a"},
                    .options = {.finaliser = second}});
    return both;
  };
  EXPECT_EQ(group.ScheduleBatch(batch(false)).status(), absl::CancelledError("enough"));
  EXPECT_TRUE(group.ScheduleBatch(batch(true)).ok());
  group.Wait();
  EXPECT_EQ(ran, 2);
}

TEST_P(FinaliserTest, IsRefusedByASealedGroup) {
  TaskGroup group(*scheduler_);
  group.Cancel(absl::CancelledError("enough"));
  group.Seal();
  const auto last = group.Submit({.finaliser = true}, [] {});
  EXPECT_EQ(last.Get().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(group.Schedule({.function = [] {}, .options = {.finaliser = true}}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(scheduler_->Shutdown(ShutdownMode::kCancel).ok());
  const auto later = scheduler_->Submit({.finaliser = true}, [] {});
  EXPECT_EQ(later.Get().code(), absl::StatusCode::kFailedPrecondition);
}

// What must be undone is known only once somebody has begun to do it.
TEST_P(FinaliserTest, ABodyThatFailsItsGroupSubmitsIt) {
  for (const bool fail_fast : {false, true}) {
    TaskGroup group(*scheduler_, {.fail_fast = fail_fast});
    std::atomic<int> undone{0};
    std::vector<Task<>> steps;
    for (int i = 0; i < 20; ++i) {
      steps.push_back(group.Submit([&](TaskContext& context) -> absl::Status {
        group.Cancel(absl::AbortedError("stop"));
        group.Detach({.finaliser = true}, [&undone] { ++undone; });
        return context.cancelled() ? absl::AbortedError("seen") : absl::OkStatus();
      }));
    }
    group.Wait();
    int begun = 0;
    for (const Task<>& step : steps) begun += step.result().attempts;
    EXPECT_GT(begun, 0);
    EXPECT_EQ(undone, begun);
  }
}

class DegradedTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(DegradedTest);

TEST_P(DegradedTest, CompletesWithItsCause) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit([](TaskContext& context) {
    context.Degrade(absl::NotFoundError("no summary"));
    context.Degrade(absl::NotFoundError("no index"));
    return 3;
  });
  const auto after = group.Submit([](const int& value) { return value; }, task);
  const RunSummary summary = group.Wait();
  EXPECT_EQ(*after.Get(), 3);
  EXPECT_EQ(task.result().degraded, absl::NotFoundError("no index"));
  EXPECT_TRUE(task.result().status.ok());
  EXPECT_EQ(summary.completed, 2);
  EXPECT_EQ(summary.degraded, 1);
  EXPECT_TRUE(summary.ok());
}

TEST_P(DegradedTest, FailedTaskIsNotDegraded) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit([](TaskContext& context) {
    context.Degrade(absl::NotFoundError("no summary"));
    return absl::AbortedError("nothing at all");
  });
  EXPECT_EQ(group.Wait().degraded, 0);
  EXPECT_TRUE(task.result().degraded.ok());
}

TEST_P(DegradedTest, NodesAreCounted) {
  TaskGraph graph;
  for (int i = 0; i < 5; ++i) {
    graph.Add([i](TaskContext& context) {
      if (i % 2 == 0) context.Degrade(absl::NotFoundError("half"));
    });
  }
  EXPECT_EQ(scheduler_->Run(graph).degraded, 3);
  EXPECT_EQ(scheduler_->Run(graph).degraded, 3);
}

}  // namespace
}  // namespace weft
