// SPDX-License-Identifier: Apache-2.0
//
// Dependencies that are added to a task that was submitted before.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

class LateEdgeTest : public testing::EngineTest {
 protected:
  // A task that does not end before Open: without threads because nobody waits yet.
  Task<> Held(TaskGroup& group) {
    return group.Submit([this] {
      if (!is_inline()) open_.WaitForNotification();
    });
  }
  void Open() { open_.Notify(); }

  // A task that waits for `name`, to which nobody has given a task yet.
  Task<> OnName(TaskGroup& group, const std::string& id, const std::string& name) {
    return *group.Schedule({.id = id, .function = [] {}, .dependencies = {name}});
  }
  void Give(TaskGroup& group, const std::string& name) {
    ASSERT_TRUE(group.Schedule({.id = name, .function = [] {}}).ok());
  }

 private:
  absl::Notification open_;
};
WEFT_ON_ALL_ENGINES(LateEdgeTest);
class ThreadedLateEdgeTest : public LateEdgeTest {};
WEFT_ON_THREADED_ENGINES(ThreadedLateEdgeTest);

TEST_P(LateEdgeTest, PendingTaskWaitsForTheAddedOne) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  int written = 0;  // plain: the late edge alone keeps the two bodies apart
  const auto task = group.Submit([&] { return written; }, After(held));
  const auto added = group.Submit([&] { written = 7; }, After(held));
  EXPECT_TRUE(task.AddDependency(added).ok());
  EXPECT_EQ(task.state(), TaskState::kPending);
  Open();
  EXPECT_EQ(*task.Get(), 7);
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(LateEdgeTest, ManyAndTheSameOneTwice) {
  // held -> each added one -> task
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  std::vector<int> written(40, 0);
  const auto task = group.Submit([&] { return written; }, After(held));
  for (int& each : written) {
    const auto added = group.Submit([&each] { each = 1; }, After(held));
    EXPECT_TRUE(task.AddDependency(added).ok());
    EXPECT_TRUE(task.AddDependency(added).ok());
    EXPECT_TRUE(task.AddDependency(held).ok());
  }
  Open();
  EXPECT_EQ(*task.Get(), std::vector<int>(40, 1));
}

TEST_P(LateEdgeTest, OneThatHasCompletedChangesNothing) {
  TaskGroup group(*scheduler_);
  const auto done = group.Submit([] { return 1; });
  ASSERT_TRUE(done.Wait().ok());
  const auto held = Held(group);
  const auto task = group.Submit([] { return 2; }, After(held));
  EXPECT_TRUE(task.AddDependency(done).ok());
  EXPECT_EQ(task.state(), TaskState::kPending);
  Open();
  EXPECT_EQ(*task.Get(), 2);
}

TEST_P(LateEdgeTest, OneThatDidNotCompleteSkipsTheTaskAtOnce) {
  TaskGroup group(*scheduler_);
  const auto failed =
      *group.Schedule({.id = "failed", .function = [] { return absl::AbortedError("no"); }});
  failed.Wait().IgnoreError();
  const auto skipped = group.Submit([] {}, failed);
  skipped.Wait().IgnoreError();
  const auto cancelled = OnName(group, "cancelled", "ghost");
  cancelled.Cancel();
  const auto held = Held(group);
  const std::vector<std::pair<Task<>, absl::Status>> cases = {
      {failed, absl::AbortedError("skipped: dependency 'failed' failed: no")},
      {skipped, absl::AbortedError("skipped: dependency 'failed' failed: no")},
      {cancelled, absl::CancelledError("skipped: dependency 'cancelled' was cancelled: cancelled")},
  };
  std::atomic<int> ran{0};
  for (const auto& [bad, status] : cases) {
    const auto task = group.Submit([&] { ++ran; }, After(held));
    const auto behind = group.Submit([&] { ++ran; }, After(task));
    EXPECT_TRUE(task.AddDependency(bad).ok());
    EXPECT_EQ(task.state(), TaskState::kSkipped);
    EXPECT_EQ(behind.state(), TaskState::kSkipped);
    EXPECT_EQ(task.Get(), status);
    EXPECT_EQ(behind.Get(), status);
  }
  Open();
  EXPECT_EQ(group.Wait().skipped, 7);
  EXPECT_EQ(ran, 0);
}

