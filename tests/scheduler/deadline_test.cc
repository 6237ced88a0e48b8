// SPDX-License-Identifier: Apache-2.0
//
// Deadlines of attempts, tasks and groups.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/names.h"
#include "testing/timed_engine.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::OnName;

bool IsLate(const absl::Status& status) { return absl::IsDeadlineExceeded(status); }

class DeadlineTest : public testing::TimedEngineTest {};
WEFT_ON_ALL_ENGINES(DeadlineTest);

TEST_P(DeadlineTest, TaskThatWaitsForANameFails) {
  TaskGroup group(*scheduler_);
  const auto a = group.Schedule({.id = "a",
                                 .function = [] {},
                                 .dependencies = {"b"},
                                 .options = {.timeout = absl::Hours(1)}});
  // Waits for the name, too, and so keeps the wait below from giving up at once.
  ASSERT_TRUE(a.ok());
  const auto after = group.Submit([] {}, *a);
  const auto long_one =
      group.Submit({.retry = {.max_attempts = 2,
                              .base = absl::Hours(2),
                              .cap = absl::Hours(2),
                              .jitter = Jitter::kNone}},
                   [](TaskContext& context) {
                     return context.attempt() == 1 ? absl::UnavailableError("x") : absl::OkStatus();
                   });
  const RunSummary summary = Finish(group);
  EXPECT_EQ(a->state(), TaskState::kFailed);
  EXPECT_TRUE(IsLate(a->Get()));
  EXPECT_EQ(after.state(), TaskState::kSkipped);
  EXPECT_TRUE(long_one.Get().ok());
  EXPECT_EQ(summary.pending, 0);
  EXPECT_EQ(summary.failed, 1);
  // Its name has a task all the same.
  EXPECT_EQ(group.Schedule({.id = "a", .function = [] {}}).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_P(DeadlineTest, NoAttemptBeginsAfterTheTasksDeadline) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  const auto task = group.Submit({.retry = {.max_attempts = 100,
                                            .base = absl::Minutes(1),
                                            .multiplier = 1,
                                            .cap = absl::Minutes(1),
                                            .jitter = Jitter::kNone},
                                  .timeout = absl::Seconds(150)},
                                 [&ran] {
                                   ++ran;
                                   return absl::UnavailableError("busy");
                                 });
  Finish(group);
  EXPECT_EQ(task.state(), TaskState::kFailed);
  EXPECT_LE(ran, 3);
  if (simulated()) {  // elsewhere the clock may have run past the deadline meanwhile
    // After 0, 1 and 2 minutes; the wait for the next would go past the deadline: it is not begun,
    // and the last error is not lost.
    EXPECT_EQ(ran, 3);
    EXPECT_EQ(task.Get().code(), absl::StatusCode::kUnavailable) << task.Get();
    EXPECT_NE(task.Get().message().find("deadline"), std::string::npos) << task.Get();
  }
}

TEST_P(DeadlineTest, GroupThatIsLateFailsWhatHasNotEnded) {
  TaskGroup group(*scheduler_, {.timeout = absl::Minutes(10)});
  const auto waits = OnName(group, "waits", "ghost");
  const auto after = group.Submit([] {}, waits);
  EXPECT_EQ(group.Wait().pending, 2);
  clock_.Advance(absl::Minutes(20));
  while (waits.state() == TaskState::kPending) {  // some look at the clock when somebody waits
    scheduler_->root().Submit([] {}).Wait().IgnoreError();
  }
  EXPECT_EQ(waits.state(), TaskState::kFailed);
  EXPECT_TRUE(IsLate(waits.Get()));
  EXPECT_TRUE(IsLate(group.Submit([] {}).Get()));
  const RunSummary summary = group.Wait();
  EXPECT_TRUE(IsLate(after.Get()));  // skipped for the other, or late itself
  EXPECT_TRUE(IsLate(summary.status));
  EXPECT_GE(summary.failed, 1);
  EXPECT_EQ(summary.failed + summary.skipped, 2);
}

// The wait for the third attempt would go past the deadline of the group.
TEST_P(DeadlineTest, NoAttemptBeginsAfterTheGroupsDeadline) {
  TaskGroup group(*scheduler_, {.timeout = absl::Minutes(10)});
  std::atomic<int> ran{0};
  const auto parked = group.Submit({.retry = {.max_attempts = 9,
                                              .base = absl::Minutes(9),
                                              .multiplier = 1,
                                              .cap = absl::Minutes(9),
                                              .jitter = Jitter::kNone}},
                                   [&ran] {
                                     ++ran;
                                     return absl::UnavailableError("busy");
                                   });
  Finish(group);
  EXPECT_EQ(parked.state(), TaskState::kFailed);
  EXPECT_LE(ran, 2);
  if (simulated()) {
    EXPECT_EQ(ran, 2);
    EXPECT_EQ(clock_.Now(), absl::Minutes(9) + absl::Microseconds(2));
    EXPECT_EQ(parked.Get().code(), absl::StatusCode::kUnavailable);
  }
}

TEST_P(DeadlineTest, TimeoutThatIsNotLongerThanNothingIsRefused) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit({.timeout = absl::ZeroDuration()}, [] {});
  EXPECT_EQ(task.Get().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(task.Get().message().find("timeout"), std::string::npos);
  EXPECT_EQ(group.Submit({.attempt_timeout = -absl::Seconds(1)}, [] {}).Get().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(DeadlineTest, BodySeesTheTimeThatIsLeft) {
  TaskGroup group(*scheduler_, {.timeout = absl::Hours(3)});
  const auto left = [](TaskContext& context) { return context.time_left(); };
  const absl::Duration of_group = *group.Submit(left).Get();
  const absl::Duration of_task = *group.Submit({.timeout = absl::Hours(2)}, left).Get();
  const absl::Duration of_attempt =
      *group.Submit({.attempt_timeout = absl::Hours(1), .timeout = absl::Hours(2)}, left).Get();
  EXPECT_LE(of_group, absl::Hours(3));
  EXPECT_GT(of_group, absl::Hours(2));
  EXPECT_LE(of_task, absl::Hours(2));
  EXPECT_GT(of_task, absl::Hours(1));
  EXPECT_LE(of_attempt, absl::Hours(1));
  EXPECT_EQ(*scheduler_->Submit(left).Get(), absl::InfiniteDuration());
}

// The clock is moved by the bodies themselves.
class OwnTimeTest : public testing::TimedEngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, OwnTimeTest, ::testing::Values(testing::kInline, 1, 2, 8),
                         testing::EngineName);

TEST_P(OwnTimeTest, AttemptThatTakesTooLongFailsAndIsTriedAgain) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit({.retry = {.max_attempts = 2,
                                            .base = absl::Nanoseconds(1),
                                            .cap = absl::Nanoseconds(1),
                                            .jitter = Jitter::kNone},
                                  .attempt_timeout = absl::Seconds(1)},
                                 [this](TaskContext& context) {
                                   EXPECT_FALSE(context.cancelled());
                                   if (context.attempt() == 1) clock_.Advance(absl::Seconds(1));
                                   return context.attempt();
                                 });
  {
    const testing::MovingClock moving(clock_, absl::Nanoseconds(1));
    ASSERT_TRUE(task.Get().ok()) << task.Get().status();
  }
  EXPECT_EQ(*task.Get(), 2);
  ASSERT_EQ(task.result().failed_attempts.size(), 1U);
  EXPECT_TRUE(IsLate(task.result().failed_attempts[0].status));
}

TEST_P(OwnTimeTest, ValueThatComesTooLateIsNotKept) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit({.timeout = absl::Seconds(1)}, [this] {
    clock_.Advance(absl::Seconds(1));
    return std::string("late");
  });
  const auto after = group.Submit([](const std::string&) {}, task);
  const RunSummary summary = group.Wait();
  EXPECT_TRUE(IsLate(task.Get().status()));
  EXPECT_EQ(task.state(), TaskState::kFailed);
  EXPECT_EQ(task.result().attempts, 1);
  EXPECT_EQ(after.state(), TaskState::kSkipped);
  EXPECT_EQ(summary.failures.size(), 1U);
}

