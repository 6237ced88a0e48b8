// SPDX-License-Identifier: Apache-2.0
//
// What goes in and what comes out: forms of callables, values, order.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class SubmitTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(SubmitTest);

int Twice(const int& x) { return 2 * x; }

TEST_P(SubmitTest, ReturnTypesBecomeHandleTypes) {
  TaskGroup group(*scheduler_);
  static_assert(std::is_same_v<decltype(group.Submit([] {})), Task<void>>);
  static_assert(std::is_same_v<decltype(group.Submit([] { return 1; })), Task<int>>);
  static_assert(
      std::is_same_v<decltype(group.Submit([] { return absl::OkStatus(); })), Task<void>>);
  static_assert(
      std::is_same_v<decltype(group.Submit([] { return absl::StatusOr<char>('a'); })), Task<char>>);
  const auto text = group.Submit([] { return std::string("abc"); });
  ASSERT_TRUE(text.Get().ok());
  EXPECT_EQ(*text.Get(), "abc");
  EXPECT_TRUE(group.Submit([] {}).Get().ok());
  EXPECT_EQ(group.Submit([] { return absl::AbortedError("a"); }).Get(), absl::AbortedError("a"));
  const auto error = group.Submit([]() -> absl::StatusOr<int> { return absl::DataLossError("d"); });
  EXPECT_EQ(error.Get().status(), absl::DataLossError("d"));
}

TEST_P(SubmitTest, MoveOnlyValuesAndCallables) {
  TaskGroup group(*scheduler_);
  const auto pointer =
      group.Submit([held = std::make_unique<int>(7)]() mutable { return std::move(held); });
  const auto sum =
      group.Submit([](const std::unique_ptr<int>& value) { return *value + 1; }, pointer);
  EXPECT_EQ(*sum.Get(), 8);
}

TEST_P(SubmitTest, FunctionPointersFunctionObjectsAndGenericLambdas) {
  TaskGroup group(*scheduler_);
  const auto one = group.Submit([] { return 1; });
  EXPECT_EQ(*group.Submit(&Twice, one).Get(), 2);
  EXPECT_EQ(*group.Submit(std::function<int(const int&)>(&Twice), one).Get(), 2);
  EXPECT_EQ(*group.Submit([](const auto& value) { return value + 2; }, one).Get(), 3);
}

TEST_P(SubmitTest, ContextIsAnOptionalFirstParameter) {
  TaskGroup group(*scheduler_);
  const auto one = group.Submit([] { return 1; });
  const auto seen = group.Submit(
      [](TaskContext& context, const int& value) {
        EXPECT_GE(context.worker(), 0);
        EXPECT_EQ(context.attempt(), 1);
        EXPECT_FALSE(context.cancelled());
        EXPECT_FALSE(context.token().cancelled());
        return std::pair(context.id(), value);
      },
      one);
  EXPECT_EQ(seen.Get()->first, seen.id());
  EXPECT_LT(0, scheduler_->worker_count());
}

TEST_P(SubmitTest, ParameterTypesSayHowADependencyIsPassed) {
  TaskGroup group(*scheduler_);
  const auto value = group.Submit([] { return 5; });
  const auto nothing = group.Submit([] {});
  const auto bad = group.Submit([]() -> absl::StatusOr<int> { return absl::AbortedError("no"); });
  const auto bad_nothing = group.Submit([] { return absl::AbortedError("none"); });
  // A task without value takes a parameter only where there is a Status for it.
  const auto all = group.Submit(
      [](const int& x, const absl::StatusOr<int>& y, const absl::Status& z) {
        EXPECT_EQ(y.status(), absl::AbortedError("no"));
        EXPECT_EQ(z, absl::AbortedError("none"));
        return x;
      },
      value, nothing, bad, bad_nothing);
  EXPECT_EQ(*all.Get(), 5);
}