TEST_P(LateEdgeTest, ASkipSetsGoingWhatRunsAnyway) {
  // held -> task -> anyway; task also waits, late, for one that has failed.
  TaskGroup group(*scheduler_);
  const auto failed = group.Submit([] { return absl::AbortedError("no"); });
  failed.Wait().IgnoreError();
  const auto held = Held(group);
  const auto task = group.Submit([] {}, After(held));
  std::atomic<int> ran{0};
  for (int i = 0; i < 5; ++i) group.Submit([&](const absl::Status&) { ++ran; }, task);
  EXPECT_TRUE(task.AddDependency(failed).ok());
  Open();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(ran, 5);
  EXPECT_EQ(summary.completed, 6);
}

TEST_P(LateEdgeTest, ASkipInsideABodySetsGoingWhatRunsAnyway) {
  // adds -> task -> anyway; adds makes task wait for one that has failed.
  TaskGroup group(*scheduler_);
  const auto failed = group.Submit([] { return absl::AbortedError("no"); });
  failed.Wait().IgnoreError();
  const auto held = Held(group);
  Task<> task;
  std::atomic<int> ran{0};
  const auto adds = group.Submit([&] { return task.AddDependency(failed); }, After(held));
  task = group.Submit([] {}, After(adds));
  for (int i = 0; i < 5; ++i) group.Submit([&](const absl::Status&) { ++ran; }, task);
  Open();
  EXPECT_TRUE(adds.Get().ok()) << adds.Get();
  EXPECT_EQ(task.Get().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(group.Wait().completed, 7);
  EXPECT_EQ(ran, 5);
}

TEST_P(LateEdgeTest, OneThatFailsLaterSkipsTheTask) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  std::atomic<int> ran{0};
  const auto task = group.Submit([&] { ++ran; }, After(held));
  // In place of the name it would have kept the group at rest; so by hand.
  const auto added = group.Submit([] { return absl::AbortedError("later"); }, After(held));
  EXPECT_TRUE(task.AddDependency(added).ok());
  Open();
  EXPECT_TRUE(absl::IsAborted(task.Get()));
  EXPECT_EQ(task.state(), TaskState::kSkipped);
  EXPECT_EQ(ran, 0);
}

TEST_P(LateEdgeTest, ItSkipsAlsoATaskThatRunsAnywayForOthers) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto bad = group.Submit([] { return absl::AbortedError("first"); }, After(held));
  const auto task = group.Submit([](const absl::Status&) {}, bad);
  const auto other = group.Submit([](const absl::Status&) {}, bad);
  const auto added = group.Submit([] { return absl::DataLossError("late"); }, After(held));
  EXPECT_TRUE(task.AddDependency(added).ok());
  Open();
  EXPECT_EQ(task.Get().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(other.Get().ok());
}

TEST_P(LateEdgeTest, ReadyTaskIsRefused) {
  std::vector<absl::Notification> entered(static_cast<std::size_t>(GetParam()));
  absl::Notification open;
  TaskGroup group(*scheduler_);             // its end waits for those who use them
  for (absl::Notification& in : entered) {  // every worker is busy
    group.Submit([&in, &open] {
      in.Notify();
      open.WaitForNotification();
    });
  }
  for (absl::Notification& in : entered) in.WaitForNotification();
  const auto task = group.Submit([] { return 1; });
  const auto other = group.Submit([] { return absl::AbortedError("not yours"); });
  EXPECT_EQ(task.state(), TaskState::kReady);
  const absl::Status refused = task.AddDependency(other);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("not pending"));
  open.Notify();
  EXPECT_EQ(*task.Get(), 1);
}

TEST_P(LateEdgeTest, RunningTaskIsRefused) {
  TaskGroup group(*scheduler_);
  Task<> self;
  absl::Notification known;
  const auto other = OnName(group, "other", "ghost");
  self = group.Submit([&]() -> absl::Status {
    if (!is_inline()) known.WaitForNotification();
    return self.AddDependency(other);
  });
  known.Notify();
  EXPECT_TRUE(absl::IsFailedPrecondition(self.Get())) << self.Get();
  EXPECT_EQ(self.state(), TaskState::kFailed);
}

