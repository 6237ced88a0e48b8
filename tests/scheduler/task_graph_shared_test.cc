// SPDX-License-Identifier: Apache-2.0
//
// Graphs beside other work: several runs, threads and groups on one scheduler.

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

constexpr int kRuns = WEFT_SANITIZED ? 50 : 300;
constexpr absl::Duration kHangs = absl::Seconds(20);

// first -> 40 between -> last; plain data shows a run that is not whole.
class Diamond {
 public:
  Diamond() : between_(40) {
    auto first = graph_.Add([this] { ++first_; });
    auto last = graph_.Add([this] {
      whole_ = true;
      for (const int each : between_) whole_ = whole_ && each == first_;
    });
    for (int& each : between_) {
      auto node = graph_.Add([this, &each] { each = first_; });
      node.After(first);
      node.Before(last);
    }
  }
  bool RunsWhole(TaskScheduler& scheduler) {
    whole_ = false;
    return scheduler.Run(graph_).ok() && whole_;
  }

 private:
  int first_ = 0;
  std::vector<int> between_;
  bool whole_ = false;
  TaskGraph graph_;
};

class TaskGraphSharedTest : public testing::EngineTest {
 protected:
  TaskGraph graph_;
};
WEFT_ON_ALL_ENGINES(TaskGraphSharedTest);

TEST_P(TaskGraphSharedTest, ASecondRunAtOnceIsRefused) {
  testing::Gate gate;
  bool ran = false;
  graph_.Add([&gate] { gate.Pass(); }).Before(graph_.Add([&ran] { ran = true; }));
  RunSummary first;
  std::thread runner([&] { first = scheduler_->Run(graph_); });
  gate.AwaitEntered();
  const RunSummary second = scheduler_->Run(graph_);
  EXPECT_EQ(second.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.status.message(), HasSubstr("running already"));
  gate.Open();
  runner.join();
  EXPECT_TRUE(first.ok()) << first.status;
  EXPECT_TRUE(ran);
}

TEST_P(TaskGraphSharedTest, ATaskMayRunAGraphOnItsOwnScheduler) {
  Diamond diamond;
  for (int i = 0; i < 20; ++i) {
    scheduler_->Submit([&] { EXPECT_TRUE(diamond.RunsWhole(*scheduler_)); });
    EXPECT_TRUE(scheduler_->WaitAll().ok());
  }
}

TEST_P(TaskGraphSharedTest, ANodeMayRunAnotherGraph) {
  Diamond other;
  bool ran = false;
  graph_.Add([&] { ran = other.RunsWhole(*scheduler_); });
  for (int run = 0; run < 20; ++run) {
    ran = false;
    EXPECT_TRUE(scheduler_->Run(graph_).ok());
    EXPECT_TRUE(ran);
  }
  EXPECT_TRUE(other.RunsWhole(*scheduler_));
}