TEST_P(SubmitTest, DuplicateDependenciesCountOnce) {
  TaskGroup group(*scheduler_);
  const auto one = group.Submit([] { return 1; });
  const auto sum = group.Submit([](const int& a, const int& b) { return a + b; }, one, one);
  EXPECT_EQ(*sum.Get(), 2);
  // Named twice, once as an outcome and once as a value: the value decides.
  const auto bad = group.Submit([]() -> absl::StatusOr<int> { return absl::AbortedError(""); });
  const auto both = group.Submit([](const absl::StatusOr<int>&, const int&) {}, bad, bad);
  EXPECT_TRUE(absl::IsAborted(both.Wait()));
  EXPECT_EQ(both.state(), TaskState::kSkipped);
}

TEST_P(SubmitTest, AfterGivesOrderWithoutValues) {
  TaskGroup group(*scheduler_);
  std::vector<int> order;  // written by tasks that run one after the other
  const auto a = group.Submit([&] { order.push_back(1); });
  const auto b = group.Submit([&] { order.push_back(2); }, After(a));
  std::vector<Task<int>> more = {group.Submit([] { return 1; }, After(b))};
  const auto c = group.Submit([&] { order.push_back(3); }, After(a, b), After(more));
  EXPECT_TRUE(c.Wait().ok());
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_P(SubmitTest, TasksSubmitTasksAndTheGroupWaitsForAll) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  // A tree of 2^10 - 1 tasks, each submitted by its parent.
  std::function<void(int)> grow = [&](int levels) {
    ++ran;
    if (levels == 1) return;
    for (int i = 0; i < 2; ++i) group.Submit([&grow, levels] { grow(levels - 1); });
  };
  group.Submit([&] { grow(10); });
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(ran, 1023);
}

TEST_P(SubmitTest, DroppingAHandleNeverCancels) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) group.Submit([&] { ++ran; });
  group.Wait();
  EXPECT_EQ(ran, 100);
}

TEST_P(SubmitTest, ClosureIsDestroyedBeforeTheTaskEndsAndTheValueLivesOn) {
  TaskGroup group(*scheduler_);
  auto captured = std::make_shared<int>(0);
  const auto task = group.Submit([captured] { return captured; });
  ASSERT_TRUE(task.Wait().ok());
  EXPECT_EQ(captured.use_count(), 2);  // ours and the value
}

TEST_P(SubmitTest, RootForwards) {
  const auto one = scheduler_->Submit([] { return 1; });
  const auto two = scheduler_->Submit(
      {.priority = 3}, [](const int& x) { return x + 1; }, one);
  EXPECT_EQ(*two.Get(), 2);
  ASSERT_TRUE(scheduler_->Schedule({.id = "named", .function = [] {}}).ok());
  EXPECT_EQ(scheduler_->WaitAll().completed, 3);
  EXPECT_EQ(scheduler_->GetStatus("named")->state, TaskState::kCompleted);
  EXPECT_EQ(scheduler_->GetStatus(two.id())->state, TaskState::kCompleted);
  EXPECT_TRUE(absl::IsNotFound(scheduler_->GetStatus("other").status()));
}

TEST_P(SubmitTest, StaleIdIsNotFound) {
  TaskId id;
  {
    const auto task = scheduler_->Submit([] {});
    ASSERT_TRUE(task.Wait().ok());
    id = task.id();
    scheduler_->WaitAll();
  }
  scheduler_->Submit([] {}).Wait().IgnoreError();  // may take over the place
  scheduler_->WaitAll();
  ASSERT_TRUE(scheduler_->Shutdown().ok());  // workers hold no reference any more
  EXPECT_TRUE(absl::IsNotFound(scheduler_->GetStatus(id).status()));
  EXPECT_TRUE(absl::IsNotFound(scheduler_->Cancel(id)));
  EXPECT_TRUE(absl::IsNotFound(scheduler_->GetStatus(TaskId{}).status()));
}

// More tasks than workers keep places for: some of the later ones lie where others lay.
TEST_P(SubmitTest, AnIdIsStaleAlsoWhenAnotherTaskLiesInItsPlace) {
  std::map<std::uint32_t, TaskId> stale;
  for (int i = 0; i < 20000; ++i) {
    const TaskId id = scheduler_->Submit([] {}).id();
    stale[id.index] = id;
  }
  scheduler_->WaitAll();
  std::vector<Task<>> later;
  for (int i = 0; i < 20000; ++i) later.push_back(scheduler_->Submit([] {}));
  int reused = 0;
  for (const Task<>& task : later) {
    const auto before = stale.find(task.id().index);
    if (before == stale.end()) continue;
    ++reused;
    ASSERT_NE(before->second, task.id());
    ASSERT_TRUE(absl::IsNotFound(scheduler_->GetStatus(before->second).status()));
    ASSERT_TRUE(absl::IsNotFound(scheduler_->Cancel(before->second)));
    ASSERT_EQ(scheduler_->GetStatus(task.id())->id, task.id());
  }
  EXPECT_GT(reused, 0);
}

