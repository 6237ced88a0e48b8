// SPDX-License-Identifier: Apache-2.0
//
// What is kept of tasks for a summary: percentiles against sorted numbers, and no more of a chain
// than is promised.

#include "weft/scheduler/internal/run_record.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "weft/scheduler/internal/wait_histogram.h"

namespace weft {
namespace {

using internal::RecordPtr;
using internal::RunRecord;
using internal::RunRecorder;
using internal::TaskRecord;
using internal::WaitHistogram;

TEST(WaitHistogramTest, BucketsFollowEachOther) {
  EXPECT_EQ(WaitHistogram::BucketOf(0), 0U);
  for (std::size_t bucket = 0; bucket + 1 < WaitHistogram::kBuckets; ++bucket) {
    const std::int64_t last = WaitHistogram::LastIn(bucket);
    ASSERT_EQ(WaitHistogram::BucketOf(last), bucket);
    ASSERT_EQ(WaitHistogram::BucketOf(last + 1), bucket + 1);
  }
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(WaitHistogram::LastIn(WaitHistogram::kBuckets - 1), kMost);
  EXPECT_EQ(WaitHistogram::BucketOf(kMost), WaitHistogram::kBuckets - 1);
}

TEST(WaitHistogramTest, NothingAddedIsNothing) {
  const QueueWaits waits = WaitHistogram().Read();
  EXPECT_EQ(waits.count, 0);
  EXPECT_EQ(waits.p99, absl::ZeroDuration());
  EXPECT_EQ(waits.max, absl::ZeroDuration());
}

TEST(WaitHistogramTest, PercentilesAreNeverTooSmallAndAnEighthTooBigAtMost) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    WaitHistogram histogram;
    std::vector<std::int64_t> all(1 + random() % 500);
    for (std::int64_t& value : all) {
      value = static_cast<std::int64_t>(random() >> (1 + random() % 63));
      histogram.Add(value);
    }
    std::sort(all.begin(), all.end());
    const QueueWaits waits = histogram.Read();
    EXPECT_EQ(waits.count, static_cast<std::int64_t>(all.size()));
    EXPECT_EQ(waits.max, absl::Nanoseconds(all.back()));
    const auto expect = [&all](absl::Duration told, std::size_t percent) {
      const std::int64_t exact = all[(all.size() * percent + 99) / 100 - 1];
      const std::int64_t got = absl::ToInt64Nanoseconds(told);
      EXPECT_GE(got, exact);
      EXPECT_LE(got - exact, exact / 8);
    };
    expect(waits.p50, 50);
    expect(waits.p90, 90);
    expect(waits.p99, 99);
  }
}

TEST(WaitHistogramTest, AClockThatGoesBackWaitsForNothing) {
  WaitHistogram histogram;
  histogram.Add(-5);
  EXPECT_EQ(histogram.Read().count, 1);
  EXPECT_EQ(histogram.Read().max, absl::ZeroDuration());
}

RecordPtr EndedAfter(RunRecorder& recorder, RunRecord& run, const RecordPtr& before,
                     std::int64_t at) {
  RecordPtr record(new TaskRecord);
  record->began.store(at - 1);
  if (before) RunRecorder::NoteReleased(*record, *before);
  recorder.NoteEnded(run, *record, TaskState::kCompleted, /*slot=*/0, at);
  return record;
}

// Of those behind the last one only the last two thousand are there.
TEST(RunRecorderTest, OfALongChainTheBeginningIsLetGo) {
  constexpr std::int64_t kTasks = 12'345;
  constexpr std::int64_t kListed = RunSummary::kListedLimit;
  RunRecorder recorder(/*slots=*/1);
  RunRecord run;
  std::vector<RecordPtr> all;
  for (std::int64_t i = 1; i <= kTasks; ++i) {
    all.push_back(EndedAfter(recorder, run, all.empty() ? RecordPtr() : all.back(), i));
  }
  std::int64_t behind = 0;
  for (const RecordPtr* at = &all.back()->predecessor; *at; at = &(*at)->predecessor) ++behind;
  EXPECT_GE(behind, kListed - 1);
  EXPECT_LE(behind, 2 * kListed);
  RunSummary summary;
  recorder.DescribePath(run.last(), summary);
  EXPECT_EQ(summary.critical_path_tasks, kTasks);
  EXPECT_EQ(summary.critical_path_took, absl::Nanoseconds(kTasks));
  EXPECT_EQ(summary.critical_path.size(), static_cast<std::size_t>(kListed));
}

TEST(RunRecorderTest, WhatNoPathGoesThroughIsLetGo) {
  RunRecorder recorder(/*slots=*/1);
  RunRecord run;
  const RecordPtr first = EndedAfter(recorder, run, {}, 1);
  const RecordPtr other = EndedAfter(recorder, run, {}, 2);
  EXPECT_EQ(first->references.load(), 1U);
  EXPECT_EQ(other->references.load(), 2U);  // the last that has ended
  const RecordPtr after = EndedAfter(recorder, run, first, 3);
  EXPECT_EQ(first->references.load(), 2U);
  EXPECT_EQ(other->references.load(), 1U);
}

// A -> C, B -> C: B ends later, whoever tells first.
TEST(RunRecorderTest, TheDependencyThatEndedLastCounts) {
  RunRecorder recorder(/*slots=*/1);
  RunRecord run;
  const RecordPtr a = EndedAfter(recorder, run, {}, 1);
  const RecordPtr b = EndedAfter(recorder, run, {}, 2);
  const RecordPtr c(new TaskRecord);
  RunRecorder::NoteReleased(*c, *b);
  RunRecorder::NoteReleased(*c, *a);
  EXPECT_EQ(c->predecessor.get(), b.get());
}

TEST(RunRecordTest, SlotsFarApart) {
  RunRecorder recorder(/*slots=*/3000);
  RunRecord run;
  RunRecord* outer = nullptr;
  recorder.Begin(run, /*slot=*/2500, /*at=*/10, outer);
  RunRecord inner;
  RunRecord* around = nullptr;
  recorder.Begin(inner, 2500, 15, around);  // inside: the outer one has the rest
  recorder.End(2500, 18, around);
  recorder.Block(2500, 20);
  recorder.Unblock(2500, 120);
  recorder.End(2500, 130, outer);
  RunSummary summary;
  run.Describe(summary);
  ASSERT_EQ(summary.busy.size(), 2501U);
  EXPECT_EQ(summary.busy.back(), absl::Nanoseconds(5 + 2 + 10));
  EXPECT_EQ(summary.busy.front(), absl::ZeroDuration());
  RunSummary inside;
  inner.Describe(inside);
  EXPECT_EQ(inside.busy.back(), absl::Nanoseconds(3));
}

}  // namespace
}  // namespace weft
