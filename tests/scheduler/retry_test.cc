// SPDX-License-Identifier: Apache-2.0
//
// Tasks that are tried again.

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/timed_engine.h"
#include "weft/core/retry_policy.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

// 1 s, 2 s, 4 s, and so on.
RetryPolicy Doubling(int max_attempts) {
  return {.max_attempts = max_attempts,
          .base = absl::Seconds(1),
          .cap = absl::Hours(1),
          .jitter = Jitter::kNone};
}

class RetryTest : public testing::TimedEngineTest {
 protected:
  // Fails until its attempt `succeeds`; notes when each began.
  auto FailsUntil(int succeeds) {
    return [this, succeeds](TaskContext& context) -> absl::StatusOr<int> {
      {
        absl::MutexLock lock(&mu_);
        began_.push_back(clock_.Now());
      }
      if (context.attempt() < succeeds) {
        return absl::UnavailableError("attempt " + std::to_string(context.attempt()));
      }
      return context.attempt();
    };
  }

  absl::Mutex mu_;
  std::vector<absl::Duration> began_;
};
WEFT_ON_ALL_ENGINES(RetryTest);

// Who waits inside a task runs it where it is, and its entry stays in its queue: it is not put
// there a second time.
TEST_P(RetryTest, AttemptsThatWhoeverWaitsRuns) {
  for (const int priority : {-1, 0, 5, 10}) {
    TaskGroup group(*scheduler_);
    for (int i = 0; i < 20; ++i) {
      group.Submit([&, priority] {
        std::vector<Task<int>> tasks;
        for (int n = 0; n < 4; ++n) {
          tasks.push_back(
              group.Submit({.priority = priority, .retry = Doubling(5)}, FailsUntil(2 + n % 3)));
        }
        for (const Task<int>& task : tasks) EXPECT_TRUE(task.Get().ok()) << task.Get().status();
      });
    }
    const RunSummary summary = Finish(group);
    EXPECT_EQ(summary.completed, 100) << summary.status;
  }
}

TEST_P(RetryTest, APolicyThatIsWrongIsRefusedByItsPlaceInTheOptions) {
  const auto task =
      scheduler_->Submit({.retry = {.max_attempts = 2, .base = absl::ZeroDuration()}}, [] {});
  EXPECT_EQ(task.Get(), absl::InvalidArgumentError(
                            "retry.base: 0 is not allowed; it must be above 0 and finite"));
}

// Times have quarters of a nanosecond, timers have not.
TEST_P(RetryTest, WaitsThatAreNoWholeNanoseconds) {
  TaskGroup group(*scheduler_);
  for (int quarters = 1; quarters <= 8; ++quarters) {
    RetryPolicy policy = Doubling(4);
    policy.base = absl::Nanoseconds(1) * quarters / 4;
    group.Submit({.retry = policy}, FailsUntil(4));
  }
  EXPECT_EQ(Finish(group).completed, 8);
}

TEST_P(RetryTest, FailsTwiceThenSucceeds) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit({.retry = Doubling(5)}, FailsUntil(3));
  const auto after = group.Submit([](const int& value) { return value * 2; }, task);
  const RunSummary summary = Finish(group);
  EXPECT_EQ(*task.Get(), 3);
  EXPECT_EQ(*after.Get(), 6);
  EXPECT_TRUE(summary.ok());
  EXPECT_EQ(summary.failed, 0);
  const TaskResult result = task.result();
  EXPECT_EQ(result.attempts, 3);
  ASSERT_EQ(result.failed_attempts.size(), 2U);
  EXPECT_EQ(result.failed_attempts[1].status, absl::UnavailableError("attempt 2"));
  EXPECT_EQ(result.failed_attempts[0].backoff, absl::Seconds(1));
  EXPECT_EQ(result.failed_attempts[1].backoff, absl::Seconds(2));
  ASSERT_EQ(began_.size(), 3U);
  for (std::size_t i = 0; i < 2; ++i) {
    const AttemptRecord& failed = result.failed_attempts[i];
    EXPECT_LE(failed.started, failed.ended);
    EXPECT_GE(began_[i + 1], failed.ended + failed.backoff) << "attempt " << i + 2;
  }
}

