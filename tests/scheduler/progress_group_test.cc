// SPDX-License-Identifier: Apache-2.0
//
// GroupOptions::progress: the tasks of a group, from their submission to their end.

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "scheduler/counted.h"
#include "testing/engines.h"
#include "testing/from_environment.h"
#include "testing/random_ending.h"
#include "testing/timed_engine.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/sync/progress_tracker.h"

namespace weft {
namespace {

using testing::Counted;
using testing::OnGhost;
using testing::WholeOf;
using Part = ProgressTracker::Part;

constexpr auto Whole = &Counted::Whole;

class ProgressGroupTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(ProgressGroupTest);
class ProgressTimedTest : public testing::TimedEngineTest {};
WEFT_ON_ALL_ENGINES(ProgressTimedTest);

// -- how tasks end ---------------------------------------------------------------

TEST_P(ProgressGroupTest, EachTaskCountsOnceHoweverItEnds) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  const auto value = group.Submit([] { return 1; });
  const auto error = group.Submit([] { return absl::AbortedError("no"); });
  const auto thrown = group.Submit([]() -> int { throw std::runtime_error("no"); });
  group.Submit([](const int&) {}, thrown);                  // skipped
  group.Submit([](const absl::StatusOr<int>&) {}, thrown);  // runs anyway
  group.Submit([](const int& n) { return n + 1; }, value);  // with a dependency
  group.Detach([](TaskContext& context) { context.Degrade(absl::UnavailableError("half")); });
  OnGhost(group, "pending").Cancel();
  error.Wait().IgnoreError();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(counted.whole(), Whole(4, 4, 8));
  EXPECT_EQ(counted.whole(), WholeOf(summary));
  EXPECT_EQ(summary.degraded, 1);
}

TEST_P(ProgressGroupTest, WhoHasSeenATaskEndSeesItCounted) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  for (int i = 1; i <= 100; ++i) {
    EXPECT_TRUE(group.Submit([] {}).Wait().ok());
    ASSERT_EQ(counted.whole(), Whole(i, 0, i));
  }
}

TEST_P(ProgressGroupTest, ABodySeesItselfAnnouncedAndNotEnded) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  std::vector<ProgressLevel> seen(2);
  const auto look = [&](std::size_t at) { seen[at] = counted.whole(); };
  group.Submit(look, group.Submit([] { return std::size_t{0}; })).Wait().IgnoreError();
  const auto named = group.Schedule({.id = "named", .function = [&] { look(1); }});
  ASSERT_TRUE(named.ok());
  group.Wait();
  EXPECT_EQ(seen[0], Whole(1, 0, 2));
  EXPECT_EQ(seen[1], Whole(2, 0, 3));
}

TEST_P(ProgressTimedTest, ATaskThatIsTriedAgainIsOne) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  for (int i = 0; i < 20; ++i) {
    group.Submit({.retry = {.max_attempts = 3, .base = absl::Seconds(1), .cap = absl::Seconds(1)}},
                 [i](TaskContext& context) {
                   return context.attempt() < 1 + i % 5 ? absl::UnavailableError("busy")
                                                        : absl::OkStatus();
                 });
  }
  EXPECT_EQ(Finish(group).completed, 12);
  EXPECT_EQ(counted.whole(), Whole(12, 8, 20));
}

TEST_P(ProgressTimedTest, WhatIsLateHasFailed) {
  Counted counted;
  TaskGroup group(*scheduler_, {.timeout = absl::Minutes(10), .progress = &counted.tracker});
  for (int i = 0; i < 10; ++i) OnGhost(group, std::to_string(i));
  EXPECT_EQ(group.Wait().pending, 10);
  EXPECT_EQ(counted.whole(), Whole(0, 0, 10));
  clock_.Advance(absl::Minutes(20));
  while (group.Summary().pending > 0) {  // some look at the clock when somebody waits
    scheduler_->root().Submit([] {}).Wait().IgnoreError();
  }
  group.Wait();
  EXPECT_EQ(counted.whole(), Whole(0, 10, 10));
  EXPECT_FALSE(group.Submit([] {}).Get().ok());
  EXPECT_EQ(counted.whole(), Whole(0, 10, 10)) << "it was refused";
}

TEST_P(ProgressGroupTest, ACancelledGroupFailsWhatHasNotEnded) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  for (int i = 0; i < 100; ++i) group.Submit([] {});
  group.Wait();
  for (int i = 0; i < 50; ++i) group.Submit([] {}, OnGhost(group, std::to_string(i)));
  EXPECT_EQ(counted.whole(), Whole(100, 0, 200));
  group.Cancel(absl::CancelledError("enough"));
  EXPECT_EQ(counted.whole(), Whole(100, 100, 200));
  const RunSummary ended = group.Wait();
  EXPECT_EQ(counted.whole(), WholeOf(ended));
}

