// SPDX-License-Identifier: Apache-2.0
//
// Whatever a task throws or returns stays with it and with those who need it.

#include <atomic>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

class FailureTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(FailureTest);

struct MoveOnlyThrown {
  explicit MoveOnlyThrown(int value_at_start) : value(std::make_unique<int>(value_at_start)) {}
  std::unique_ptr<int> value;
};
struct NoText : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

TEST_P(FailureTest, AnythingThrownBecomesAStatus) {
  TaskGroup group(*scheduler_);
  const std::vector<std::pair<Task<>, std::string>> cases = {
      {group.Submit([] { throw std::runtime_error("text"); }), "text"},
      {group.Submit([] { throw std::string("string"); }), "string"},
      {group.Submit([] { throw "literal"; }), "literal"},
      {group.Submit([] { throw 42; }), "42"},
      {group.Submit([] { throw static_cast<const char*>(nullptr); }), "null"},
      {group.Submit([] { throw MoveOnlyThrown(1); }), "no text"},
      {group.Submit([] { throw NoText(); }), "without a text"},
      {group.Submit([] { std::rethrow_exception(std::make_exception_ptr(2.5)); }), "no text"},
  };
  for (const auto& [task, text] : cases) {
    EXPECT_EQ(task.Get().code(), absl::StatusCode::kUnknown);
    EXPECT_THAT(std::string(task.Get().message()), HasSubstr(text));
    EXPECT_EQ(task.state(), TaskState::kFailed);
  }
  EXPECT_EQ(group.Wait().failed, static_cast<std::int64_t>(cases.size()));
}

TEST_P(FailureTest, WhatWasThrownIsHandedOutOnRequest) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit([] { throw std::out_of_range("far"); });
  const auto fine = group.Submit([] {});
  group.Wait();
  EXPECT_EQ(fine.exception(), nullptr);
  EXPECT_THROW(std::rethrow_exception(task.exception()), std::out_of_range);
}

TEST_P(FailureTest, DependentsAreSkippedAndShareTheRootCause) {
  // bad -> a -> b, bad -> c; other is independent.
  TaskGroup group(*scheduler_);
  const auto bad = group.Schedule(
      {.id = "parse:a.py", .function = [] { return absl::UnavailableError("disk"); }});
  std::atomic<int> ran{0};
  const auto a = group.Submit([&] { ++ran; }, *bad);
  const auto b = group.Submit([&] { ++ran; }, a);
  const auto c = group.Submit([&]() -> int { return ++ran; }, *bad);
  const auto other = group.Submit([&] { ++ran; });
  const RunSummary summary = group.Wait();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.skipped, 3);
  EXPECT_EQ(summary.completed, 1);
  EXPECT_TRUE(summary.status.ok());
  ASSERT_EQ(summary.failures.size(), 1u);
  EXPECT_EQ(summary.failures[0].name, "parse:a.py");
  const absl::Status skipped =
      absl::UnavailableError("skipped: dependency 'parse:a.py' failed: disk");
  EXPECT_EQ(a.Get(), skipped);
  EXPECT_EQ(b.Get(), skipped);
  EXPECT_EQ(c.Get().status(), skipped);
  EXPECT_EQ(b.result().attempts, 0);
  EXPECT_EQ(bad->result().attempts, 1);
  EXPECT_TRUE(other.Get().ok());
}

TEST_P(FailureTest, ATaskThatDependsOnAnEndedFailureIsSkippedAtOnce) {
  TaskGroup group(*scheduler_);
  const auto bad = group.Submit([] { return absl::AbortedError("x"); });
  bad.Wait().IgnoreError();
  const auto late = group.Submit([] {}, bad);
  EXPECT_EQ(late.Wait(),
            absl::AbortedError("skipped: dependency task " + ToString(bad.id()) + " failed: x"));
  const auto anyway = group.Submit([](const absl::Status& status) { return status.ok(); }, bad);
  EXPECT_FALSE(*anyway.Get());
}

