// SPDX-License-Identifier: Apache-2.0
//
// Callables that throw when they are destroyed, or use the scheduler then, in every way in
// which a task can end.

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/held_engine.h"
#include "testing/names.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

// Does something, once, when it is destroyed; the moved-from do nothing.
template <class F>
class AtEnd {
 public:
  explicit AtEnd(F function) : function_(std::move(function)) {}
  AtEnd(AtEnd&& other) noexcept
      : function_(std::move(other.function_)), armed_(std::exchange(other.armed_, false)) {}
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;
  AtEnd& operator=(AtEnd&&) = delete;
  ~AtEnd() noexcept(false) {
    if (armed_) function_();
  }

 private:
  F function_;
  bool armed_ = true;
};

class DestructorTest : public testing::HeldEngineTest {
 protected:
  // Throws, and counts that it did.
  auto Throws() {
    return AtEnd([this] {
      ++thrown_;
      throw std::runtime_error("in destructor");
    });
  }
  static int Recorded(const RunSummary& summary) {
    int found = 0;
    for (const TaskFailure& failure : summary.failures) {
      if (failure.status.message().find("in destructor") != absl::string_view::npos) ++found;
    }
    return found;
  }
  // Everything that throws has thrown, once, and is on record; others go on.
  void Check(TaskGroup& group, int expected) {
    const RunSummary summary = group.Wait();
    EXPECT_EQ(thrown_, expected);
    EXPECT_EQ(Recorded(summary), expected);
    EXPECT_EQ(summary.pending + summary.under_way, 0);
    EXPECT_EQ(*scheduler_->Submit([] { return 1; }).Get(), 1);
  }

  std::atomic<int> thrown_{0};
};
WEFT_ON_ALL_ENGINES(DestructorTest);

TEST_P(DestructorTest, Completed) {
  TaskGroup group(*scheduler_);
  const auto value = group.Submit([bomb = Throws()] { return 3; });
  const auto nothing = group.Submit([bomb = Throws()] {});
  const auto large = group.Submit([bomb = Throws(), bytes = std::vector<int>(3),
                                   more = std::vector<int>(3)] { return std::string(100, 'x'); });
  const auto behind = group.Submit([](const int& x) { return x; }, value);
  const auto anyway = group.Submit([](const absl::StatusOr<int>& x) { return x.ok(); }, value);
  Check(group, 3);
  EXPECT_EQ(value.state(), TaskState::kFailed);
  EXPECT_EQ(nothing.state(), TaskState::kFailed);
  EXPECT_EQ(large.state(), TaskState::kFailed);
  EXPECT_THAT(std::string(value.Get().status().message()), HasSubstr("in destructor"));
  EXPECT_EQ(behind.state(), TaskState::kSkipped);
  EXPECT_FALSE(*anyway.Get());
  EXPECT_EQ(group.Wait().failed, 3);
}

TEST_P(DestructorTest, Failed) {
  TaskGroup group(*scheduler_);
  const auto returned = group.Submit([bomb = Throws()] { return absl::AbortedError("first"); });
  const auto threw =
      group.Submit([bomb = Throws()]() -> int { throw std::runtime_error("first"); });
  Check(group, 2);
  // The body's own failure stays what the task says.
  EXPECT_EQ(returned.Get(), absl::AbortedError("first"));
  EXPECT_THAT(std::string(threw.Get().status().message()), HasSubstr("first"));
  EXPECT_THROW(std::rethrow_exception(threw.exception()), std::runtime_error);
  EXPECT_EQ(group.Wait().failed, 2);
  EXPECT_EQ(group.Wait().failures.size(), 4u);
}

TEST_P(DestructorTest, Skipped) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto bad = group.Submit([] { return absl::AbortedError("x"); }, After(held));
  std::vector<Task<>> chain = {group.Submit([bomb = Throws()] {}, After(bad))};
  for (int i = 0; i < 9; ++i) {
    chain.push_back(group.Submit([bomb = Throws()] {}, After(chain.back())));
  }
  std::atomic<int> ran{0};
  const auto anyway = group.Submit([&](const absl::Status&) { ++ran; }, chain.back());
  Open();
  Check(group, 10);
  for (const auto& task : chain) {
    EXPECT_EQ(task.state(), TaskState::kSkipped);
    EXPECT_TRUE(absl::IsAborted(task.Get()));
  }
  EXPECT_TRUE(anyway.Get().ok());
  EXPECT_EQ(ran, 1);
}

