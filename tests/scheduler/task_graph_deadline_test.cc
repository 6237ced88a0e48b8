// SPDX-License-Identifier: Apache-2.0
//
// Deadlines of runs of a TaskGraph.

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/timed_engine.h"
#include "weft/scheduler/run_summary.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::UnorderedElementsAre;

constexpr absl::Duration kTimeout = absl::Minutes(1);

class TaskGraphDeadlineTest : public testing::TimedEngineTest {
 protected:
  // Returns when the run's deadline has passed, and its bodies have been told.
  void BeLate(TaskContext& context) {
    absl::Notification told;
    const CancellationCallback callback(context.token(), [&told] { told.Notify(); });
    clock_.Advance(kTimeout);
    told.WaitForNotification();
    EXPECT_EQ(context.time_left(), absl::ZeroDuration());
  }
  // Of a run that is late.
  std::vector<std::string> FailedOf(TaskGraph& graph) {
    const RunSummary summary = scheduler_->Run(graph, {.timeout = kTimeout});
    EXPECT_TRUE(absl::IsDeadlineExceeded(summary.status)) << summary.status;
    EXPECT_EQ(summary.failed, static_cast<std::int64_t>(summary.failures.size()));
    std::vector<std::string> names;
    for (const TaskFailure& failure : summary.failures) {
      EXPECT_TRUE(absl::IsDeadlineExceeded(failure.status)) << failure.status;
      names.push_back(failure.name);
    }
    return names;
  }
};
WEFT_ON_THREADED_ENGINES(TaskGraphDeadlineTest);

TEST_P(TaskGraphDeadlineTest, NodesThatRunOrHaveNotStartedFail) {
  TaskGraph graph;
  auto first = graph.Add([this](TaskContext& context) { BeLate(context); }).Name("first");
  auto second = graph.Add([] { ADD_FAILURE() << "ran"; }).Name("second");
  auto anyway = graph.Add([] { ADD_FAILURE() << "ran"; }).Name("anyway");
  anyway.OnFailedDependency(DependencyPolicy::kRunAnyway);
  first.Before(second, anyway);
  const RunSummary summary = scheduler_->Run(graph, {.timeout = kTimeout});
  EXPECT_TRUE(absl::IsDeadlineExceeded(summary.status));
  EXPECT_EQ(summary.completed, 0);
  EXPECT_EQ(summary.failed, 2);
  EXPECT_EQ(summary.skipped, 1);
  EXPECT_THAT(FailedOf(graph), UnorderedElementsAre("first", "anyway"));
}

// Whatever it returns or throws, as a task.
TEST_P(TaskGraphDeadlineTest, NothingIsKeptOfABodyThatEndsLate) {
  const std::vector<std::function<absl::Status()>> ends = {
      [] { return absl::OkStatus(); }, [] { return absl::CancelledError("asked to"); },
      [] { return absl::NotFoundError("no file"); },
      []() -> absl::Status { throw std::runtime_error("thrown"); }};
  for (const auto& end : ends) {
    TaskGraph graph;
    const auto late = [&](TaskContext& context) {
      BeLate(context);
      return end();
    };
    graph.Add(late).Name("late");
    EXPECT_THAT(FailedOf(graph), UnorderedElementsAre("late"));
  }
}

TEST_P(TaskGraphDeadlineTest, ALateConditionChoosesNothing) {
  TaskGraph graph;
  auto choice = graph.AddCondition([this](TaskContext& context) {
    BeLate(context);
    return 0;
  });
  auto chosen = graph.Add([] { ADD_FAILURE() << "ran"; });
  choice.Name("choice").Before(chosen);
  EXPECT_THAT(FailedOf(graph), UnorderedElementsAre("choice"));
}

TEST_P(TaskGraphDeadlineTest, SoAreNodesOfANestedGraphAndItsLoop) {
  TaskGraph inner;
  bool late_body = true;
  inner.Add([&](TaskContext& context) {
    if (late_body) BeLate(context);
  });
  TaskGraph once;
  once.AddGraph(inner).Name("once");
  EXPECT_THAT(FailedOf(once), UnorderedElementsAre("once"));

  late_body = false;
  TaskGraph loop;
  int rounds = 0;
  loop.AddGraph(inner,
                [&] {
                  if (++rounds == 3) clock_.Advance(kTimeout);
                  return rounds < 1'000'000;
                })
      .Name("loop");
  EXPECT_THAT(FailedOf(loop), UnorderedElementsAre("loop"));
}

TEST_P(TaskGraphDeadlineTest, ATimerThatIsNotDueGoesWithItsRun) {
  for (int i = 0; i < 100; ++i) {
    TaskGraph quick;
    quick.Add([] {});
    EXPECT_TRUE(scheduler_->Run(quick, {.timeout = absl::Hours(1)}).ok());
  }
}

// The nodes of a graph that had a deadline in one run have none in the next.
TEST_P(TaskGraphDeadlineTest, TheNextRunHasItsOwn) {
  TaskGraph graph;
  std::atomic<int> ran{0};
  graph.Add([&](TaskContext& context) {
    if (++ran == 1) BeLate(context);
  });
  EXPECT_EQ(scheduler_->Run(graph, {.timeout = kTimeout}).failed, 1);
  EXPECT_EQ(scheduler_->Run(graph).completed, 1);
  EXPECT_EQ(scheduler_->Run(graph, {.timeout = kTimeout}).completed, 1);
}

}  // namespace
}  // namespace weft