TEST_P(LateEdgeTest, EndedTaskIsRefused) {
  TaskGroup group(*scheduler_);
  const auto fine = group.Submit([] {});
  const auto failed = group.Submit([] { return absl::AbortedError("x"); });
  const auto skipped = group.Submit([] {}, failed);
  const auto cancelled = OnName(group, "cancelled", "ghost");
  cancelled.Cancel();
  group.Wait();
  for (const auto& task : {fine, failed, skipped, cancelled}) {
    const TaskState state = task.state();
    EXPECT_TRUE(IsTerminal(state));
    EXPECT_TRUE(absl::IsFailedPrecondition(task.AddDependency(fine)));
    EXPECT_EQ(task.state(), state);
  }
}

TEST_P(LateEdgeTest, EmptyHandleOrAnotherSchedulersIsRefusedAndTheTaskRuns) {
  const auto other = testing::MakeScheduler(testing::kInline);
  const auto foreign = other->Submit([] { return 1; });
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto task = group.Submit([] { return 3; }, After(held));
  EXPECT_TRUE(absl::IsInvalidArgument(task.AddDependency(AnyTask())));
  EXPECT_TRUE(absl::IsInvalidArgument(task.AddDependency(foreign)));
  Open();
  EXPECT_EQ(*task.Get(), 3);
}

TEST_P(LateEdgeTest, OneThatWouldCloseACycleIsRefusedWithThePath) {
  // a -> b -> c, all behind a held one
  TaskGroup group(*scheduler_);
  TaskGroup elsewhere(*scheduler_);
  const auto held = Held(group);
  const auto a = *group.Schedule({.id = "a", .function = [] {}, .dependencies = {held}});
  const auto b = *elsewhere.Schedule({.id = "b", .function = [] {}, .dependencies = {a}});
  const auto c = *group.Schedule({.id = "c", .function = [] {}, .dependencies = {b}});
  const absl::Status cycle = a.AddDependency(c);
  EXPECT_TRUE(absl::IsFailedPrecondition(cycle)) << cycle;
  EXPECT_THAT(std::string(cycle.message()), HasSubstr("c -> b -> a"));
  EXPECT_TRUE(absl::IsFailedPrecondition(b.AddDependency(c)));
  EXPECT_TRUE(absl::IsFailedPrecondition(a.AddDependency(a)));
  EXPECT_TRUE(c.AddDependency(a).ok());  // the other way round is none
  Open();
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_TRUE(elsewhere.Wait().ok());
}

TEST_P(LateEdgeTest, ACycleOfLateEdgesAloneIsRefused) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  constexpr std::size_t kLength = 200;
  std::vector<Task<>> chain;
  for (std::size_t i = 0; i < kLength; ++i) chain.push_back(group.Submit([] {}, After(held)));
  for (std::size_t i = 1; i < kLength; ++i) ASSERT_TRUE(chain[i].AddDependency(chain[i - 1]).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(chain.front().AddDependency(chain.back())));
  Open();
  EXPECT_EQ(group.Wait().completed, kLength + 1);
}