TEST_P(FailureTest, RunAnywaySeesHowItsDependencyEnded) {
  TaskGroup group(*scheduler_);
  const auto bad = group.Submit([]() -> int { throw std::runtime_error("boom"); });
  const auto skipped = group.Submit([](const int& x) { return x; }, bad);
  const auto cleanup = group.Submit(
      [](const absl::StatusOr<int>& x) { return std::string(x.status().message()); }, skipped);
  EXPECT_EQ(*cleanup.Get(),
            "skipped: dependency task " + ToString(bad.id()) + " failed: threw boom");
}

TEST_P(FailureTest, EveryFailureCountsAndTheFirstThousandAreKept) {
  TaskGroup group(*scheduler_);
  constexpr int kFailures = 1500;
  for (int i = 0; i < kFailures; ++i) group.Submit([] { throw 1; });
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.failed, kFailures);
  EXPECT_EQ(summary.failures.size(), RunSummary::kListedLimit);
}

TEST_P(FailureTest, LongSkipChainsNeedNoStack) {
  TaskGroup group(*scheduler_);
  constexpr int kLength = 100000;
  Task<> last = group.Submit([] { return absl::AbortedError("root"); });
  for (int i = 0; i < kLength; ++i) last = group.Submit([] {}, last);
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.skipped, kLength);
  EXPECT_TRUE(absl::IsAborted(last.Get()));
}

// Counts what lives, and throws on demand at each special member.
struct Hostile {
  enum Where { kNowhere, kCall, kDestroy };
  explicit Hostile(Where where_at_start) : where(where_at_start) {}
  Hostile(Hostile&& other) noexcept : where(std::exchange(other.where, kNowhere)) {}
  Hostile(const Hostile&) = delete;
  ~Hostile() noexcept(false) {
    if (where == kDestroy) throw std::runtime_error("in destructor");
  }
  int operator()() const {
    if (where == kCall) throw std::runtime_error("in call");
    return 1;
  }
  Where where;
};

TEST_P(FailureTest, CallableThatThrowsWhenDestroyedFailsItsTaskAlone) {
  TaskGroup group(*scheduler_);
  const auto bad = group.Submit(Hostile(Hostile::kDestroy));
  const auto dependent = group.Submit([](const int& x) { return x; }, bad);
  const auto call = group.Submit(Hostile(Hostile::kCall));
  const auto fine = group.Submit([] { return 2; });
  group.Wait();
  EXPECT_THAT(std::string(bad.Get().status().message()), HasSubstr("in destructor"));
  EXPECT_EQ(bad.state(), TaskState::kFailed);
  EXPECT_EQ(dependent.state(), TaskState::kSkipped);
  EXPECT_THAT(std::string(call.Get().status().message()), HasSubstr("in call"));
  EXPECT_EQ(*fine.Get(), 2);
}

TEST_P(FailureTest, SkippedCallableThatThrowsWhenDestroyedIsRecorded) {
  TaskGroup group(*scheduler_);
  const auto bad = group.Submit([] { return absl::AbortedError("first"); });
  const auto skipped = group.Submit(Hostile(Hostile::kDestroy), After(bad));
  const RunSummary summary = group.Wait();
  EXPECT_EQ(skipped.state(), TaskState::kSkipped);
  ASSERT_EQ(summary.failures.size(), 2u);
  EXPECT_THAT(std::string(summary.failures[1].status.message()), HasSubstr("in destructor"));
}

TEST_P(FailureTest, NamedCallableThatThrowsWhenDestroyedFailsItsTask) {
  TaskGroup group(*scheduler_);
  const auto task =
      group.Schedule({.id = "x", .function = [hostile = Hostile(Hostile::kDestroy)] {}});
  EXPECT_THAT(std::string(task->Wait().message()), HasSubstr("in destructor"));
}

TEST_P(FailureTest, ATaskFunctionMayBeSubmittedAsAnyCallable) {
  TaskGroup group(*scheduler_);
  const auto hostile = group.Submit(
      TaskFunction([hostile = Hostile(Hostile::kDestroy)] { return absl::OkStatus(); }));
  const auto empty = group.Submit(TaskFunction());
  group.Wait();
  EXPECT_THAT(std::string(hostile.Get().message()), HasSubstr("in destructor"));
  EXPECT_TRUE(absl::IsInvalidArgument(empty.Get())) << empty.Get();
}

}  // namespace
}  // namespace weft
