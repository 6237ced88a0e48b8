// SPDX-License-Identifier: Apache-2.0
//
// Tasks that grow: what waits for them waits for a continuation instead.

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

class ContinueTest : public testing::EngineTest {
 protected:
  // A task that does not end before Open: without threads because nobody waits yet. What
  // is submitted behind it finds its dependencies as they were.
  Task<> Held(TaskGroup& group) {
    return group.Submit([this] {
      if (!is_inline()) open_.WaitForNotification();
    });
  }
  void Open() { open_.Notify(); }

  Task<> OnName(TaskGroup& group, const std::string& id, const std::string& name) {
    return *group.Schedule({.id = id, .function = [] {}, .dependencies = {name}});
  }
  void Give(TaskGroup& group, const std::string& name) {
    ASSERT_TRUE(group.Schedule({.id = name, .function = [] {}}).ok());
  }

 private:
  absl::Notification open_;
};
WEFT_ON_ALL_ENGINES(ContinueTest);
class ThreadedContinueTest : public ContinueTest {};
WEFT_ON_THREADED_ENGINES(ThreadedContinueTest);

TEST_P(ContinueTest, SuccessorsWaitForTheContinuation) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  int written = 0;  // plain: the continuation alone keeps the two bodies apart
  const auto task = group.Submit(
      [&](TaskContext& context) {
        const auto more = group.Submit([&] { written = 1; });
        EXPECT_TRUE(context.Continue(more).ok());
        EXPECT_TRUE(context.Continue(more).ok());
      },
      After(held));
  const auto behind = group.Submit([&] { return written; }, After(task));
  Open();
  EXPECT_EQ(*behind.Get(), 1);
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ContinueTest, WhoTakesTheValueGetsItOnceTheContinuationHasEnded) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  int written = 0;
  const auto task = group.Submit(
      [&](TaskContext& context) {
        EXPECT_TRUE(context.Continue(group.Submit([&] { written = 5; })).ok());
        return 10;
      },
      After(held));
  const auto value = group.Submit([&](const int& x) { return x + written; }, task);
  const auto outcome =
      group.Submit([&](const absl::StatusOr<int>& x) { return x.value() + written; }, task);
  Open();
  EXPECT_EQ(*value.Get(), 15);
  EXPECT_EQ(*outcome.Get(), 15);
}

TEST_P(ContinueTest, ATaskByNameContinuesToo) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  int written = 0;
  ASSERT_TRUE(group
                  .Schedule({.id = "grows",
                             .function =
                                 [&](TaskContext& context) {
                                   return context.Continue(group.Submit([&] { written = 2; }));
                                 },
                             .dependencies = {held}})
                  .ok());
  int seen = 0;
  const auto behind = group.Schedule(
      {.id = "behind", .function = [&] { seen = written; }, .dependencies = {"grows"}});
  Open();
  EXPECT_TRUE(behind->Wait().ok());
  EXPECT_EQ(seen, 2);
}

TEST_P(ContinueTest, WaitReturnsWhenTheBodyHasEnded) {
  TaskGroup group(*scheduler_);
  const auto never = OnName(group, "never", "ghost");
  const auto task = group.Submit([&](TaskContext& context) { return context.Continue(never); });
  EXPECT_TRUE(task.Wait().ok());
  EXPECT_EQ(task.state(), TaskState::kCompleted);
}

TEST_P(ContinueTest, ChainOfContinuations) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  int steps = 0;  // plain: one after the other
  std::function<void(TaskContext&, int)> step = [&](TaskContext& context, int left) {
    ++steps;
    if (left == 0) return;
    const auto next = group.Submit([&step, left](TaskContext& inner) { step(inner, left - 1); });
    EXPECT_TRUE(context.Continue(next).ok());
  };
  const auto task = group.Submit([&](TaskContext& context) { step(context, 2000); }, After(held));
  std::vector<Task<int>> behind;
  for (int i = 0; i < 30; ++i) behind.push_back(group.Submit([&] { return steps; }, After(task)));
  Open();
  for (const auto& each : behind) EXPECT_EQ(*each.Get(), 2001);
  EXPECT_EQ(group.Wait().completed, 2001 + 30 + 1);
}

