// SPDX-License-Identifier: Apache-2.0
//
// Bodies that block: another worker takes the place of each.

#include <atomic>
#include <barrier>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/parallel_map.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/worker_local.h"

namespace weft {
namespace {

class BlockingTest : public testing::EngineTest {};
WEFT_ON_THREADED_ENGINES(BlockingTest);

TEST_P(BlockingTest, ABodyMayWaitForWhatAnotherBodyDoes) {
  absl::Notification done;
  TaskGroup group(*scheduler_);
  group.Submit([&] {
    BlockingScope blocking;
    done.WaitForNotification();
  });
  group.Submit([&] { done.Notify(); });
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(BlockingTest, ManyMoreBodiesThanWorkersMeet) {
  constexpr int kBodies = 60;
  std::barrier<> together(kBodies);
  TaskGroup group(*scheduler_);
  for (int i = 0; i < kBodies; ++i) {
    group.Submit([&] {
      BlockingScope blocking;
      together.arrive_and_wait();
    });
  }
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(BlockingTest, NodesOfAGraphMayBlockToo) {
  constexpr int kBodies = 40;
  std::barrier<> together(kBodies);
  std::atomic<int> after{0};
  TaskGraph graph;
  for (int i = 0; i < kBodies; ++i) {
    auto meets = graph.Add([&] {
      BlockingScope blocking;
      together.arrive_and_wait();
    });
    meets.Before(graph.Add([&] { ++after; }));
  }
  for (int round = 0; round < 3; ++round) EXPECT_TRUE(scheduler_->Run(graph).ok());
  EXPECT_EQ(after, 3 * kBodies);
}

// The bodies meet without saying that they block: there must be a worker for each.
TEST_P(BlockingTest, RootsOfAGraphRunSideBySide) {
  const int workers = scheduler_->worker_count();
  for (const int roots : {workers, 3 * workers}) {
    std::barrier<> together(workers);
    TaskGraph graph;
    for (int i = 0; i < roots; ++i) graph.Add([&] { together.arrive_and_wait(); });
    EXPECT_TRUE(scheduler_->Run(graph).ok());
  }
}

TEST_P(BlockingTest, SuccessorsOfANodeRunSideBySide) {
  const int workers = scheduler_->worker_count();
  std::barrier<> together(workers);
  TaskGraph graph;
  auto first = graph.Add([] {});
  for (int i = 0; i < workers; ++i) first.Before(graph.Add([&] { together.arrive_and_wait(); }));
  for (int round = 0; round < 20; ++round) EXPECT_TRUE(scheduler_->Run(graph).ok());
}

TEST_P(BlockingTest, NoSlotIsHeldTwice) {
  constexpr int kBodies = 30;
  std::barrier<> together(kBodies);
  std::mutex mu;
  std::set<int> slots;
  TaskGroup group(*scheduler_);
  for (int i = 0; i < kBodies; ++i) {
    group.Submit([&](TaskContext& context) {
      EXPECT_LT(context.worker(), scheduler_->slot_count());
      {
        const std::lock_guard<std::mutex> lock(mu);
        EXPECT_TRUE(slots.insert(context.worker()).second);
      }
      BlockingScope blocking;
      together.arrive_and_wait();
    });
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(slots.size(), static_cast<std::size_t>(kBodies));
}

TEST_P(BlockingTest, WorkerLocalHasOneForEachStandIn) {
  constexpr int kBodies = 30;
  std::barrier<> together(kBodies);
  WorkerLocal<int> local(*scheduler_, [] { return 0; });
  TaskGroup group(*scheduler_);
  for (int i = 0; i < kBodies; ++i) {
    group.Submit([&](TaskContext& context) {
      ++local.Get(context);
      BlockingScope blocking;
      together.arrive_and_wait();
    });
  }
  EXPECT_TRUE(group.Wait().ok());
  int made = 0;
  local.ForEach([&](int value) {
    EXPECT_EQ(value, 1);
    ++made;
  });
  EXPECT_EQ(made, kBodies);
}

// Tasks that hold a lock while they wait for another group's task: nothing unrelated may
// run on their stacks, so somebody else has to run it.
TEST_P(BlockingTest, AWaitInsideATaskIsReplaced) {
  absl::Notification release;
  TaskGroup others(*scheduler_);
  TaskGroup group(*scheduler_);
  const Task<int> late = others.Submit([&] {
    BlockingScope blocking;
    release.WaitForNotification();
    return 5;
  });
  std::atomic<int> sum{0};
  for (int i = 0; i < 20; ++i) {
    group.Submit([&] { sum += *late.Get(); });
  }
  group.Submit([&] { release.Notify(); });  // comes last in the queue
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(sum, 100);
}

TEST_P(BlockingTest, TooManyWaitsAtOnceAreAnErrorNotAHang) {
  absl::Notification release;
  TaskGroup others(*scheduler_);
  TaskGroup group(*scheduler_);
  const Task<> held = others.Submit([&] {
    BlockingScope blocking;
    release.WaitForNotification();
  });
  std::atomic<int> refused{0};
  constexpr int kWaits = 400;
  for (int i = 0; i < kWaits; ++i) {
    group.Submit([&] {
      const absl::Status waited = held.Wait();
      if (waited.ok()) return;
      EXPECT_TRUE(absl::IsResourceExhausted(waited)) << waited;
      // The first to be refused lets the others go.
      if (refused++ == 0) release.Notify();
    });
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_GE(refused, 1);
  EXPECT_LE(refused, kWaits - 250);
}

TEST_P(BlockingTest, ATaskMayRunAGraphOnItsOwnScheduler) {
  std::atomic<int> ran{0};
  TaskGraph inner;
  for (int i = 0; i < 100; ++i) inner.Add([&] { ++ran; }).Before(inner.Add([&] { ++ran; }));
  const Task<> outer = scheduler_->Submit([&] {
    for (int round = 0; round < 5; ++round) EXPECT_TRUE(scheduler_->Run(inner).ok());
  });
  EXPECT_TRUE(outer.Get().ok());
  EXPECT_EQ(ran, 1000);
}

TEST_P(BlockingTest, ABodyOfAGraphMaySubmitAndWait) {
  std::atomic<int> ran{0};
  TaskGraph graph;
  for (int i = 0; i < 20; ++i) {
    graph.Add([&] {
      TaskGroup group(*scheduler_);
      for (int k = 0; k < 10; ++k) group.Submit([&] { ++ran; });
      EXPECT_TRUE(group.Wait().ok());
    });
  }
  EXPECT_TRUE(scheduler_->Run(graph).ok());
  EXPECT_EQ(ran, 200);
}

class WithoutThreadsTest : public ::testing::TestWithParam<int> {
 protected:
  const std::unique_ptr<TaskScheduler> scheduler_ = testing::MakeScheduler(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Engines, WithoutThreadsTest,
                         ::testing::Values(testing::kInline, testing::kSimulated),
                         testing::EngineName);

TEST_P(WithoutThreadsTest, TasksAndNodesMayRunGraphs) {
  int ran = 0;
  TaskGraph inner;
  for (int i = 0; i < 3; ++i) inner.Add([&] { ++ran; });
  TaskGraph outer;
  outer.Add([&] {
    scheduler_->Submit([&] { ran += 100; });
    EXPECT_TRUE(scheduler_->Run(inner).ok());
    EXPECT_EQ(ran % 100, 3);
  });
  const auto task = scheduler_->Submit([&] { EXPECT_TRUE(scheduler_->Run(inner).ok()); });
  EXPECT_TRUE(task.Wait().ok());
  EXPECT_EQ(ran, 3);
  ran = 0;
  EXPECT_TRUE(scheduler_->Run(outer).ok());
  EXPECT_TRUE(scheduler_->WaitAll().ok());
  EXPECT_EQ(ran, 103);
}

TEST_P(WithoutThreadsTest, GraphsInsideGraphsHaveALimit) {
  constexpr std::size_t kDepth = 300;
  std::vector<TaskGraph> graphs(kDepth);
  std::vector<absl::Status> ran(kDepth);
  for (std::size_t i = 0; i + 1 < kDepth; ++i) {
    graphs[i].Add([&, i] { ran[i] = scheduler_->Run(graphs[i + 1]).status; });
  }
  EXPECT_TRUE(scheduler_->Run(graphs[0]).ok());
  for (std::size_t i = 0; i < kDepth; ++i) {
    EXPECT_EQ(ran[i].code(),
              i == 256 ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kOk)
        << i;
  }
  EXPECT_TRUE(scheduler_->Run(graphs[200]).ok());  // as before
}

// What the task that runs the graph has submitted must not run before the graph has ended: not
// on this stack.
TEST_P(WithoutThreadsTest, NothingElseRunsOnTheStackOfAGraph) {
  bool in_graph = false;
  int beside = 0;
  TaskGraph graph;
  for (int i = 0; i < 20; ++i) graph.Add([&in_graph] { EXPECT_TRUE(in_graph); });
  const auto task = scheduler_->Submit([&] {
    for (int i = 0; i < 20; ++i) {
      scheduler_->Submit([&] { beside += in_graph ? 1000 : 1; });
    }
    in_graph = true;
    EXPECT_TRUE(scheduler_->Run(graph).ok());
    EXPECT_EQ(beside, 0);
    in_graph = false;
  });
  EXPECT_TRUE(task.Wait().ok());
  EXPECT_TRUE(scheduler_->WaitAll().ok());
  EXPECT_EQ(beside, 20);
}

}  // namespace
}  // namespace weft