TEST_P(DestructorTest, SkippedOnTheWayIn) {
  TaskGroup group(*scheduler_);
  const auto bad = group.Submit([] { return absl::AbortedError("x"); });
  bad.Wait().IgnoreError();
  const auto task = group.Submit([bomb = Throws()] {}, After(bad));
  const auto named =
      group.Schedule({.id = "named", .function = [bomb = Throws()] {}, .dependencies = {bad}});
  ASSERT_TRUE(named.ok());
  Check(group, 2);
  EXPECT_EQ(task.state(), TaskState::kSkipped);
  EXPECT_EQ(named->state(), TaskState::kSkipped);
}

TEST_P(DestructorTest, SkippedByALateEdge) {
  TaskGroup group(*scheduler_);
  const auto bad = group.Submit([] { return absl::AbortedError("x"); });
  bad.Wait().IgnoreError();
  const auto held = Held(group);
  const auto task = group.Submit([bomb = Throws()] {}, After(held));
  EXPECT_TRUE(task.AddDependency(bad).ok());
  EXPECT_EQ(thrown_, 1);
  Open();
  Check(group, 1);
}

TEST_P(DestructorTest, CancelledWhilePending) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto task = group.Submit([bomb = Throws()] {}, After(held));
  const auto stuck =
      group.Schedule({.id = "stuck", .function = [bomb = Throws()] {}, .dependencies = {"ghost"}});
  const auto behind = group.Submit([bomb = Throws()] {}, After(task));
  task.Cancel();
  stuck->Cancel();
  EXPECT_EQ(thrown_, 3);
  EXPECT_EQ(task.state(), TaskState::kCancelled);
  EXPECT_EQ(stuck->state(), TaskState::kCancelled);
  EXPECT_EQ(behind.state(), TaskState::kSkipped);
  Open();
  Check(group, 3);
}

TEST_P(DestructorTest, CancelledWhileReady) {
  TaskGroup group(*scheduler_);
  testing::BusyWorkers busy(*scheduler_, threads());
  const auto task = group.Submit([bomb = Throws()] {});
  EXPECT_EQ(task.state(), TaskState::kReady);
  task.Cancel();
  busy.LetGo();
  Check(group, 1);
  EXPECT_EQ(task.state(), TaskState::kCancelled);
}

TEST_P(DestructorTest, CancelledWithTheirGroup) {
  TaskGroup group(*scheduler_);
  const auto stuck =
      group.Schedule({.id = "stuck", .function = [bomb = Throws()] {}, .dependencies = {"ghost"}});
  for (int i = 0; i < 20; ++i) group.Submit([bomb = Throws()] {}, *stuck);
  group.Cancel(absl::CancelledError("all"));
  Check(group, 21);
}

TEST_P(DestructorTest, DestroyedWithTheirGroup) {
  {
    TaskGroup group(*scheduler_);
    const auto stuck = group.Schedule(
        {.id = "stuck", .function = [bomb = Throws()] {}, .dependencies = {"ghost"}});
    group.Submit([bomb = Throws()] {}, *stuck);
  }
  EXPECT_EQ(thrown_, 2);
}

TEST_P(DestructorTest, SealedAway) {
  TaskGroup group(*scheduler_);
  const auto stuck =
      group.Schedule({.id = "stuck", .function = [bomb = Throws()] {}, .dependencies = {"ghost"}});
  group.Submit([bomb = Throws()] {}, *stuck);
  group.Seal();
  Check(group, 2);
}

