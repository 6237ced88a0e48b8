// SPDX-License-Identifier: Apache-2.0
//
// What a task may not continue with; its successors then wait for itself, as before.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/held_engine.h"
#include "testing/names.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::Give;
using ::testing::HasSubstr;
using testing::OnName;

class ContinueRefusedTest : public testing::HeldEngineTest {
 protected:
  // A body continues with `more` and then calls `close`, which tries to make `more` wait for
  // `behind`, which waits for the body's task. Everything ends all the same.
  template <class F>
  void ExpectRefusesToClose(F close) {
    TaskGroup group(*scheduler_);
    const auto held = Held(group);
    const auto more = group.Submit([] {}, OnName(group, "stuck", "ghost"));
    Task<> behind;
    absl::Status closing;
    const auto task = group.Submit(
        [&](TaskContext& context) {
          EXPECT_TRUE(context.Continue(more).ok());
          closing = close(group, more, behind);
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
};
WEFT_ON_ALL_ENGINES(ContinueRefusedTest);

TEST_P(ContinueRefusedTest, EmptyHandlesNamesAndOtherSchedulersTasksAreRefused) {
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

TEST_P(ContinueRefusedTest, OneThatDependsOnTheTaskIsRefusedWithThePath) {
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

TEST_P(ContinueRefusedTest, ANodeOfAGraphHasNone) {
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
TEST_P(ContinueRefusedTest, ALateEdgeThatWouldMakeTheContinuationWaitForASuccessorIsRefused) {
  ExpectRefusesToClose([](TaskGroup&, const Task<>& more, const Task<>& behind) {
    return more.AddDependency(behind);
  });
}

TEST_P(ContinueRefusedTest, ASubmittedTaskMayNotTieTheContinuationToASuccessor) {
  // more -> (late) between -> behind: closed through a task that comes in between.
  ExpectRefusesToClose([](TaskGroup& group, const Task<>& more, const Task<>& behind) {
    const auto between = group.Submit([] {}, After(behind));
    return more.AddDependency(between);
  });
}

TEST_P(ContinueRefusedTest, AFailingBodyDoesNotContinue) {
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
TEST_P(ContinueRefusedTest, AFailingBodyLeavesNoTraceInTheSearchForCycles) {
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

}  // namespace
}  // namespace weft
