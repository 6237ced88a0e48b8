// SPDX-License-Identifier: Apache-2.0
//
// Tasks that grow: what waits for them waits for a continuation instead.

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/held_engine.h"
#include "testing/names.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

class ContinueTest : public testing::HeldEngineTest {};
WEFT_ON_ALL_ENGINES(ContinueTest);

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
  const auto task = ContinuesWith(group, done, After(held));
  std::vector<Task<int>> behind;
  for (int i = 0; i < 20; ++i) behind.push_back(group.Submit([] { return 3; }, After(task)));
  Open();
  for (const auto& each : behind) EXPECT_EQ(*each.Get(), 3);
}

TEST_P(ContinueTest, AContinuationThatDidNotCompleteSkipsTheSuccessors) {
  TaskGroup group(*scheduler_);
  const auto cases = NotCompleted(group);
  const auto held = Held(group);
  std::vector<std::tuple<Task<>, Task<>, Task<>>> chains;
  for (const auto& [bad, status] : cases) {
    const auto task = ContinuesWith(group, bad, After(held));
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
        if (has_threads()) open.WaitForNotification();
      });
      const auto start = group.Submit([] {}, After(held));
      const auto more = group.Submit([&] { written = 1; }, After(start));
      const auto grows = ContinuesWith(group, more, After(held));
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
  const auto never = testing::OnName(group, "never", "ghost");
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
  std::vector<Task<>> growers;
  std::vector<Task<int>> behind;
  const auto last = group.Submit([] {}, After(held));
  const auto more = group.Submit([&] { written = 9; }, After(last));
  for (int i = 0; i < 50; ++i) {
    growers.push_back(ContinuesWith(group, more, After(held)));
    for (int k = 0; k < i; ++k) {
      behind.push_back(group.Submit([&] { return written; }, After(growers.back())));
    }
  }
  Open();
  for (const auto& each : behind) ASSERT_EQ(*each.Get(), 9);
  EXPECT_TRUE(group.Wait().ok());
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

}  // namespace
}  // namespace weft
