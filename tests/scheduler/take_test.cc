// SPDX-License-Identifier: Apache-2.0
//
// Values that are given away to the caller, by Take.

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "testing/held_engine.h"
#include "testing/tracked.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using Pointer = std::unique_ptr<int>;
using testing::Tracked;

class TakeTest : public testing::HeldEngineTest {
 protected:
  std::atomic<int> copies_{0};
};
WEFT_ON_ALL_ENGINES(TakeTest);

TEST_P(TakeTest, TakeMovesWhereNobodyElseCanRead) {
  TaskGroup group(*scheduler_);
  auto made = group.Submit([this] { return Tracked(copies_); });
  const absl::StatusOr<Tracked> taken = std::move(made).Take();
  EXPECT_EQ(taken->text, "value");
  EXPECT_FALSE(made.valid());
  EXPECT_EQ(copies_, 0);
  auto pointer = group.Submit([] { return std::make_unique<int>(1); });
  EXPECT_EQ(**std::move(pointer).Take(), 1);
}

TEST_P(TakeTest, TakeCopiesWhileAnotherHandleLives) {
  TaskGroup group(*scheduler_);
  auto made = group.Submit([this] { return Tracked(copies_); });
  auto kept = made;
  EXPECT_EQ(std::move(made).Take()->text, "value");
  EXPECT_EQ(copies_, 1);
  EXPECT_EQ(std::move(kept).Take()->text, "value");
  EXPECT_EQ(copies_, 1);
}

TEST_P(TakeTest, TakeOfAMoveOnlyValueWithAnotherHandleLeavesItThere) {
  TaskGroup group(*scheduler_);
  auto made = group.Submit([] { return std::make_unique<int>(2); });
  auto kept = made;
  const absl::StatusOr<Pointer> refused = std::move(made).Take();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  EXPECT_FALSE(made.valid());
  EXPECT_EQ(**kept.Get(), 2);
  EXPECT_EQ(**std::move(kept).Take(), 2);
}

TEST_P(TakeTest, TakeWhileATaskHasStillToReadCopiesOrLeavesIt) {
  TaskGroup group(*scheduler_);
  auto made = group.Submit([] { return std::make_unique<int>(3); });
  made.Wait().IgnoreError();
  ASSERT_TRUE(group.Schedule({.id = "stuck", .function = [] {}, .dependencies = {"ghost"}}).ok());
  const auto reader =
      group.Submit([](const Pointer& value) { return *value; }, made, After(*group.Find("stuck")));
  EXPECT_TRUE(absl::IsFailedPrecondition(std::move(made).Take().status()));
  ASSERT_TRUE(group.Schedule({.id = "ghost", .function = [] {}}).ok());
  EXPECT_EQ(*reader.Get(), 3);
}

TEST_P(TakeTest, TakeGivesTheErrorOfATaskThatDidNotComplete) {
  TaskGroup group(*scheduler_);
  auto failed = group.Submit([]() -> absl::StatusOr<Pointer> { return absl::AbortedError("no"); });
  auto skipped = group.Submit([](const Pointer&) { return std::make_unique<int>(1); }, failed);
  EXPECT_EQ(std::move(failed).Take().status(), absl::AbortedError("no"));
  EXPECT_TRUE(absl::IsAborted(std::move(skipped).Take().status()));
}

TEST_P(TakeTest, TakeInsideATask) {
  // What the worker runs in place of waiting may still lie in its queue: in which, depends
  // on the priority.
  TaskGroup group(*scheduler_);
  for (const int priority : {-1, 0, 5, 10}) {
    const auto outer = group.Submit([&group, priority]() -> absl::StatusOr<int> {
      auto inner = group.Submit({.priority = priority}, [] { return std::make_unique<int>(6); });
      const absl::StatusOr<Pointer> taken = std::move(inner).Take();
      if (!taken.ok()) return taken.status();
      return **taken;
    });
    EXPECT_TRUE(outer.Get().ok()) << "priority " << priority << ": " << outer.Get().status();
  }
}

// Who only asks for the state of a task by its id has no handle to it.
TEST_P(TakeTest, AskingForTheStateDoesNotCountAsAHandle) {
  TaskGroup group(*scheduler_);
  std::atomic<bool> stop{false};
  std::atomic<TaskId*> asked{nullptr};
  std::thread asks([&] {
    while (!stop) {
      if (const TaskId* id = asked) scheduler_->GetStatus(*id).IgnoreError();
    }
  });
  std::vector<TaskId> ids(2000);
  int refused = 0;
  for (TaskId& id : ids) {
    auto made = group.Submit([] { return std::make_unique<int>(1); });
    made.Wait().IgnoreError();
    id = made.id();
    asked = &id;
    if (!std::move(made).Take().ok()) ++refused;
  }
  stop = true;
  asks.join();
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace weft