TEST_P(OwnTimeTest, ValueThatComesAfterTheGroupsDeadlineIsNotKept) {
  TaskGroup group(*scheduler_, {.timeout = absl::Seconds(1)});
  const auto task = group.Submit([this] {
    clock_.Advance(absl::Seconds(1));
    return 1;
  });
  EXPECT_TRUE(IsLate(task.Get().status()));
}

class ThreadedDeadlineTest : public testing::TimedEngineTest {};
WEFT_ON_THREADED_ENGINES(ThreadedDeadlineTest);

// The first attempt sees that its time is over, by the flag and by the token; the next one has
// both anew.
TEST_P(ThreadedDeadlineTest, RunningBodyIsAskedToStop) {
  TaskGroup group(*scheduler_);
  const auto task =
      group.Submit({.retry = {.max_attempts = 2,
                              .base = absl::Nanoseconds(1),
                              .cap = absl::Nanoseconds(1),
                              .jitter = Jitter::kNone},
                    .attempt_timeout = absl::Seconds(1)},
                   [this](TaskContext& context) -> absl::Status {
                     const CancellationToken token = context.token();
                     if (context.attempt() == 2) {
                       EXPECT_FALSE(token.cancelled());
                       EXPECT_FALSE(context.cancelled());
                       return absl::OkStatus();
                     }
                     absl::Notification told;
                     const CancellationCallback callback(token, [&told] { told.Notify(); });
                     clock_.Advance(absl::Seconds(2));
                     told.WaitForNotification();
                     EXPECT_TRUE(context.cancelled());
                     EXPECT_TRUE(IsLate(token.reason()));
                     return token.reason();
                   });
  const testing::MovingClock moving(clock_, absl::Nanoseconds(1));
  EXPECT_TRUE(task.Get().ok());
}

TEST_P(ThreadedDeadlineTest, ReadyTaskThatNobodyStartsFailsAtOnce) {
  testing::BusyWorkers busy(*scheduler_, threads());
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  const auto ready = group.Submit({.timeout = absl::Seconds(1)}, [&ran] { ++ran; });
  EXPECT_EQ(ready.state(), TaskState::kReady);
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(IsLate(ready.Get()));  // while all workers are busy
  busy.LetGo();
  EXPECT_EQ(group.Wait().failed, 1);
  EXPECT_EQ(ran, 0);
}

TEST_P(ThreadedDeadlineTest, DeadlineRacesWithTheEnd) {
  for (int round = 0; round < 300; ++round) {
    TaskGroup group(*scheduler_);
    const auto task = group.Submit({.timeout = absl::Seconds(1)}, [] { return 1; });
    const auto after = group.Submit([](const int&) {}, task);
    clock_.Advance(absl::Seconds(1));
    const RunSummary summary = group.Wait();
    EXPECT_EQ(summary.completed + summary.failed + summary.skipped, 2);
    EXPECT_EQ(summary.failed, summary.skipped);
    EXPECT_EQ(task.Get().ok(), after.Get().ok());
  }
}

}  // namespace
}  // namespace weft