// Two children, and a sum that takes the place of the task. The children start once the
// sum waits for them: what comes later to a task that has ended finds it ended.
void Fibonacci(TaskGroup& group, TaskContext& context, int n, int& out) {
  if (n < 2) {
    out = n;
    return;
  }
  auto parts = std::make_shared<std::pair<int, int>>();
  const std::string start = "start of " + ToString(context.id());
  const auto child = [&](int m, int& part) {
    // Its own name, so that it is held back without a worker.
    return *group.Schedule(
        {.id = "",
         .function = [&group, m, parts,
                      &part](TaskContext& inner) { Fibonacci(group, inner, m, part); },
         .dependencies = {start}});
  };
  const auto left = child(n - 1, parts->first);
  const auto right = child(n - 2, parts->second);
  const auto sum =
      group.Submit([&out, parts] { out = parts->first + parts->second; }, After(left, right));
  EXPECT_TRUE(context.Continue(sum).ok());
  EXPECT_TRUE(group.Schedule({.id = start, .function = [] {}}).ok());
}

TEST_P(ContinueTest, ForkAndJoinWithoutAWait) {
  TaskGroup group(*scheduler_);
  int result = 0;
  const auto held = Held(group);
  const auto whole = group.Submit(
      [&](TaskContext& context) { Fibonacci(group, context, 13, result); }, After(held));
  const auto behind = group.Submit([&] { return result; }, After(whole));
  Open();
  EXPECT_EQ(*behind.Get(), 233);
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ContinueTest, AContinuationThatHasCompleted) {
  TaskGroup group(*scheduler_);
  const auto done = group.Submit([] {});
  done.Wait().IgnoreError();
  const auto held = Held(group);
  const auto task =
      group.Submit([&](TaskContext& context) { return context.Continue(done); }, After(held));
  std::vector<Task<int>> behind;
  for (int i = 0; i < 20; ++i) behind.push_back(group.Submit([] { return 3; }, After(task)));
  Open();
  for (const auto& each : behind) EXPECT_EQ(*each.Get(), 3);
}

TEST_P(ContinueTest, AContinuationThatDidNotCompleteSkipsTheSuccessors) {
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
  std::vector<std::tuple<Task<>, Task<>, Task<>>> chains;
  for (const auto& [bad, status] : cases) {
    const auto task = group.Submit(
        [continuation = bad](TaskContext& context) { return context.Continue(continuation); },
        After(held));
    const auto behind = group.Submit([] {}, After(task));
    chains.emplace_back(task, behind, group.Submit([](const absl::Status&) {}, task));
  }
  Open();
  group.Wait();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& [task, behind, anyway] = chains[i];
    EXPECT_EQ(task.state(), TaskState::kCompleted);
    EXPECT_EQ(behind.Get(), cases[i].second);
    EXPECT_EQ(anyway.state(), TaskState::kCompleted);
  }
}

TEST_P(ContinueTest, AContinuationThatFailsLaterSkipsTheSuccessors) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto task = group.Submit(
      [&](TaskContext& context) {
        const auto more = group.Submit([]() -> absl::Status { throw std::runtime_error("later"); });
        return context.Continue(more);
      },
      After(held));
  const auto behind = group.Submit([] {}, After(task));
  const auto anyway = group.Submit([](const absl::Status& status) { return status; }, task);
  Open();
  EXPECT_THAT(std::string(behind.Get().message()), HasSubstr("later"));
  EXPECT_EQ(behind.state(), TaskState::kSkipped);
  EXPECT_TRUE(anyway.Get().ok());  // it sees the task's own outcome
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.skipped, 1);
}