TEST_P(TaskGraphSharedTest, ANodeMayNotRunItsOwnGraph) {
  absl::Status refused;
  graph_.Add([&] { refused = scheduler_->Run(graph_).status; });
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(TaskGraphSharedTest, ABodyMayRunAGraphOnAnotherScheduler) {
  for (const int workers : {0, 1, 2}) {
    const auto other = testing::MakeScheduler(workers);
    Diamond diamond;
    TaskGraph graph;
    graph.Add([&] { EXPECT_TRUE(diamond.RunsWhole(*other)); });
    EXPECT_TRUE(scheduler_->Run(graph).ok());
    scheduler_->Submit([&] { EXPECT_TRUE(diamond.RunsWhole(*other)); });
    EXPECT_TRUE(scheduler_->WaitAll().ok());
  }
}

TEST_P(TaskGraphSharedTest, AfterShutdownARunIsRefused) {
  graph_.Add([] { FAIL(); });
  ASSERT_TRUE(scheduler_->Shutdown().ok());
  const RunSummary summary = scheduler_->Run(graph_);
  EXPECT_EQ(summary.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(summary.status.message(), HasSubstr("shut down"));
}

TEST_P(TaskGraphSharedTest, ThreadsRunGraphsOfTheirOwnAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> whole{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Diamond diamond;
      for (int run = 0; run < kRuns; ++run) whole += diamond.RunsWhole(*scheduler_) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(whole, 4 * kRuns);
}

TEST_P(TaskGraphSharedTest, GraphsAndGroupsShareTheWorkers) {
  std::atomic<int> whole{0};
  std::atomic<int> submitted{0};
  std::thread runner([&] {
    Diamond diamond;
    for (int run = 0; run < kRuns; ++run) whole += diamond.RunsWhole(*scheduler_) ? 1 : 0;
  });
  for (int round = 0; round < kRuns; ++round) {
    TaskGroup group(*scheduler_);
    auto before = group.Submit([&] { ++submitted; });
    for (int i = 0; i < 10; ++i) group.Submit([&] { ++submitted; }, before);
    EXPECT_TRUE(group.Wait().ok());
  }
  runner.join();
  EXPECT_EQ(whole, kRuns);
  EXPECT_EQ(submitted, 11 * kRuns);
}

TEST_P(TaskGraphSharedTest, ABodyMayWaitForAGroup) {
  std::atomic<int> submitted{0};
  for (int i = 0; i < 20; ++i) {
    graph_.Add([&] {
      TaskGroup group(*scheduler_);
      auto before = group.Submit([&] { ++submitted; });
      for (int k = 0; k < 10; ++k) group.Submit([&] { ++submitted; }, before);
      EXPECT_TRUE(group.Wait().ok());
    });
  }
  for (int run = 0; run < 10; ++run) EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(submitted, 10 * 20 * 11);
}

TEST_P(TaskGraphSharedTest, ABodyMaySubmitWhatOthersWaitFor) {
  std::atomic<int> ran{0};
  TaskGroup group(*scheduler_);
  for (int i = 0; i < 100; ++i) {
    graph_.Add([&] { group.Submit([&ran] { ++ran; }); });
  }
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(group.Wait().completed, 100);
  EXPECT_EQ(ran, 100);
}

TEST_P(TaskGraphSharedTest, AGraphMayGoAsSoonAsItsRunHasEnded) {
  for (int round = 0; round < kRuns; ++round) {
    Diamond diamond;
    ASSERT_TRUE(diamond.RunsWhole(*scheduler_));
  }
}

TEST_P(TaskGraphSharedTest, SchedulersComeAndGoBetweenRuns) {
  Diamond diamond;
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(diamond.RunsWhole(*testing::MakeScheduler(GetParam())));
  }
}

// 61 nodes are taken from a deque before a worker looks for submitted tasks; here the
// last of them is the last of the run. Unless the run begins too late to meet the
// worker: therefore several rounds.
void RunBeforeATaskThatWaitsForItsEnd() {
  const auto scheduler = testing::MakeScheduler(1);
  absl::Notification ended;
  bool in_time = false;
  testing::Gate gate;
  scheduler->Submit([&gate] { gate.Pass(); });  // holds the worker
  gate.AwaitEntered();
  TaskGraph graph;
  auto root = graph.Add(
      [&] { scheduler->Submit([&] { in_time = ended.WaitForNotificationWithTimeout(kHangs); }); });
  for (int i = 0; i < 62; ++i) root.Before(graph.Add([] {}));
  std::thread runner([&] {
    EXPECT_TRUE(scheduler->Run(graph).ok());
    ended.Notify();
  });
  gate.Open();
  runner.join();
  EXPECT_TRUE(scheduler->WaitAll().ok());
  EXPECT_TRUE(in_time);
}

TEST(TaskGraphFairnessTest, ARunEndsBeforeItsWorkerTurnsToSubmittedTasks) {
  for (int round = 0; round < 20 && !::testing::Test::HasFailure(); ++round) {
    RunBeforeATaskThatWaitsForItsEnd();
  }
}

}  // namespace
}  // namespace weft
