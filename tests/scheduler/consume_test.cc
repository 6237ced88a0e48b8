// SPDX-License-Identifier: Apache-2.0
//
// Values that are given away to a task, by a moved handle.

#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/held_engine.h"
#include "testing/tracked.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using Pointer = std::unique_ptr<int>;
using testing::Tracked;

class ConsumeTest : public testing::HeldEngineTest {
 protected:
  std::atomic<int> copies_{0};
};
WEFT_ON_ALL_ENGINES(ConsumeTest);

TEST_P(ConsumeTest, MoveOnlyValueReachesTheBody) {
  TaskGroup group(*scheduler_);
  auto made = group.Submit([] { return std::make_unique<int>(3); });
  const int* const where = made.Get()->get();
  const auto taken = group.Submit(
      [where](Pointer value) {
        EXPECT_EQ(value.get(), where);
        return *value;
      },
      std::move(made));
  EXPECT_FALSE(made.valid());
  EXPECT_EQ(*taken.Get(), 3);
}

TEST_P(ConsumeTest, AValueIsMovedAlongAChainWithoutACopy) {
  TaskGroup group(*scheduler_);
  auto last = group.Submit([this] { return Tracked(copies_, ""); });
  for (int i = 0; i < 100; ++i) {
    last = group.Submit(
        [](Tracked value) {
          value.text += "x";
          return value;
        },
        std::move(last));
  }
  const absl::StatusOr<Tracked> end = std::move(last).Take();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->text, std::string(100, 'x'));
  EXPECT_EQ(copies_, 0);
}

TEST_P(ConsumeTest, AllFormsOfParametersThatTakeAValue) {
  TaskGroup group(*scheduler_);
  const auto make = [&group] { return group.Submit([] { return std::make_unique<int>(1); }); };
  EXPECT_EQ(*group.Submit([](Pointer value) { return *value; }, make()).Get(), 1);
  EXPECT_EQ(*group.Submit([](Pointer&& value) { return *value; }, make()).Get(), 1);
  EXPECT_EQ(*group.Submit([](auto value) { return *value; }, make()).Get(), 1);
  EXPECT_EQ(*group
                 .Submit([](TaskContext&, Pointer a, const Pointer& b,
                            Pointer c) { return *a + *b + *c; },
                         make(), make(), make())
                 .Get(),
            3);
}

TEST_P(ConsumeTest, AVoidTaskOrAnAfterBetweenMovesNothing) {
  TaskGroup group(*scheduler_);
  auto nothing = group.Submit([] {});
  auto value = group.Submit([] { return std::make_unique<int>(4); });
  auto order = group.Submit([] { return 1; });
  const auto sum = group.Submit([](Pointer x) { return *x; }, std::move(nothing), After(order),
                                std::move(value));
  EXPECT_EQ(*sum.Get(), 4);
  EXPECT_EQ(*order.Get(), 1);
}

TEST_P(ConsumeTest, LargeValuesAreMovedToo) {
  struct Large {
    std::array<int, 500> numbers = {};
    Pointer pointer;
  };
  TaskGroup group(*scheduler_);
  auto made = group.Submit([] {
    Large large;
    large.numbers[499] = 5;
    large.pointer = std::make_unique<int>(6);
    return large;
  });
  const auto sum = group.Submit([](Large value) { return value.numbers[499] + *value.pointer; },
                                std::move(made));
  EXPECT_EQ(*sum.Get(), 11);
}

TEST_P(ConsumeTest, AValueIsCopiedWhileAnotherHandleLives) {
  TaskGroup group(*scheduler_);
  auto made = group.Submit([this] { return Tracked(copies_); });
  const auto kept = made;
  const auto taken = group.Submit([](Tracked value) { return value.text; }, std::move(made));
  EXPECT_EQ(*taken.Get(), "value");
  EXPECT_EQ(copies_, 1);
  EXPECT_EQ(kept.Get()->text, "value");
}

TEST_P(ConsumeTest, AHandleThatIsNotMovedIsCopiedFrom) {
  TaskGroup group(*scheduler_);
  const auto made = group.Submit([this] { return Tracked(copies_); });
  const auto taken = group.Submit([](Tracked value) { return value.text; }, made);
  EXPECT_EQ(*taken.Get(), "value");
  EXPECT_EQ(made.Get()->text, "value");
  EXPECT_EQ(copies_, 1);
}

TEST_P(ConsumeTest, AValueIsCopiedWhileAnotherTaskHasStillToReadIt) {
  // made -> consumer -> reader, which reads made as well
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  auto made = group.Submit([this] { return Tracked(copies_); }, After(held));
  auto for_reader = made;
  const auto consumer = group.Submit([](Tracked value) { return value.text; }, std::move(made));
  const auto reader = group.Submit([](const Tracked& value) { return value.text; },
                                   std::move(for_reader), After(consumer));
  Open();
  EXPECT_EQ(*reader.Get(), "value");
  EXPECT_EQ(*consumer.Get(), "value");
  EXPECT_EQ(copies_, 1);
}

