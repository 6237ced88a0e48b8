// SPDX-License-Identifier: Apache-2.0
//
// Threads that add dependencies while tasks start, end, fail and are cancelled.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/held_engine.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class LateEdgeThreadsTest : public testing::HeldEngineTest {};
WEFT_ON_ALL_ENGINES(LateEdgeThreadsTest);

// Moments at which bodies began and ended, in one order.
struct Span {
  std::int64_t began = -1;
  std::int64_t ended = -1;
};

TEST_P(LateEdgeThreadsTest, ThreadsAddWhilePredecessorsEnd) {
  constexpr std::size_t kFirst = 40;
  constexpr std::size_t kTargets = 40;
  constexpr unsigned kThreads = 4;
  for (unsigned round = 1; round <= 30; ++round) {
    TaskGroup group(*scheduler_);
    std::atomic<std::int64_t> clock{0};
    std::vector<Span> first_spans(kFirst);
    std::vector<Span> target_spans(kTargets);
    std::mt19937 random(round);
    std::vector<Task<>> first;
    std::vector<Task<>> targets;
    absl::Notification start;
    const auto held = group.Submit([&] {
      if (has_threads()) start.WaitForNotification();
    });
    const auto body = [&clock](Span& span) {
      span.began = clock++;
      for (int i = 0; i < 100; ++i) span.ended = clock;
      span.ended = clock++;
    };
    for (std::size_t i = 0; i < kFirst; ++i) {
      first.push_back(group.Submit([&body, &span = first_spans[i]] { body(span); }, After(held)));
    }
    for (std::size_t i = 0; i < kTargets; ++i) {
      targets.push_back(group.Submit([&body, &span = target_spans[i]] { body(span); },
                                     After(first[random() % kFirst])));
    }
    struct Accepted {
      std::size_t from;
      std::size_t to;
      bool both_targets;
    };
    std::vector<std::vector<Accepted>> accepted(kThreads);
    std::vector<std::thread> threads;
    std::atomic<int> added{0};
    for (unsigned t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 mine(round * 100 + t);
        for (int i = 0; i < 60; ++i) {
          const bool both = mine() % 2 == 0;  // of two targets: cycles would be possible
          const std::size_t to = mine() % kTargets;
          const std::size_t from = mine() % (both ? kTargets : kFirst);
          if (targets[to].AddDependency(both ? targets[from] : first[from]).ok()) {
            accepted[t].push_back({from, to, both});
          }
          ++added;
        }
      });
    }
    while (added < 20) std::this_thread::yield();
    start.Notify();
    const RunSummary summary = group.Wait();
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(summary.ok()) << "round " << round;
    ASSERT_EQ(summary.completed, kFirst + kTargets + 1);
    for (const auto& edges : accepted) {
      for (const Accepted& edge : edges) {
        const Span& before = edge.both_targets ? target_spans[edge.from] : first_spans[edge.from];
        ASSERT_LT(before.ended, target_spans[edge.to].began) << "round " << round;
      }
    }
  }
}

TEST_P(LateEdgeThreadsTest, ThreadsAddWhileTasksAreCancelledAndFail) {
  constexpr std::size_t kTasks = 60;
  for (unsigned round = 1; round <= 30; ++round) {
    std::vector<Task<>> tasks;
    std::vector<std::atomic<int>> runs(kTasks);
    TaskGroup group(*scheduler_);
    std::mt19937 random(round);
    absl::Notification start;
    const auto held = group.Submit([&] {
      if (has_threads()) start.WaitForNotification();
    });
    for (std::size_t i = 0; i < kTasks; ++i) {
      const bool fails = random() % 10 == 0;
      tasks.push_back(group.Submit(
          [&runs, i, fails] {
            ++runs[i];
            return fails ? absl::AbortedError("asked to") : absl::OkStatus();
          },
          After(i < 10 ? held : tasks[random() % i])));
    }
    std::vector<std::thread> threads;
    std::atomic<int> steps{0};
    for (unsigned t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 mine(round * 100 + t);
        for (int i = 0; i < 60; ++i) {
          const Task<>& task = tasks[mine() % kTasks];
          if (mine() % 8 == 0) {
            task.Cancel();
          } else {
            task.AddDependency(tasks[mine() % kTasks]).IgnoreError();
          }
          ++steps;
        }
      });
    }
    while (steps < 20) std::this_thread::yield();
    start.Notify();
    const RunSummary summary = group.Wait();
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(summary.pending + summary.under_way, 0) << "round " << round;
    std::int64_t ran = 0;
    for (std::size_t i = 0; i < kTasks; ++i) {
      const TaskState state = tasks[i].state();
      ASSERT_TRUE(IsTerminal(state)) << "round " << round << " task " << i;
      ASSERT_EQ(runs[i], tasks[i].result().attempts) << "round " << round << " task " << i;
      ran += runs[i];
    }
    ASSERT_EQ(ran + 1, summary.completed + summary.failed) << "round " << round;
  }
}

}  // namespace
}  // namespace weft