TEST_P(ContinueTest, ManySuccessorsAreHandedOverToOneThatHasMany) {
  for (const int own : {0, 1, 2, 11, 12, 23, 100}) {
    for (const int handed : {0, 1, 2, 11, 12, 13, 100}) {
      TaskGroup group(*scheduler_);
      int written = 0;  // by `more`, and only read behind it
      absl::Notification open;
      const auto held = group.Submit([&] {
        if (!is_inline()) open.WaitForNotification();
      });
      const auto start = group.Submit([] {}, After(held));
      const auto more = group.Submit([&] { written = 1; }, After(start));
      const auto grows =
          group.Submit([&](TaskContext& context) { return context.Continue(more); }, After(held));
      std::vector<Task<int>> behind;
      for (int i = 0; i < own; ++i) {
        behind.push_back(group.Submit([&] { return written; }, After(more)));
      }
      for (int i = 0; i < handed; ++i) {
        behind.push_back(group.Submit([&] { return written; }, After(grows)));
      }
      open.Notify();
      for (const auto& each : behind) ASSERT_EQ(*each.Get(), 1) << own << " and " << handed;
      const RunSummary summary = group.Wait();
      ASSERT_TRUE(summary.ok());
      ASSERT_EQ(summary.completed, 4 + own + handed);
    }
  }
}

TEST_P(ContinueTest, TheLastCallCounts) {
  TaskGroup group(*scheduler_);
  const auto never = OnName(group, "never", "ghost");
  const auto held = Held(group);
  const auto task = group.Submit(
      [&](TaskContext& context) {
        EXPECT_TRUE(context.Continue(never).ok());
        EXPECT_TRUE(context.Continue(group.Submit([] {})).ok());
      },
      After(held));
  const auto behind = group.Submit([] { return 4; }, After(task));
  Open();
  EXPECT_EQ(*behind.Get(), 4);
}

TEST_P(ContinueTest, AContinuationInAnotherGroup) {
  TaskGroup group(*scheduler_);
  TaskGroup other(*scheduler_);
  const auto held = Held(group);
  int written = 0;
  const auto task = group.Submit(
      [&](TaskContext& context) { return context.Continue(other.Submit([&] { written = 6; })); },
      After(held));
  const auto behind = group.Submit([&] { return written; }, After(task));
  const auto there = other.Submit([&] { return written; }, After(task));
  Open();
  EXPECT_EQ(group.Wait().completed, 3);
  EXPECT_EQ(*behind.Get(), 6);
  EXPECT_EQ(*there.Get(), 6);
  EXPECT_EQ(other.Wait().completed, 2);
}

TEST_P(ContinueTest, ManyTasksContinueWithTheSameOne) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  int written = 0;
  absl::Notification known;
  Task<> more;
  std::vector<Task<>> growers;
  std::vector<Task<int>> behind;
  const auto last = group.Submit([] {}, After(held));
  more = group.Submit([&] { written = 9; }, After(last));
  for (int i = 0; i < 50; ++i) {
    growers.push_back(
        group.Submit([&](TaskContext& context) { return context.Continue(more); }, After(held)));
    for (int k = 0; k < i; ++k) {
      behind.push_back(group.Submit([&] { return written; }, After(growers.back())));
    }
  }
  Open();
  for (const auto& each : behind) ASSERT_EQ(*each.Get(), 9);
  EXPECT_TRUE(group.Wait().ok());
}

// A task that grows ends at any moment, on threads: what it is continued with must hold
// whether others have come, or have handed over to it, before that end or after it.

TEST_P(ContinueTest, WhoComesAfterTheEndOfTheBodyWaitsForTheContinuationToo) {
  TaskGroup group(*scheduler_);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto task = group.Submit([&](TaskContext& context) { return context.Continue(stuck); });
  EXPECT_TRUE(task.Wait().ok());
  const auto behind = group.Submit([] {}, After(task));
  EXPECT_EQ(group.Wait().pending, 2);
  EXPECT_EQ(behind.state(), TaskState::kPending);
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ContinueTest, AContinuationThatHasGrownAndEndedIsFollowed) {
  // task continues with `next`, which has ended and is continued by `stuck`.
  TaskGroup group(*scheduler_);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto held = Held(group);
  const auto task = group.Submit(
      [&](TaskContext& context) {
        const auto next = group.Submit([&](TaskContext& inner) { return inner.Continue(stuck); });
        EXPECT_TRUE(next.Wait().ok());
        return context.Continue(next);
      },
      After(held));
  const auto behind = group.Submit([] {}, After(task));
  Open();
  EXPECT_EQ(group.Wait().pending, 2);
  EXPECT_EQ(behind.state(), TaskState::kPending);
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
}