TEST_P(SubmitTest, DependencyOfAnotherSchedulerOrEmptyIsRefused) {
  const auto other = testing::MakeScheduler(testing::kInline);
  const auto foreign = other->Submit([] { return 1; });
  TaskGroup group(*scheduler_);
  const auto a = group.Submit([](const int&) {}, foreign);
  const auto b = group.Submit([](const int&) {}, Task<int>());
  for (const auto& task : {a, b}) {
    EXPECT_EQ(task.state(), TaskState::kFailed);
    EXPECT_TRUE(absl::IsInvalidArgument(task.Get())) << task.Get();
  }
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.refused, 2);
  EXPECT_EQ(summary.submitted, 0);
  EXPECT_FALSE(summary.ok());
}

TEST_P(SubmitTest, AnEmptyHandleSaysSo) {
  EXPECT_TRUE(absl::IsInvalidArgument(Task<>().Wait()));
  EXPECT_TRUE(absl::IsInvalidArgument(Task<>().AddDependency(scheduler_->Submit([] {}))));
}

TEST_P(SubmitTest, TimesAreKeptOnRequest) {
  EXPECT_FALSE(scheduler_->Submit([] {}).result().times.has_value());
  SchedulerOptions options;
  options.record_times = true;
  const auto timed = testing::MakeScheduler(GetParam(), std::move(options));
  const auto task = timed->Submit([] {});
  ASSERT_TRUE(task.Wait().ok());
  const TaskTimes times = *task.result().times;
  EXPECT_LE(times.submitted, times.started);
  EXPECT_LE(times.started, times.ended);
}

// With one thread the order among ready tasks is strict: lane by lane, then as they came.
TEST(SubmitOrderTest, LanesAreStrictAndFirstComeFirstServedInside) {
  const auto scheduler = testing::MakeScheduler(testing::kInline);
  TaskGroup group(*scheduler);
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) {
    for (const int priority : {-7, 0, 4, 10, 9, 11, -1}) {
      group.Submit({.priority = priority}, [&order, priority] { order.push_back(priority); });
    }
  }
  group.Wait();
  EXPECT_EQ(order, (std::vector<int>{10, 11, 10, 11, 10, 11, 4,  9,  4,  9, 4,
                                     9,  0,  0,  0,  -7, -1, -7, -1, -7, -1}));
}

// The same with one worker that has a thread of its own.
TEST(SubmitOrderTest, OneWorkerTakesHigherLanesFirst) {
  const auto scheduler = testing::MakeScheduler(1);
  testing::BusyWorkers busy(*scheduler, 1);
  TaskGroup group(*scheduler);
  std::vector<int> order;  // plain: one worker
  for (int i = 0; i < 2; ++i) {
    for (const int priority : {-7, 4, 0, 10, 9}) {
      group.Submit({.priority = priority}, [&order, priority] { order.push_back(priority); });
    }
  }
  busy.LetGo();
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(order, (std::vector<int>{10, 10, 4, 9, 4, 9, 0, 0, -7, -7}));
}

// What a body submits with a priority comes before what lies in its worker's deque.
TEST(SubmitOrderTest, APriorityOvertakesTheWorkersOwnTasks) {
  const auto scheduler = testing::MakeScheduler(1);
  TaskGroup group(*scheduler);
  std::vector<int> order;  // plain: one worker
  group.Submit([&] {
    for (const int priority : {0, 0, -1, 5, 10}) {
      group.Submit({.priority = priority}, [&order, priority] { order.push_back(priority); });
    }
  });
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(order, (std::vector<int>{10, 5, 0, 0, -1}));
}

}  // namespace
}  // namespace weft
