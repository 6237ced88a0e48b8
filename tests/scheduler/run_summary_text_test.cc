// SPDX-License-Identifier: Apache-2.0
//
// The text of a summary: what it says, what it leaves out, and that it stays short.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "weft/scheduler/run_summary.h"

namespace weft {
namespace {

using absl::Microseconds;
using absl::Milliseconds;
using absl::Nanoseconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RunSummaryTextTest, OfNothing) { EXPECT_EQ(RunSummary{}.ToString(), "0 tasks"); }

TEST(RunSummaryTextTest, OfOneTask) {
  RunSummary summary;
  summary.submitted = 1;
  summary.completed = 1;
  summary.elapsed = Nanoseconds(1500);
  EXPECT_EQ(summary.ToString(), "1 task in 1.5us: 1 completed");
}

TEST(RunSummaryTextTest, OfAllThatThereCanBe) {
  RunSummary summary;
  summary.status = absl::CancelledError("the user went home");
  summary.submitted = 29;
  summary.completed = 9;
  summary.degraded = 2;
  summary.failed = 1;
  summary.cancelled = 3;
  summary.skipped = 4;
  summary.pending = 5;
  summary.under_way = 7;
  summary.parked = 6;
  summary.refused = 1;
  summary.elapsed = Milliseconds(20) + Nanoseconds(9);
  summary.failures = {{.id = {.index = 3, .generation = 2},
                       .name = "parse",
                       .status = absl::DataLossError("a line\nand another")},
                      {.id = {}, .name = "", .status = absl::ResourceExhaustedError("full")}};
  summary.unresolved = {
      {.task = {.index = 4, .generation = 1}, .task_name = "deploy", .waits_for = "approval"},
      {.task = {.index = 5, .generation = 1}, .task_name = "", .waits_for = "approval"}};
  summary.spare_threads = 2;
  summary.busy = {Milliseconds(10), absl::ZeroDuration(), Milliseconds(5)};
  summary.queue_waits = {.count = 9,
                         .p50 = Microseconds(1),
                         .p90 = Microseconds(2),
                         .p99 = Microseconds(3),
                         .max = Milliseconds(4)};
  summary.critical_path = {{.task = {.index = 9, .generation = 1},
                            .name = "",
                            .state = TaskState::kCompleted,
                            .waited = Milliseconds(2),
                            .took = Milliseconds(4)},
                           {.task = {.index = 3, .generation = 2},
                            .name = "parse",
                            .state = TaskState::kFailed,
                            .waited = {},
                            .took = absl::Seconds(3) + Microseconds(1999)}};
  summary.critical_path_tasks = 3;
  summary.critical_path_took = absl::Seconds(4);
  EXPECT_EQ(
      summary.ToString(),
      R"(29 tasks in 20ms: 9 completed (2 degraded), 1 failed, 3 cancelled, 4 skipped, 5 pending, 7 under way (6 parked); 1 refused
  incomplete: CANCELLED: the user went home
  busy: 15ms of 3 workers, 25% of their time
  waited for a worker: p50 1us, p99 3us, at most 4ms
  spare threads, for workers that oneTBB did not bring: 2
  critical path: 3 tasks, 4s: 1 earlier -> task 9.1 4ms (waited 2ms) -> 'parse' 3.001s
  failed: 'parse': DATA_LOSS: a line and another
  failed: a task without a name: RESOURCE_EXHAUSTED: full
  pending: 'deploy' waits for 'approval', which was never submitted
  pending: task 5.1 waits for 'approval', which was never submitted)");
}

TEST(RunSummaryTextTest, NoTimeNoShare) {
  RunSummary summary;
  summary.busy = {Milliseconds(1)};
  EXPECT_EQ(summary.ToString(), "0 tasks\n  busy: 1ms of 1 worker");
}

TEST(RunSummaryTextTest, FailuresBeyondTheFirstAreCounted) {
  RunSummary summary;
  summary.failed = summary.submitted = 17;
  for (int i = 0; i < 17; ++i) {
    summary.failures.push_back(
        {.id = {}, .name = "n" + std::to_string(i), .status = absl::InternalError("x")});
  }
  EXPECT_THAT(summary.ToString(), EndsWith("\n  failed: 'n4': INTERNAL: x\n  and 12 more"));
  summary.failed = summary.submitted = 2'000'000;  // more than the list keeps
  EXPECT_THAT(summary.ToString(), EndsWith("\n  and 1999995 more"));
  summary.refused = 5;  // listed as well
  EXPECT_THAT(summary.ToString(), EndsWith("\n  and 2000000 more"));
  summary.failed = summary.refused = 0;  // listed besides, as a classifier that throws
  EXPECT_THAT(summary.ToString(), EndsWith("\n  and 12 more"));
  summary.failures.resize(5);
  summary.failed = 5;
  EXPECT_THAT(summary.ToString(), Not(HasSubstr("more")));
}

TEST(RunSummaryTextTest, StepsBeyondTheFirstAreCounted) {
  RunSummary summary;
  for (int i = 0; i < 7; ++i) {
    summary.critical_path.push_back({.task = {},
                                     .name = std::to_string(i),
                                     .state = TaskState::kCompleted,
                                     .waited = {},
                                     .took = Milliseconds(i)});
  }
  summary.critical_path_tasks = 7;
  EXPECT_THAT(summary.ToString(), EndsWith("7 tasks, 0: '0' 0 -> '1' 1ms -> '2' 2ms -> '3' 3ms -> "
                                           "'4' 4ms -> and 2 more"));
}

TEST(RunSummaryTextTest, NamesThatNeverCameBeyondTheFirstAreCounted) {
  RunSummary summary;
  const UnresolvedDependency open{.task = {}, .task_name = "a", .waits_for = "b"};
  summary.unresolved.assign(7, open);
  EXPECT_THAT(summary.ToString(), EndsWith("submitted\n  and 2 more"));
  summary.unresolved.assign(RunSummary::kListedLimit, open);  // there may be others
  EXPECT_THAT(summary.ToString(), EndsWith("submitted\n  and at least 995 more"));
}

TEST(RunSummaryTextTest, LongTextsAreCutBetweenCharacters) {
  RunSummary summary;
  const auto text_of = [&summary](const std::string& name) {
    summary.failures = {{.id = {}, .name = name, .status = absl::UnknownError("")}};
    return summary.ToString();
  };
  EXPECT_THAT(text_of(std::string(60, 'a')), HasSubstr("'" + std::string(60, 'a') + "':"));
  EXPECT_THAT(text_of(std::string(61, 'a')), HasSubstr("'" + std::string(60, 'a') + "...':"));
  // The euro sign has three bytes, the face four, of which 60 would keep one, two or three.
  EXPECT_THAT(text_of(std::string(59, 'a') + "€"), HasSubstr("'" + std::string(59, 'a') + "...'"));
  EXPECT_THAT(text_of(std::string(57, 'a') + "€€"),
              HasSubstr("'" + std::string(57, 'a') + "€...'"));
  EXPECT_THAT(text_of(std::string(58, 'a') + "€"), HasSubstr("'" + std::string(58, 'a') + "...'"));
  EXPECT_THAT(text_of(std::string(57, 'a') + "😀"), HasSubstr("'" + std::string(57, 'a') + "...'"));
  // No UTF-8: cut somewhere.
  EXPECT_THAT(text_of(std::string(100, '\x80')), HasSubstr("...':"));
}

TEST(RunSummaryTextTest, IsShortWhateverTheRun) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max() / 4;
  const TaskId id{.index = std::numeric_limits<std::uint32_t>::max(),
                  .generation = std::numeric_limits<std::uint32_t>::max()};
  const std::string long_text = std::string(5000, 'x') + "\n\n\n";
  const absl::Duration age = absl::Hours(kMost) + Milliseconds(123);
  RunSummary summary;
  summary.status = absl::FailedPreconditionError(long_text);
  for (std::int64_t* const count :
       {&summary.submitted, &summary.completed, &summary.degraded, &summary.failed,
        &summary.cancelled, &summary.skipped, &summary.pending, &summary.under_way, &summary.parked,
        &summary.refused, &summary.spare_threads, &summary.queue_waits.count,
        &summary.critical_path_tasks}) {
    *count = kMost;
  }
  summary.failures.assign(
      RunSummary::kListedLimit,
      {.id = id, .name = long_text, .status = absl::FailedPreconditionError(long_text)});
  summary.unresolved.assign(RunSummary::kListedLimit,
                            {.task = id, .task_name = long_text, .waits_for = long_text});
  summary.elapsed = summary.critical_path_took = age;
  summary.busy.assign(5000, age);
  summary.queue_waits.p50 = summary.queue_waits.p99 = summary.queue_waits.max = age;
  summary.critical_path.assign(
      2000,
      {.task = id, .name = long_text, .state = TaskState::kCompleted, .waited = age, .took = age});
  const std::string text = summary.ToString();
  EXPECT_LE(text.size(), std::size_t{4096});
  EXPECT_EQ(std::ranges::count(text, '\n'), 17) << text;
}

}  // namespace
}  // namespace weft