// ---- What is refused; the successors then wait for the task as before.

TEST_P(ContinueTest, EmptyHandlesNamesAndOtherSchedulersTasksAreRefused) {
  const auto other = testing::MakeScheduler(testing::kInline);
  const auto foreign = other->Submit([] {});
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto task = group.Submit(
      [&](TaskContext& context) {
        EXPECT_TRUE(absl::IsInvalidArgument(context.Continue(AnyTask())));
        EXPECT_TRUE(absl::IsInvalidArgument(context.Continue("a name")));
        EXPECT_TRUE(absl::IsInvalidArgument(context.Continue(foreign)));
      },
      After(held));
  const auto behind = group.Submit([] { return 1; }, After(task));
  Open();
  EXPECT_EQ(*behind.Get(), 1);
}

TEST_P(ContinueTest, OneThatDependsOnTheTaskIsRefusedWithThePath) {
  // grows -> middle -> end
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  Task<> self;
  Task<> middle;
  Task<> end;
  self = *group.Schedule({.id = "grows",
                          .function =
                              [&](TaskContext& context) {
                                EXPECT_TRUE(absl::IsFailedPrecondition(context.Continue(self)));
                                EXPECT_TRUE(absl::IsFailedPrecondition(context.Continue(middle)));
                                return context.Continue(end);
                              },
                          .dependencies = {held}});
  middle = *group.Schedule({.id = "middle", .function = [] {}, .dependencies = {self}});
  end = *group.Schedule({.id = "end", .function = [] {}, .dependencies = {middle}});
  Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(self.Get())) << self.Get();
  EXPECT_THAT(std::string(self.Get().message()), HasSubstr("end -> middle -> grows"));
  EXPECT_EQ(end.Wait().code(), absl::StatusCode::kFailedPrecondition);  // skipped
}

TEST_P(ContinueTest, ANodeOfAGraphHasNone) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit([] {});
  task.Wait().IgnoreError();
  TaskGraph graph;
  absl::Status refused;
  graph.Add([&](TaskContext& context) { refused = context.Continue(task); });
  EXPECT_TRUE(scheduler_->Run(graph).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
}

// Between Continue and the end of the body nothing may close the circle either.
TEST_P(ContinueTest, ALateEdgeThatWouldMakeTheContinuationWaitForASuccessorIsRefused) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto more = group.Submit(
      [] {}, *group.Schedule({.id = "stuck", .function = [] {}, .dependencies = {"ghost"}}));
  Task<> behind;
  absl::Status closing;
  const auto task = group.Submit(
      [&](TaskContext& context) {
        EXPECT_TRUE(context.Continue(more).ok());
        closing = more.AddDependency(behind);
      },
      After(held));
  behind = group.Submit([] {}, After(task));
  Open();
  EXPECT_TRUE(task.Wait().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(closing)) << closing;
  if (closing.ok()) return group.Cancel(absl::CancelledError("it would never end"));
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ContinueTest, ASubmittedTaskMayNotTieTheContinuationToASuccessor) {
  // more -> (late) between -> behind: closed through a task that comes in between.
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto more = group.Submit(
      [] {}, *group.Schedule({.id = "stuck", .function = [] {}, .dependencies = {"ghost"}}));
  Task<> behind;
  absl::Status closing;
  const auto task = group.Submit(
      [&](TaskContext& context) {
        EXPECT_TRUE(context.Continue(more).ok());
        const auto between = group.Submit([] {}, After(behind));
        closing = more.AddDependency(between);
      },
      After(held));
  behind = group.Submit([] {}, After(task));
  Open();
  EXPECT_TRUE(task.Wait().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(closing)) << closing;
  if (closing.ok()) return group.Cancel(absl::CancelledError("it would never end"));
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
}