TEST_P(LateEdgeTest, ACycleThroughANameIsRefused) {
  // b waits for the bare name "c", which will wait for a.
  TaskGroup group(*scheduler_);
  const auto a = OnName(group, "a", "ghost");
  const auto c = *group.Schedule({.id = "c", .function = [] {}, .dependencies = {"a"}});
  const auto b = *group.Schedule({.id = "b", .function = [] {}, .dependencies = {"c"}});
  EXPECT_TRUE(absl::IsFailedPrecondition(a.AddDependency(b)));
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(LateEdgeTest, WhoWaitsForItIsToldThatItNeverEnds) {
  // The body of `waits` makes `target` wait for itself, and then waits for `target`.
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  Task<> target;
  Task<> waits;
  absl::Notification known;
  waits = *group.Schedule({.id = "waits",
                           .function =
                               [&] {
                                 if (!is_inline()) known.WaitForNotification();
                                 EXPECT_TRUE(target.AddDependency(waits).ok());
                                 return target.Wait();
                               },
                           .dependencies = {held}});
  target = group.Submit([] {}, After(held, waits));
  known.Notify();
  Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(waits.Get())) << waits.Get();
  EXPECT_EQ(target.Wait().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(target.state(), TaskState::kSkipped);
}

// A body sleeps until `target` has ended, while `target` is to wait for the task behind
// that body: either the edge is refused, or the wait.
TEST_P(ThreadedLateEdgeTest, OneThatWouldCloseACycleThroughAWaitIsRefused) {
  for (int round = 0; round < 100; ++round) {
    TaskGroup group(*scheduler_);
    const auto target = OnName(group, "target", "ghost");
    absl::Notification inside;
    absl::Status waited;
    const auto waits = group.Submit([&] {
      inside.Notify();
      waited = target.Wait();
    });
    const auto behind = group.Submit([] {}, After(waits));
    inside.WaitForNotification();
    for (int i = 0; i < round; ++i) std::this_thread::yield();
    const absl::Status added = target.AddDependency(behind);
    Give(group, "ghost");
    const RunSummary summary = group.Wait();
    ASSERT_EQ(summary.completed, 4) << summary.status;
    // A wait for a task on a bare name is refused, too.
    ASSERT_TRUE(absl::IsFailedPrecondition(added.ok() ? waited : added)) << "round " << round;
  }
}

TEST_P(ThreadedLateEdgeTest, ASleepingBodyIsPartOfACycle) {
  for (int round = 0; round < 100; ++round) {
    TaskGroup group(*scheduler_);
    testing::Gate gate;
    const auto held = group.Submit([&] { gate.Pass(); });
    gate.AwaitEntered();
    const auto target = group.Submit([] {}, After(held));
    absl::Notification inside;
    const auto waits = group.Submit([&] {
      inside.Notify();
      return target.Wait();
    });
    const auto behind = group.Submit([] {}, After(waits));
    // With one worker the gate has it: the body comes later.
    if (GetParam() > 1) inside.WaitForNotification();
    for (int i = 0; i < round; ++i) std::this_thread::yield();
    const absl::Status added = target.AddDependency(behind);
    gate.Open();
    const RunSummary summary = group.Wait();
    if (added.ok()) {
      ASSERT_TRUE(absl::IsFailedPrecondition(waits.Get())) << "round " << round << waits.Get();
      ASSERT_EQ(summary.skipped, 2);  // behind, target
    } else {
      ASSERT_TRUE(absl::IsFailedPrecondition(added)) << added;
      ASSERT_EQ(summary.completed, 4);
    }
  }
}

TEST_P(LateEdgeTest, ATaskOfAnotherGroupIsWaitedFor) {
  TaskGroup group(*scheduler_);
  TaskGroup other(*scheduler_);
  const auto held = Held(other);
  const auto first = group.Submit([] {}, After(held));
  int written = 0;
  const auto task = group.Submit([&] { return written; }, After(first));
  const auto added = other.Submit([&] { written = 5; }, After(held));
  EXPECT_TRUE(task.AddDependency(added).ok());
  Open();
  EXPECT_EQ(group.Wait().completed, 2);
  EXPECT_EQ(*task.Get(), 5);
}

TEST_P(LateEdgeTest, ATaskOnABareNameStaysListedAndTheGroupAtRest) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto behind = group.Submit([&] { ++ran; }, After(stuck));
  const auto added = group.Submit([&] { ++ran; });
  EXPECT_TRUE(stuck.AddDependency(added).ok());
  RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 1);
  EXPECT_EQ(summary.pending, 2);
  EXPECT_EQ(summary.under_way, 0);
  ASSERT_EQ(summary.unresolved.size(), 1u);
  EXPECT_EQ(summary.unresolved[0].task_name, "stuck");
  EXPECT_EQ(summary.unresolved[0].waits_for, "ghost");
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(ran, 2);
}

TEST_P(LateEdgeTest, ALateEdgeOnATaskThatWaitsForANameSuspendsAllBehind) {
  // stuck waits for ghost; task -> behind -> last wait, late, for stuck.
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto task = group.Submit([] {}, After(held));
  const auto behind = group.Submit([] {}, After(task));
  const auto last = group.Submit([] {}, After(behind, held));
  EXPECT_TRUE(task.AddDependency(stuck).ok());
  Open();
  RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 1);
  EXPECT_EQ(summary.pending, 4);
  EXPECT_EQ(summary.under_way, 0);
  EXPECT_EQ(summary.unresolved.size(), 1u);
  EXPECT_TRUE(absl::IsFailedPrecondition(last.Wait()));
  Give(group, "ghost");
  summary = group.Wait();
  EXPECT_TRUE(summary.ok());
  EXPECT_EQ(summary.completed, 6);
  EXPECT_EQ(last.state(), TaskState::kCompleted);
}

