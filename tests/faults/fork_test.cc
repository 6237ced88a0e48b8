// SPDX-License-Identifier: Apache-2.0
//
// What a scheduler is in a child of its process: no thread of it is there. Every call
// returns, and says so. docs/decisions/0012-forked-children.md has the contract.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "faults/in_child.h"
#include "testing/engines.h"
#include "testing/names.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/parallel_for.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::InChild;
using testing::kThreadSanitizer;

bool SaysForked(const absl::Status& status) {
  const std::string text(status.message());
  return absl::IsFailedPrecondition(status) && text.find("forked") != std::string::npos &&
         text.find("create a new scheduler") != std::string::npos;
}

class ForkTest : public testing::EngineTest {
 protected:
  // Everything that a child may try.
  int UseAll(TaskGroup& group, const Task<int>& ended, const Task<>& under_way) {
    CHILD_EXPECT(ended.Get().value_or(0) == 7);
    CHILD_EXPECT(SaysForked(under_way.Wait()));
    CHILD_EXPECT(SaysForked(under_way.Get()));
    CHILD_EXPECT(!under_way.WaitUntil(absl::Now() + absl::Seconds(1)));
    under_way.Cancel();
    const Task<int> value = group.Submit([] { return 1; });
    CHILD_EXPECT(value.state() == TaskState::kFailed);
    CHILD_EXPECT(SaysForked(value.Get().status()));
    CHILD_EXPECT(SaysForked(group.Submit([](const int&) {}, value).Get()));
    CHILD_EXPECT(SaysForked(value.result().status));
    CHILD_EXPECT(SaysForked(group.Schedule({.id = "a", .function = [] {}}).status()));
    CHILD_EXPECT(SaysForked(under_way.AddDependency(ended)));
    CHILD_EXPECT(SaysForked(group.Find("a").status()));
    CHILD_EXPECT(SaysForked(group.Release("a")));
    CHILD_EXPECT(SaysForked(group.Wait().status));
    CHILD_EXPECT(SaysForked(scheduler_->WaitAll().status));
    CHILD_EXPECT(SaysForked(scheduler_->WhatWaits().status));
    group.Cancel(absl::CancelledError(""));
    group.Seal();
    group.Detach([] {});
    CHILD_EXPECT(SaysForked(ParallelFor(group, 0, 100, [](int) {})));
    CHILD_EXPECT(SaysForked(scheduler_->GetStatus(ended.id()).status()));
    TaskGraph graph;
    graph.Add([] {});
    CHILD_EXPECT(SaysForked(scheduler_->Run(graph).status));
    CHILD_EXPECT(SaysForked(scheduler_->Start(graph).Get().status()));
    scheduler_->CancelAll(absl::CancelledError(""));
    CHILD_EXPECT(SaysForked(scheduler_->Shutdown()));
    TaskGroup another(*scheduler_);
    CHILD_EXPECT(SaysForked(another.Submit([] {}).Get()));
    return 0;
  }
};
WEFT_ON_ALL_ENGINES(ForkTest);

TEST_P(ForkTest, EveryCallSaysSoAndDestroyingReturns) {
  std::optional<TaskGroup> group(std::in_place, *scheduler_);
  Task<int> ended = group->Submit([] { return 7; });
  ASSERT_TRUE(ended.Get().ok());
  std::optional<testing::Gate> gate(std::in_place);
  Task<> under_way = group->Submit([&gate, blocks = has_threads()] {
    if (!blocks) return;
    const BlockingScope blocking;
    gate->Pass();
  });
  if (has_threads()) gate->AwaitEntered();
  EXPECT_EQ(InChild([&] {
              if (const int line = UseAll(*group, ended, under_way); line != 0) return line;
              group.reset();
              scheduler_.reset();
              ended = Task<int>();
              under_way = Task<>();
              return 0;
            }),
            0);
  // The parent does not notice.
  if (has_threads()) gate->Open();
  EXPECT_TRUE(under_way.Wait().ok());
  EXPECT_EQ(group->Submit([] { return 2; }).Get().value_or(0), 2);
}

// Threads submit, wait and make groups while others fork: a lock that one of them holds at
// that moment is never given back in the child.
TEST_P(ForkTest, WhileThreadsAreAtWork) {
  TaskGroup group(*scheduler_);
  const Task<int> ended = group.Submit([] { return 7; });
  ASSERT_TRUE(ended.Get().ok());
  const Task<> held = testing::OnName(group, "held", "never");
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        TaskGroup own(*scheduler_);
        for (int i = 0; i < 20; ++i) own.Submit([] { return 1; });
        own.Wait();
      }
    });
  }
  const int rounds = WEFT_SANITIZED ? 10 : 100;
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    EXPECT_EQ(InChild([&] { return UseAll(group, ended, held); }), 0) << "round " << round;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