TEST_P(RetryTest, AlwaysFailsEndsAfterTheLastAttempt) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit({.retry = Doubling(4)}, FailsUntil(100));
  const auto after = group.Submit([](const int&) {}, task);
  const RunSummary summary = Finish(group);
  EXPECT_EQ(task.result().attempts, 4);
  EXPECT_EQ(task.result().failed_attempts.size(), 4U);
  EXPECT_EQ(task.result().failed_attempts.back().backoff, absl::ZeroDuration());
  EXPECT_EQ(task.Get().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(task.Get().status().message().find("4 attempts"), std::string::npos);
  EXPECT_NE(task.Get().status().message().find("attempt 4"), std::string::npos);
  EXPECT_EQ(after.state(), TaskState::kSkipped);
  EXPECT_EQ(summary.failed, 1);
  ASSERT_EQ(summary.failures.size(), 1U);
}

TEST_P(RetryTest, PermanentErrorIsNotTriedAgain) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  const auto task = group.Submit({.retry = Doubling(4)}, [&ran]() -> absl::Status {
    ++ran;
    return absl::InvalidArgumentError("no such file");
  });
  EXPECT_EQ(task.Get(), absl::InvalidArgumentError("no such file"));
  EXPECT_EQ(ran, 1);
}

TEST_P(RetryTest, ClassifierDecides) {
  TaskGroup group(*scheduler_);
  RetryPolicy policy = Doubling(3);
  policy.classify = [](const absl::Status& status) {
    return status.message() == "again" ? OutcomeClass::kTransient : OutcomeClass::kPermanent;
  };
  std::atomic<int> ran{0};
  const auto again = group.Submit({.retry = policy}, [&ran]() -> absl::Status {
    ++ran;
    return absl::InvalidArgumentError("again");
  });
  const auto never = group.Submit({.retry = policy}, [&ran]() -> absl::Status {
    ++ran;
    return absl::UnavailableError("never");
  });
  Finish(group);
  EXPECT_EQ(ran, 4);
  EXPECT_EQ(again.result().attempts, 3);
  EXPECT_EQ(never.result().attempts, 1);
}

TEST_P(RetryTest, ClassifierThatThrowsEndsTheTask) {
  TaskGroup group(*scheduler_);
  RetryPolicy policy = Doubling(3);
  policy.classify = [](const absl::Status&) -> OutcomeClass { throw std::runtime_error("odd"); };
  const auto task = group.Submit({.retry = policy}, [] { return absl::UnavailableError("busy"); });
  const RunSummary summary = Finish(group);
  EXPECT_EQ(task.Get(), absl::UnavailableError("busy"));
  ASSERT_EQ(summary.failures.size(), 2U);
  EXPECT_NE(summary.failures[0].status.message().find("odd"), std::string::npos);
}

TEST_P(RetryTest, WhatIsThrownIsTriedAgain) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit({.retry = Doubling(3)}, [](TaskContext& context) {
    if (context.attempt() < 3) throw std::runtime_error("lost");
    return std::string("found");
  });
  Finish(group);
  EXPECT_EQ(*task.Get(), "found");
  EXPECT_EQ(task.exception(), nullptr);
  const auto lost = group.Submit({.retry = Doubling(2)}, [] { throw std::runtime_error("lost"); });
  Finish(group);
  EXPECT_NE(lost.exception(), nullptr);
}

// A body keeps what it captured from one attempt to the next, and loses it once.
TEST_P(RetryTest, BodyLivesUntilTheLastAttempt) {
  TaskGroup group(*scheduler_);
  auto counted = std::make_shared<int>(0);
  const std::weak_ptr<int> seen = counted;
  const auto task = group.Submit({.retry = Doubling(3)}, [counted]() mutable -> absl::Status {
    return ++*counted < 3 ? absl::AbortedError("more") : absl::OkStatus();
  });
  counted.reset();
  Finish(group);
  EXPECT_TRUE(task.Get().ok());
  EXPECT_TRUE(seen.expired());
}