TEST_P(ConsumeTest, AReaderThatHasRunDoesNotCount) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  auto made = group.Submit([] { return std::make_unique<int>(8); }, After(held));
  const auto reader = group.Submit([](const Pointer& value) { return *value; }, made);
  const auto consumer =
      group.Submit([](Pointer value) { return *value; }, std::move(made), After(reader));
  Open();
  EXPECT_EQ(*consumer.Get(), 8);
  EXPECT_EQ(*reader.Get(), 8);
}

TEST_P(ConsumeTest, MoveOnlyWithAnotherHandleIsRefusedAndTheValueStays) {
  TaskGroup group(*scheduler_);
  auto made = group.Submit([] { return std::make_unique<int>(9); });
  const auto kept = made;
  std::atomic<int> ran{0};
  const auto taken = group.Submit([&](Pointer) { ++ran; }, std::move(made));
  const auto behind = group.Submit([&] { ++ran; }, taken);
  EXPECT_TRUE(absl::IsFailedPrecondition(taken.Get())) << taken.Get();
  EXPECT_THAT(std::string(taken.Get().message()), HasSubstr("cannot be moved"));
  EXPECT_EQ(taken.state(), TaskState::kFailed);
  behind.Wait().IgnoreError();
  EXPECT_EQ(behind.state(), TaskState::kSkipped);
  EXPECT_EQ(**kept.Get(), 9);
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.failures.size(), 1u);
  EXPECT_EQ(ran, 0);
}

TEST_P(ConsumeTest, OfSeveralMovesOneThatIsRefusedMovesNone) {
  TaskGroup group(*scheduler_);
  auto free = group.Submit([] { return std::make_unique<int>(1); });
  auto shared = group.Submit([] { return std::make_unique<int>(2); });
  const auto kept = shared;
  group.Wait();
  const auto taken = group.Submit([](Pointer, Pointer) {}, std::move(free), std::move(shared));
  EXPECT_TRUE(absl::IsFailedPrecondition(taken.Get()));
  EXPECT_EQ(**kept.Get(), 2);
}

TEST_P(ConsumeTest, AMovedHandleWithAConstParameterKeepsTheValueForTheBody) {
  TaskGroup group(*scheduler_);
  auto made = group.Submit([this] { return Tracked(copies_); });
  const auto read = group.Submit([](const Tracked& value) { return value.text; }, std::move(made));
  EXPECT_FALSE(made.valid());
  EXPECT_EQ(*read.Get(), "value");
  auto pointer = group.Submit([] { return std::make_unique<int>(2); });
  const auto also_kept = pointer;
  EXPECT_EQ(*group.Submit([](const Pointer& value) { return *value; }, std::move(pointer)).Get(),
            2);
  EXPECT_EQ(**also_kept.Get(), 2);
  EXPECT_EQ(copies_, 0);
}

TEST_P(ConsumeTest, AMovedHandleWithAnOutcomeParameterRunsAnyway) {
  TaskGroup group(*scheduler_);
  auto bad = group.Submit([]() -> absl::StatusOr<int> { return absl::AbortedError("no"); });
  const auto seen =
      group.Submit([](const absl::StatusOr<int>& x) { return x.status().code(); }, std::move(bad));
  EXPECT_EQ(*seen.Get(), absl::StatusCode::kAborted);
}

TEST_P(ConsumeTest, AConsumerOfATaskThatDidNotCompleteIsSkipped) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  auto failed = group.Submit([]() -> absl::StatusOr<Pointer> { return absl::AbortedError("no"); },
                             After(held));
  auto cancelled = group.Submit([] { return std::make_unique<int>(1); }, After(held));
  cancelled.Cancel();
  std::atomic<int> ran{0};
  const auto body = [&ran](Pointer) { ++ran; };
  const auto one = group.Submit(body, std::move(failed));
  const auto two = group.Submit(body, std::move(cancelled));
  Open();
  EXPECT_TRUE(absl::IsAborted(one.Get()));
  EXPECT_TRUE(absl::IsCancelled(two.Get()));
  EXPECT_EQ(one.state(), TaskState::kSkipped);
  EXPECT_EQ(two.state(), TaskState::kSkipped);
  group.Wait();
  EXPECT_EQ(ran, 0);
}

TEST_P(ConsumeTest, TwoConsumersEachGetTheValue) {
  for (int round = 0; round < 50; ++round) {
    TaskGroup group(*scheduler_);
    auto made =
        group.Submit([this] { return Tracked(copies_, "a text that is not short at all"); });
    auto again = made;
    const auto body = [](Tracked value) { return std::move(value.text); };
    const auto one = group.Submit(body, std::move(made));
    const auto two = group.Submit(body, std::move(again));
    ASSERT_EQ(*one.Get(), "a text that is not short at all");
    ASSERT_EQ(*two.Get(), "a text that is not short at all");
  }
  EXPECT_GE(copies_, 50);
  EXPECT_LE(copies_, 100);
}