TEST_P(ProgressGroupTest, AFailureThatCancelsTheRestIsCountedWithIt) {
  Counted counted;
  TaskGroup group(*scheduler_, {.fail_fast = true, .progress = &counted.tracker});
  for (int i = 0; i < 200; ++i) {
    group.Submit([i] { return i == 20 ? absl::AbortedError("no") : absl::OkStatus(); });
  }
  const RunSummary summary = group.Wait();
  EXPECT_EQ(counted.whole(), WholeOf(summary));
  EXPECT_EQ(summary.submitted + summary.refused, 200);
}

TEST_P(ProgressGroupTest, FinalisersRunAndCountInACancelledGroup) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  const auto pending = OnGhost(group, "pending");
  group.Submit(
      {.finaliser = true}, [] {}, After(pending));
  group.Cancel(absl::CancelledError("enough"));
  group.Wait();
  EXPECT_EQ(counted.whole(), Whole(1, 1, 2));
}

// -- how tasks come in -----------------------------------------------------------

TEST_P(ProgressGroupTest, TasksSubmitTasks) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  struct Tree {
    static void Grow(TaskGroup& group, int depth) {
      if (depth == 0) return;
      for (int i = 0; i < 3; ++i) group.Detach([&group, depth] { Grow(group, depth - 1); });
    }
  };
  Tree::Grow(group, 6);
  group.Wait();
  EXPECT_EQ(counted.whole(), Whole(1092, 0, 1092));
}

TEST_P(ProgressGroupTest, ManyAtOnceCountOneByOne) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  auto nothing = [] {};
  group.DetachAll(std::vector<decltype(nothing)>(300, nothing));
  group.SubmitAll(std::vector<decltype(nothing)>(300, nothing), {.priority = 3});
  group.Wait();
  EXPECT_EQ(counted.whole(), Whole(600, 0, 600));
}

TEST_P(ProgressGroupTest, WhatIsRefusedIsNotCounted) {
  Counted counted;
  TaskGroup group(
      *scheduler_,
      {.max_pending_tasks = 2, .when_full = WhenFull::kRefuse, .progress = &counted.tracker});
  EXPECT_EQ(group.Submit({.cost = -1}, [] {}).state(), TaskState::kFailed);
  EXPECT_EQ(group.Submit([] {}, Task<>()).state(), TaskState::kFailed);
  EXPECT_FALSE(group.Schedule({.id = "no function"}).ok());
  std::vector<TaskDefinition> cycle;
  cycle.push_back({.id = "a", .function = [] {}, .dependencies = {"b"}});
  cycle.push_back({.id = "b", .function = [] {}, .dependencies = {"a"}});
  EXPECT_FALSE(group.ScheduleBatch(std::move(cycle)).ok());
  EXPECT_EQ(counted.whole(), Whole(0, 0, 0));
  OnGhost(group, "x");
  OnGhost(group, "y");
  EXPECT_EQ(group.Submit([] {}).state(), TaskState::kFailed) << "the group is full";
  EXPECT_FALSE(group.Schedule({.id = "z", .function = [] {}}).ok());
  EXPECT_EQ(counted.whole(), Whole(0, 0, 2));
  group.Seal();
  EXPECT_EQ(group.Submit([] {}).state(), TaskState::kFailed);
  EXPECT_FALSE(group.Schedule({.id = "z", .function = [] {}}).ok());
  group.Wait();
  EXPECT_EQ(counted.whole(), Whole(0, 2, 2));
}

TEST_P(ProgressGroupTest, TasksOnNamesThatNeverComeAreFailedBySeal) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  for (int i = 0; i < 10; ++i) OnGhost(group, std::to_string(i));
  ASSERT_TRUE(group.Schedule({.id = "late", .function = [] {}, .dependencies = {"early"}}).ok());
  ASSERT_TRUE(group.Schedule({.id = "early", .function = [] {}}).ok());
  EXPECT_EQ(group.Wait().pending, 10);
  EXPECT_EQ(counted.whole(), Whole(2, 0, 12)) << "a name is no task";
  group.Seal();
  const RunSummary ended = group.Wait();
  EXPECT_EQ(counted.whole(), WholeOf(ended));
  EXPECT_EQ(counted.whole(), Whole(2, 10, 12));
}

TEST_P(ProgressGroupTest, ABatchIsAnnouncedBeforeAnyOfItRuns) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  std::atomic<std::int64_t> least{1000};
  std::vector<TaskDefinition> batch(20);
  for (TaskDefinition& each : batch) {
    each.function = [&] { least = std::min(least.load(), counted.whole().total); };
  }
  ASSERT_TRUE(group.ScheduleBatch(std::move(batch)).ok());
  group.Wait();
  EXPECT_EQ(least, 20);
  EXPECT_EQ(counted.whole(), Whole(20, 0, 20));
}