// ---- Bodies that fail; groups at rest.

TEST_P(ContinueTest, AFailingBodyDoesNotContinue) {
  TaskGroup group(*scheduler_);
  const auto never = OnName(group, "never", "ghost");
  const auto held = Held(group);
  const auto returns = group.Submit(
      [&](TaskContext& context) {
        EXPECT_TRUE(context.Continue(never).ok());
        return absl::AbortedError("returned");
      },
      After(held));
  const auto throws = group.Submit(
      [&](TaskContext& context) -> int {
        EXPECT_TRUE(context.Continue(never).ok());
        throw std::runtime_error("thrown");
      },
      After(held));
  const auto one = group.Submit([] {}, After(returns));
  const auto two = group.Submit([] {}, After(throws));
  const auto anyway = group.Submit([](const absl::StatusOr<int>& x) { return x.ok(); }, throws);
  Open();
  EXPECT_TRUE(absl::IsAborted(one.Get()));
  EXPECT_THAT(std::string(two.Get().message()), HasSubstr("thrown"));
  EXPECT_FALSE(*anyway.Get());
  EXPECT_EQ(group.Wait().pending, 1);
}

// What was asked for by a body that failed is forgotten: not taken for an edge between
// the tasks that come to lie in the same places.
TEST_P(ContinueTest, AFailingBodyLeavesNoTraceInTheSearchForCycles) {
  constexpr std::size_t kTasks = 6;
  for (std::size_t pair = 0; pair < kTasks * kTasks; ++pair) {
    {
      TaskGroup group(*scheduler_);
      const auto stuck = OnName(group, "stuck", "ghost");
      const auto fails = group.Submit([&](TaskContext& context) {
        EXPECT_TRUE(context.Continue(stuck).ok());
        return absl::AbortedError("no");
      });
      fails.Wait().IgnoreError();
    }
    TaskGroup group(*scheduler_);
    const auto first = OnName(group, "first", "ghost");
    std::vector<Task<>> tasks;
    std::vector<Task<>> behind;
    for (std::size_t i = 0; i < kTasks; ++i) tasks.push_back(group.Submit([] {}, After(first)));
    for (const auto& task : tasks) behind.push_back(group.Submit([] {}, After(task)));
    const std::size_t from = pair % kTasks;
    const std::size_t to = pair / kTasks;
    const absl::Status added = tasks[to].AddDependency(behind[from]);
    ASSERT_EQ(added.ok(), from != to) << from << " before " << to << ": " << added;
    Give(group, "ghost");
    ASSERT_EQ(group.Wait().completed, 2 * kTasks + 2);
  }
}

TEST_P(ContinueTest, ABodyThatKeepsItsValueAfterACancelContinues) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  int written = 0;
  Task<> task;
  task = group.Submit(
      [&](TaskContext& context) {
        EXPECT_TRUE(context.Continue(group.Submit([&] { written = 1; })).ok());
        task.Cancel();
      },
      After(held));
  const auto behind = group.Submit([&] { return written; }, After(task));
  Open();
  EXPECT_EQ(*behind.Get(), 1);
}

TEST_P(ContinueTest, AContinuationThatWaitsForANameSuspendsTheSuccessors) {
  TaskGroup group(*scheduler_);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto held = Held(group);
  const auto task =
      group.Submit([&](TaskContext& context) { return context.Continue(stuck); }, After(held));
  std::vector<Task<>> behind;
  for (int i = 0; i < 15; ++i) behind.push_back(group.Submit([] {}, After(task)));
  const auto last = group.Submit([] {}, After(behind));
  Open();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 2);
  EXPECT_EQ(summary.pending, 17);
  EXPECT_EQ(summary.under_way, 0);
  EXPECT_EQ(summary.unresolved.size(), 1u);
  EXPECT_TRUE(absl::IsFailedPrecondition(last.Wait()));
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(last.state(), TaskState::kCompleted);
}