TEST_P(LateEdgeTest, TwoNamesMustBothCome) {
  TaskGroup group(*scheduler_);
  const auto one = OnName(group, "one", "ghost1");
  const auto two = OnName(group, "two", "ghost2");
  const auto task = group.Submit([] {}, After(one));
  EXPECT_TRUE(task.AddDependency(two).ok());
  EXPECT_TRUE(task.AddDependency(two).ok());
  EXPECT_EQ(group.Wait().pending, 3);
  Give(group, "ghost2");
  RunSummary summary = group.Wait();
  EXPECT_EQ(summary.pending, 2);
  EXPECT_EQ(summary.completed, 2);
  EXPECT_EQ(task.state(), TaskState::kPending);
  Give(group, "ghost1");
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(LateEdgeTest, ATaskThatWaitsForANameAndIsCancelledSkipsThoseAddedBehind) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto task = group.Submit([] {}, After(held));
  const auto behind = group.Submit([](const absl::Status& status) { return status; }, task);
  EXPECT_TRUE(task.AddDependency(stuck).ok());
  stuck.Cancel();
  EXPECT_EQ(task.state(), TaskState::kSkipped);
  Open();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.pending, 0);
  EXPECT_EQ(summary.cancelled, 1);
  EXPECT_EQ(summary.skipped, 1);
  EXPECT_TRUE(absl::IsCancelled(behind.Get()));
}

TEST_P(LateEdgeTest, SealEndsWhatWaitsForAName) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto task = group.Submit([] {}, After(held));
  EXPECT_TRUE(task.AddDependency(stuck).ok());
  Open();
  group.Wait();
  group.Seal();
  EXPECT_EQ(group.Wait().skipped, 2);
  EXPECT_TRUE(absl::IsNotFound(task.Get()));
}

// ---- Many at once.

// Moments at which bodies began and ended, in one order.
struct Span {
  std::int64_t began = -1;
  std::int64_t ended = -1;
};

TEST_P(LateEdgeTest, ThreadsAddWhilePredecessorsEnd) {
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
      if (!is_inline()) start.WaitForNotification();
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

TEST_P(LateEdgeTest, ThreadsAddWhileTasksAreCancelledAndFail) {
  constexpr std::size_t kTasks = 60;
  for (unsigned round = 1; round <= 30; ++round) {
    std::vector<Task<>> tasks;
    std::vector<std::atomic<int>> runs(kTasks);
    TaskGroup group(*scheduler_);
    std::mt19937 random(round);
    absl::Notification start;
    const auto held = group.Submit([&] {
      if (!is_inline()) start.WaitForNotification();
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

// `task` waits for a name that never comes, and, late, for one whose name comes just now:
// it stays listed, and the group comes to rest.
TEST_P(LateEdgeTest, ANameComesWhileALateEdgeIsAdded) {
  for (int round = 0; round < 300; ++round) {
    TaskGroup group(*scheduler_);
    const auto task = OnName(group, "task", "never");
    const auto behind = group.Submit([] {}, After(task));
    const auto other = OnName(group, "other", "comes");
    std::atomic<int> at_start{0};
    std::thread gives([&] {
      ++at_start;
      while (at_start < 2) std::this_thread::yield();
      Give(group, "comes");
    });
    ++at_start;
    while (at_start < 2) std::this_thread::yield();
    ASSERT_TRUE(task.AddDependency(other).ok());
    gives.join();
    const RunSummary summary = group.Wait();
    ASSERT_EQ(summary.completed, 2) << "round " << round;
    ASSERT_EQ(summary.pending, 2) << "round " << round;
    ASSERT_EQ(summary.unresolved.size(), 1u) << "round " << round;
    Give(group, "never");
    ASSERT_TRUE(group.Wait().ok()) << "round " << round;
  }
}

}  // namespace
}  // namespace weft