TEST_P(ProgressGroupTest, GroupsOfOneTrackerAddUpAndOthersDoNotCount) {
  Counted counted;
  {
    TaskGroup one(*scheduler_, {.progress = &counted.tracker});
    TaskGroup two(*scheduler_, {.progress = &counted.tracker.root()});
    TaskGroup other(*scheduler_);
    for (int i = 0; i < 50; ++i) {
      const auto first = one.Submit([] {});
      const auto second = other.Submit([] {}, first);
      two.Submit([] {}, second);
    }
    two.Wait();
  }
  EXPECT_EQ(counted.whole(), Whole(100, 0, 100));
}

// -- costs and parts -------------------------------------------------------------

TEST_P(ProgressGroupTest, CostsSayHowMuchIsDone) {
  Counted counted;
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  OnGhost(group, "small", /*cost=*/0.25);  // counts as 1
  const auto big = group.Submit({.cost = 98.6}, [] { return absl::AbortedError("no"); });
  group.Wait();
  EXPECT_DOUBLE_EQ(counted.tracker.Snapshot().fraction, 0.99);
  group.Seal();
  group.Wait();
  counted.tracker.Finish();
  EXPECT_EQ(counted.tracker.Snapshot().fraction, 1);
}

// Between two tasks all that was announced has ended.
TEST_P(ProgressGroupTest, APartEndsWithItsGroupAndNotBetweenTwoTasks) {
  ProgressTracker job({.label = "Stage", .total = 3});
  Part parsing = job.root().AddPart({.label = "File"});
  Part linking = job.root().AddPart({.label = "Name"});
  const auto text = [&job] { return job.Snapshot().Text(); };
  {
    TaskGroup parse(*scheduler_, {.progress = &parsing});
    parse.Submit([] {}).Wait().IgnoreError();
    EXPECT_EQ(text(), "Stage 0/3, File 1/1 completed");
    parse.Submit([] {}).Wait().IgnoreError();
    parse.Wait();
    EXPECT_EQ(text(), "Stage 0/3, File 2/2 completed");
  }
  EXPECT_EQ(text(), "Stage 1/3, Name: 0");
  {
    TaskGroup link(*scheduler_, {.progress = &linking});
    OnGhost(link, "never");
  }
  EXPECT_EQ(text(), "Stage 1/3 (1 failed) completed") << "something of it failed";
}

// -- at random -------------------------------------------------------------------

TEST_P(ProgressGroupTest, NothingIsCountedAfterTheGroup) {
  for (int round = 0; round < 100; ++round) {
    Counted counted;
    {
      TaskGroup group(*scheduler_, {.progress = &counted.tracker});
      for (int i = 0; i < 20; ++i) {
        const auto one = group.Submit([&group] { group.Detach([] {}); });
        group.Detach([] {}, OnGhost(group, std::to_string(i)), one);
      }
      if (round % 3 == 0) group.Wait();
    }
    const ProgressLevel whole = counted.whole();
    ASSERT_EQ(whole.completed + whole.failed, whole.total) << "all of it, and no more";
    ASSERT_GE(whole.total, 60);
  }
}

TEST_P(ProgressGroupTest, EqualsTheSummaryOfRandomPrograms) {
  const unsigned programs = testing::FromEnvironment("WEFT_RANDOM_PROGRAMS", 60);
  for (unsigned seed = 1; seed <= programs; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto one_in = [&random](unsigned n) { return random() % n == 0; };
    Counted counted;
    TaskGroup group(*scheduler_, {.fail_fast = one_in(4), .progress = &counted.tracker});
    std::vector<Task<>> tasks;
    for (int i = 0; i < 60; ++i) {
      const auto ending = static_cast<testing::Ending>(one_in(4) ? 1 + random() % 2 : 0);
      const auto body = [ending] { return testing::EndAs(ending); };
      const TaskOptions options{.priority = one_in(3) ? 5 : 0,
                                .cost = one_in(3) ? static_cast<double>(random() % 100) : 0};
      if (one_in(3)) {
        auto named = group.Schedule({.id = std::to_string(i),
                                     .function = body,
                                     .dependencies = {std::to_string(random() % 70)},
                                     .options = options});
        if (named.ok()) tasks.push_back(*named);
      } else if (tasks.empty() || one_in(3)) {
        tasks.push_back(group.Submit(options, body));
      } else {
        tasks.push_back(group.Submit(options, body, tasks[random() % tasks.size()]));
      }
      if (one_in(10) && !tasks.empty()) tasks[random() % tasks.size()].Cancel();
    }
    if (one_in(5)) group.Cancel(absl::CancelledError("enough"));
    group.Seal();
    const RunSummary ended = group.Wait();
    ASSERT_EQ(counted.whole(), WholeOf(ended));
  }
}

}  // namespace
}  // namespace weft