// Cells, and slabs of graphs, change hands under locks that others may hold at that moment.
TEST_P(ForkTest, WhatTheParentMadeMayGoInTheChild) {
  TaskGroup group(*scheduler_);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, graphs = t == 0] {
      while (!stop) {
        TaskGroup own(*scheduler_);
        TaskGraph graph;
        std::vector<Task<>> kept;
        for (int i = 0; i < 3000 && graphs; ++i) graph.Add([] {});
        for (int i = 0; i < 3000 && !graphs; ++i) kept.push_back(own.Submit([] {}));
        own.Wait();
      }
    });
  }
  const int rounds = WEFT_SANITIZED ? 5 : 30;
  const auto forks = [&] {
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
      std::vector<Task<>> handles;
      std::optional<TaskGraph> graph(std::in_place);
      for (int i = 0; i < 3000; ++i) handles.push_back(group.Submit([] {}));
      for (int i = 0; i < 3000; ++i) graph->Add([] {});
      for (const Task<>& handle : handles) handle.Wait().IgnoreError();
      const auto let_go = [&] {
        handles.clear();
        for (int i = 0; i < 3000; ++i) graph->Add([] {});
        const absl::Status frozen = graph->Freeze();
        CHILD_EXPECT(absl::IsFailedPrecondition(frozen));
        CHILD_EXPECT(std::string(frozen.message()).find("forked") != std::string::npos);
        graph.reset();
        return 0;
      };
      EXPECT_EQ(InChild(let_go), 0) << "round " << round;
    }
  };
  forks();
  EXPECT_TRUE(group.Submit(forks).Wait().ok());
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

TEST_P(ForkTest, FromInsideATask) {
  TaskGroup group(*scheduler_);
  const Task<int> ended = group.Submit([] { return 7; });
  ASSERT_TRUE(ended.Get().ok());
  const Task<> held = testing::OnName(group, "held", "never");
  const Task<int> forks =
      group.Submit([&] { return InChild([&] { return UseAll(group, ended, held); }); });
  EXPECT_EQ(forks.Get().value_or(-1), 0);
}

// Also when the parent's pool is at work, and the child has children of its own.
TEST_P(ForkTest, ANewSchedulerInTheChildWorks) {
  if (kThreadSanitizer && has_threads()) {
    GTEST_SKIP() << "ThreadSanitizer ends a child of threads that starts one";
  }
  ASSERT_TRUE(scheduler_->Submit([] {}).Get().ok());
  const int workers = GetParam();
  const auto use_new = [workers] {
    for (int round = 0; round < 3; ++round) {
      // All its threads are ours, and at once: those of oneTBB have stayed with the parent.
      const auto fresh = workers <= testing::kInline ? testing::MakeScheduler(workers)
                                                     : testing::MakePatientScheduler(workers);
      std::atomic<int> ran{0};
      for (int i = 0; i < 1000; ++i) fresh->Submit([&ran] { ++ran; });
      CHILD_EXPECT(fresh->WaitAll().ok());
      CHILD_EXPECT(ran == 1000);
      const Task<int> waits = fresh->Submit([&] { return *fresh->Submit([] { return 3; }).Get(); });
      CHILD_EXPECT(waits.Get().value_or(0) == 3);
      TaskGraph graph;
      for (int i = 0; i < 1000; ++i) graph.Add([&ran] { ++ran; });
      CHILD_EXPECT(fresh->Run(graph).ok());
      CHILD_EXPECT(ran == 2000);
      CHILD_EXPECT(fresh->Shutdown().ok());
    }
    return 0;
  };
  EXPECT_EQ(InChild(use_new), 0);
  EXPECT_EQ(InChild([&] {
              if (const int line = use_new(); line != 0) return line;
              const auto kept = testing::MakeScheduler(workers);
              return InChild([&] {
                CHILD_EXPECT(SaysForked(kept->Submit([] {}).Get()));
                return use_new();
              });
            }),
            0);
}

TEST(ForkManyTest, ManyForksBesideALivePool) {
  const auto scheduler = testing::MakeScheduler(2);
  const int forks = WEFT_SANITIZED ? 50 : 1000;
  for (int i = 0; i < forks; ++i) {
    scheduler->Submit([] {});
    ASSERT_EQ(InChild([&] { return SaysForked(scheduler->Submit([] {}).Get()) ? 0 : 1; }), 0);
  }
  EXPECT_EQ(scheduler->WaitAll().completed, forks);
}

}  // namespace
}  // namespace weft