TEST_P(RetryTest, ValueThatIsMovedIsCopiedWhileAnotherAttemptMayFollow) {
  TaskGroup group(*scheduler_);
  auto text = group.Submit([] { return std::string(100, 'x'); });
  const auto task = group.Submit(
      {.retry = Doubling(3)},
      [](TaskContext& context, std::string given) -> absl::StatusOr<std::size_t> {
        const std::string taken = std::move(given);
        if (context.attempt() < 3) return absl::UnavailableError("again");
        return taken.size();
      },
      std::move(text));
  Finish(group);
  EXPECT_EQ(*task.Get(), 100U);
}

TEST_P(RetryTest, ValueThatCannotBeCopiedIsRefused) {
  TaskGroup group(*scheduler_);
  auto value = group.Submit([] { return std::make_unique<int>(3); });
  const auto task = group.Submit(
      {.retry = Doubling(2)}, [](std::unique_ptr<int> given) { return *given; }, std::move(value));
  EXPECT_EQ(task.Get().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(task.Get().status().message().find("only once"), std::string::npos);
}

TEST_P(RetryTest, BadPolicyIsRefusedByName) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit({.retry = {.max_attempts = 0}}, [] {});
  EXPECT_EQ(task.Get().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(task.Get().message().find("max_attempts"), std::string::npos);
  const auto named = group.Schedule(
      {.id = "a", .function = [] {}, .options = {.retry = {.max_attempts = 2, .multiplier = 0}}});
  EXPECT_NE(named.status().message().find("multiplier"), std::string::npos);
  EXPECT_EQ(group.Wait().refused, 1);  // Schedule returns its errors
}

TEST_P(RetryTest, NamedTaskIsTriedAgain) {
  TaskGroup group(*scheduler_);
  const auto after = group.Schedule({.id = "b", .function = [] {}, .dependencies = {"a"}});
  std::atomic<int> ran{0};
  const auto task =
      group.Schedule({.id = "a",
                      .function = [&ran]() -> absl::Status {
                        return ++ran < 3 ? absl::UnavailableError("x") : absl::OkStatus();
                      },
                      .options = {.retry = Doubling(3)}});
  ASSERT_TRUE(after.ok() && task.ok());
  EXPECT_TRUE(Finish(group).ok());
  EXPECT_EQ(task->result().attempts, 3);
}

// What an attempt that failed wanted to go on as, and why it was degraded, is forgotten.
TEST_P(RetryTest, AttemptThatFailedLeavesNothingBehind) {
  TaskGroup group(*scheduler_);
  const auto other = group.Schedule({.id = "other", .function = [] {}, .dependencies = {"late"}});
  const auto task = group.Submit({.retry = Doubling(2)}, [&](TaskContext& context) {
    if (context.attempt() == 2) return absl::OkStatus();
    context.Degrade(absl::NotFoundError("half"));
    EXPECT_TRUE(context.Continue(*other).ok());
    return absl::UnavailableError("again");
  });
  const auto after = group.Submit([] {}, task);
  const RunSummary summary = Finish(group);
  EXPECT_EQ(after.state(), TaskState::kCompleted);
  EXPECT_TRUE(task.result().degraded.ok());
  EXPECT_EQ(summary.degraded, 0);
  EXPECT_EQ(summary.pending, 1);
}

TEST_P(RetryTest, ManyAttemptsKeepTheFirstAndTheLast) {
  TaskGroup group(*scheduler_);
  RetryPolicy policy = Doubling(1000);
  policy.cap = absl::Seconds(1);
  const auto task = group.Submit({.retry = policy}, FailsUntil(500));
  Finish(group);
  const TaskResult result = task.result();
  EXPECT_EQ(result.attempts, 500);
  ASSERT_EQ(result.failed_attempts.size(), 100U);
  EXPECT_EQ(result.failed_attempts[49].status, absl::UnavailableError("attempt 50"));
  EXPECT_EQ(result.failed_attempts[50].status, absl::UnavailableError("attempt 450"));
  EXPECT_EQ(result.failed_attempts.back().status, absl::UnavailableError("attempt 499"));
}

}  // namespace
}  // namespace weft