TEST_P(ConsumeTest, TwoConsumersOfAMoveOnlyValueNeverShareIt) {
  for (int round = 0; round < 50; ++round) {
    TaskGroup group(*scheduler_);
    auto made = group.Submit([] { return std::make_unique<int>(5); });
    auto again = made;
    const auto body = [](Pointer value) { return *value; };
    const std::vector<Task<int>> tasks = {group.Submit(body, std::move(made)),
                                          group.Submit(body, std::move(again))};
    const RunSummary summary = group.Wait();
    ASSERT_LE(summary.failed, 2);
    ASSERT_LE(summary.completed, 2);  // the first task, and at most one of the two
    for (const auto& task : tasks) {
      const absl::StatusOr<int>& got = task.Get();
      ASSERT_TRUE(got.ok() ? *got == 5 : absl::IsFailedPrecondition(got.status()));
    }
  }
}

TEST_P(ConsumeTest, AHandleGivenUpWhileItsTaskIsPendingCancelsNothing) {
  TaskGroup group(*scheduler_);
  ASSERT_TRUE(group.Schedule({.id = "late", .function = [] {}, .dependencies = {"ghost"}}).ok());
  auto made = group.Submit([] { return std::make_unique<int>(7); }, *group.Find("late"));
  const auto taken = group.Submit([](Pointer value) { return *value; }, std::move(made));
  EXPECT_EQ(group.Wait().pending, 3);
  ASSERT_TRUE(group.Schedule({.id = "ghost", .function = [] {}}).ok());
  EXPECT_EQ(*taken.Get(), 7);
}

TEST_P(ConsumeTest, ARefusedConsumerGivesTheValueUp) {
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = owned;
  TaskGroup group(*scheduler_);
  auto made = group.Submit([owned = std::move(owned)]() mutable { return std::move(owned); });
  group.Wait();
  group.Seal();
  const auto refused = group.Submit([](std::shared_ptr<int>) {}, std::move(made));
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.Get()));
  EXPECT_FALSE(made.valid());
  EXPECT_TRUE(alive.expired());
}

TEST_P(ConsumeTest, AnEmptyMovedHandleIsRefused) {
  TaskGroup group(*scheduler_);
  Task<Pointer> empty;
  const auto refused = group.Submit([](Pointer) {}, std::move(empty));
  EXPECT_TRUE(absl::IsInvalidArgument(refused.Get()));
}

struct ThrowsWhenCopied {
  ThrowsWhenCopied() = default;
  ThrowsWhenCopied(ThrowsWhenCopied&&) = default;
  ThrowsWhenCopied(const ThrowsWhenCopied&) { throw std::runtime_error("no copy"); }
  ThrowsWhenCopied& operator=(ThrowsWhenCopied&&) = delete;
  ThrowsWhenCopied& operator=(const ThrowsWhenCopied&) = delete;
  ~ThrowsWhenCopied() = default;
};

TEST_P(ConsumeTest, ACopyThatThrowsFailsTheConsumer) {
  TaskGroup group(*scheduler_);
  auto made = group.Submit([] { return ThrowsWhenCopied(); });
  const auto kept = made;
  const auto taken = group.Submit([](ThrowsWhenCopied) {}, std::move(made));
  EXPECT_THAT(std::string(taken.Get().message()), HasSubstr("no copy"));
  EXPECT_TRUE(kept.Get().ok());
}

TEST_P(ConsumeTest, WhatWasMovedGoesWithTheBody) {
  // The body keeps its argument in a value of its own: the task that made it holds nothing.
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = owned;
  TaskGroup group(*scheduler_);
  auto made = group.Submit([owned = std::move(owned)]() mutable { return std::move(owned); });
  const auto taken = group.Submit([](std::shared_ptr<int>) {}, std::move(made));
  EXPECT_TRUE(taken.Get().ok());
  EXPECT_TRUE(alive.expired());
}

TEST_P(ConsumeTest, AConsumerOfATaskThatAWaitHasRun) {
  TaskGroup group(*scheduler_);
  for (const int priority : {-1, 0, 5, 10}) {
    const auto outer = group.Submit([&group, priority]() -> absl::StatusOr<int> {
      auto inner = group.Submit({.priority = priority}, [] { return std::make_unique<int>(6); });
      inner.Wait().IgnoreError();
      return group.Submit([](Pointer value) { return *value; }, std::move(inner)).Get();
    });
    EXPECT_TRUE(outer.Get().ok()) << "priority " << priority << ": " << outer.Get().status();
  }
}

TEST_P(ConsumeTest, TheSameHandleMayBeGivenUpAndKept) {
  TaskGroup group(*scheduler_);
  Task<int> one = group.Submit([] { return 1; });
  const auto sum = group.Submit([](int a, const int& b) { return a + b; }, std::move(one), one);
  EXPECT_EQ(*sum.Get(), 2);
}

}  // namespace
}  // namespace weft