TEST_P(ContinueTest, CancellingTheContinuationSkipsTheSuccessors) {
  TaskGroup group(*scheduler_);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto held = Held(group);
  const auto task =
      group.Submit([&](TaskContext& context) { return context.Continue(stuck); }, After(held));
  const auto behind = group.Submit([] {}, After(task));
  Open();
  group.Wait();
  stuck.Cancel();
  EXPECT_EQ(behind.state(), TaskState::kSkipped);
  EXPECT_EQ(group.Wait().pending, 0);
}

// ---- Races.

TEST_P(ThreadedContinueTest, AContinuationThatEndsMeanwhile) {
  for (int round = 0; round < 300; ++round) {
    TaskGroup group(*scheduler_);
    absl::Notification open;
    const auto held = group.Submit([&] { open.WaitForNotification(); });
    std::vector<int> written(4, 0);
    std::vector<Task<int>> behind;
    for (int& each : written) {
      const auto task = group.Submit(
          [&](TaskContext& context) {
            return context.Continue(group.Submit([&each] { each = 1; }));
          },
          After(held));
      for (int i = 0; i < round % 25; ++i) {
        behind.push_back(group.Submit([&each] { return each; }, After(task)));
      }
    }
    open.Notify();
    for (const auto& task : behind) ASSERT_EQ(*task.Get(), 1) << "round " << round;
    ASSERT_TRUE(group.Wait().ok());
  }
}

// The name that the continuation waits for comes while the successors are handed over.
TEST_P(ThreadedContinueTest, ANameThatComesMeanwhile) {
  for (int round = 0; round < 300; ++round) {
    TaskGroup group(*scheduler_);
    const auto stuck = OnName(group, "stuck", "ghost");
    absl::Notification open;
    std::atomic<int> arrived{0};
    const auto held = group.Submit([&] { open.WaitForNotification(); });
    const auto task = group.Submit(
        [&](TaskContext& context) {
          const absl::Status status = context.Continue(stuck);
          ++arrived;
          while (arrived < 2) std::this_thread::yield();
          return status;
        },
        After(held));
    std::vector<Task<>> behind;
    for (int i = 0; i < 30; ++i) behind.push_back(group.Submit([] {}, After(task)));
    open.Notify();
    while (arrived < 1) std::this_thread::yield();
    ++arrived;
    for (int i = 0; i < round % 50; ++i) std::this_thread::yield();
    Give(group, "ghost");
    const RunSummary summary = group.Wait();
    ASSERT_EQ(summary.completed, 34) << "round " << round << " pending " << summary.pending;
    ASSERT_EQ(summary.pending, 0) << "round " << round;
  }
}

TEST_P(ThreadedContinueTest, AContinuationThatIsCancelledMeanwhile) {
  for (int round = 0; round < 300; ++round) {
    TaskGroup group(*scheduler_);
    const auto stuck = OnName(group, "stuck", "ghost");
    absl::Notification open;
    std::atomic<int> arrived{0};
    const auto held = group.Submit([&] { open.WaitForNotification(); });
    const auto task = group.Submit(
        [&](TaskContext& context) {
          const absl::Status status = context.Continue(stuck);
          ++arrived;
          while (arrived < 2) std::this_thread::yield();
          return status;
        },
        After(held));
    std::vector<Task<>> behind;
    for (int i = 0; i < 30; ++i) behind.push_back(group.Submit([] {}, After(task)));
    open.Notify();
    while (arrived < 1) std::this_thread::yield();
    ++arrived;
    for (int i = 0; i < round % 50; ++i) std::this_thread::yield();
    stuck.Cancel();
    const RunSummary summary = group.Wait();
    ASSERT_EQ(summary.skipped, 30) << "round " << round;
    ASSERT_EQ(summary.pending + summary.under_way, 0) << "round " << round;
  }
}

}  // namespace
}  // namespace weft