TEST_P(DestructorTest, Refused) {
  TaskGroup group(*scheduler_);
  const auto empty = group.Submit([bomb = Throws()](const int&) {}, Task<int>());
  EXPECT_TRUE(absl::IsInvalidArgument(empty.Get()));
  group.Seal();
  const auto sealed = group.Submit([bomb = Throws()] { return 1; });
  EXPECT_TRUE(absl::IsFailedPrecondition(sealed.Get().status()));
  group.Detach([bomb = Throws()] {});
  EXPECT_EQ(group.Schedule({.id = "named", .function = [bomb = Throws()] {}}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(thrown_, 4);
  Check(group, 4);
  EXPECT_EQ(group.Wait().refused, 3);
}

TEST_P(DestructorTest, Detached) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto bad = group.Submit([] { return absl::AbortedError("x"); }, After(held));
  group.Detach([bomb = Throws()] { return 1; });
  group.Detach([bomb = Throws()] {}, After(bad));
  group.Detach([bomb = Throws()]() -> int { throw std::runtime_error("first"); });
  Open();
  Check(group, 3);
  EXPECT_EQ(group.Wait().failed, 3);
  EXPECT_EQ(group.Wait().skipped, 1);
}

TEST_P(DestructorTest, BatchRefused) {
  TaskGroup group(*scheduler_);
  std::vector<TaskDefinition> cyclic;
  cyclic.push_back({.id = "a", .function = [bomb = Throws()] {}, .dependencies = {"b"}});
  cyclic.push_back({.id = "b", .function = [bomb = Throws()] {}, .dependencies = {"a"}});
  cyclic.push_back({.id = "", .function = [bomb = Throws()] {}, .dependencies = {}});
  EXPECT_TRUE(absl::IsInvalidArgument(group.ScheduleBatch(std::move(cyclic)).status()));
  EXPECT_EQ(thrown_, 3);
  Check(group, 3);
  EXPECT_EQ(group.Wait().submitted, 0);
}

TEST_P(DestructorTest, BodyRefusedItsMove) {
  TaskGroup group(*scheduler_);
  auto made = group.Submit([] { return std::make_unique<int>(1); });
  const auto kept = made;
  const auto taken = group.Submit([bomb = Throws()](std::unique_ptr<int>) {}, std::move(made));
  EXPECT_TRUE(absl::IsFailedPrecondition(taken.Get()));
  Check(group, 1);
}

TEST_P(DestructorTest, AThrowingDestructorStopsAContinuation) {
  TaskGroup group(*scheduler_);
  const auto never = testing::OnName(group, "never", "ghost");
  const auto held = Held(group);
  const auto task = group.Submit(
      [&, bomb = Throws()](TaskContext& context) { return context.Continue(never); }, After(held));
  const auto behind = group.Submit([] {}, After(task));
  Open();
  EXPECT_THAT(std::string(behind.Wait().message()), HasSubstr("in destructor"));
  EXPECT_EQ(task.state(), TaskState::kFailed);
  EXPECT_EQ(group.Wait().pending, 1);
}

// ---- Destructors run outside the scheduler's locks: they may use it.

TEST_P(DestructorTest, ADestructorMayUseItsGroupHoweverTheTaskEnds) {
  TaskGroup group(*scheduler_);
  std::atomic<int> used{0};
  std::atomic<int> ran{0};
  const auto uses = [&] {
    return AtEnd([&] {
      ++used;
      group.Find("stuck").IgnoreError();
      group.Submit([&ran] { ++ran; });
      group.Schedule({.id = "", .function = [&ran] { ++ran; }}).IgnoreError();
      group.Summary();
    });
  };
  const auto bad = group.Submit([] { return absl::AbortedError("x"); });
  bad.Wait().IgnoreError();
  const auto stuck =
      *group.Schedule({.id = "stuck", .function = [end = uses()] {}, .dependencies = {"ghost"}});
  group.Submit([end = uses()] {});
  group.Submit([end = uses()] {}, After(bad));
  group.Submit([end = uses()] {}, After(stuck));
  group.Submit([end = uses()](const int&) {}, Task<int>());
  stuck.Cancel();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(used, 5);
  EXPECT_EQ(ran, 10);
  EXPECT_EQ(summary.pending + summary.under_way, 0);
}

TEST_P(DestructorTest, ADestructorOfANamedTaskSkippedOnTheWayInMayUseNames) {
  TaskGroup group(*scheduler_);
  const auto bad = group.Submit([] { return absl::AbortedError("x"); });
  bad.Wait().IgnoreError();
  bool used = false;
  const auto task = group.Schedule({.id = "task",
                                    .function = [end = AtEnd([&] {
                                                   used = true;
                                                   group.Find("task").IgnoreError();
                                                 })] {},
                                    .dependencies = {bad}});
  ASSERT_TRUE(task.ok());
  EXPECT_EQ(task->state(), TaskState::kSkipped);
  EXPECT_TRUE(used);
}

TEST_P(DestructorTest, ADestructorOfATaskSkippedByALateEdgeMayAddOne) {
  TaskGroup group(*scheduler_);
  const auto bad = group.Submit([] { return absl::AbortedError("x"); });
  bad.Wait().IgnoreError();
  const auto held = Held(group);
  const auto other = group.Submit([] {}, After(held));
  bool used = false;
  const auto task = group.Submit([end = AtEnd([&] {
                                    used = true;
                                    EXPECT_TRUE(other.AddDependency(held).ok());
                                  })] {},
                                 After(held));
  EXPECT_TRUE(task.AddDependency(bad).ok());
  EXPECT_TRUE(used);
  Open();
  EXPECT_TRUE(other.Wait().ok());
}

TEST_P(DestructorTest, ADestructorMayWait) {
  TaskGroup group(*scheduler_);
  std::atomic<int> sum{0};
  const auto waits = [&] {
    return AtEnd([&] { sum += group.Submit([] { return 2; }).Get().value_or(0); });
  };
  const auto held = Held(group);
  const auto bad = group.Submit([] { return absl::AbortedError("x"); }, After(held));
  group.Submit([end = waits()] {});
  group.Submit([end = waits()] {}, After(bad));
  Open();
  group.Wait();
  EXPECT_EQ(sum, 4);
}

}  // namespace
}  // namespace weft
