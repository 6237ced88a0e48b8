// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/trace_writer.h"

#include <cstdint>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/trace/trace_fixture.h"

namespace weft::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

using Notes = std::map<std::string, std::string>;

TEST_F(TraceTest, ATaskIsASliceOfItsWorker) {
  Open();
  Submitted(100, Id(7, 3), "parse a.cc", "parse");
  Ready(150, Id(7, 3));
  Started(400, Id(7, 3), 1);
  Ended(900, Id(7, 3), 1);
  const ReadTrace trace = Finish();
  const auto runs = trace.Runs();
  ASSERT_EQ(runs.size(), 1);
  EXPECT_EQ(runs[0]->track, "worker 1");
  EXPECT_EQ(runs[0]->name, "parse a.cc");
  EXPECT_EQ(runs[0]->category, "parse");
  EXPECT_EQ(runs[0]->task, Id(7, 3));
  EXPECT_EQ(runs[0]->begin_ns, 400);
  EXPECT_EQ(runs[0]->end_ns, 900);
  EXPECT_EQ(runs[0]->notes, Notes());
}

TEST_F(TraceTest, WhatItWaitedForAWorkerIsASliceBesideIt) {
  Open();
  Submitted(100, Id(1), "a");
  Ready(150, Id(1));
  Started(400, Id(1));
  Ended(900, Id(1));
  const ReadTrace trace = Finish();
  const auto waits = trace.OfCategory("wait");
  ASSERT_EQ(waits.size(), 1);
  EXPECT_EQ(waits[0]->track, "waiting");
  EXPECT_EQ(waits[0]->name, "a");
  EXPECT_EQ(waits[0]->task, Id(1));
  EXPECT_EQ(waits[0]->begin_ns, 150);
  EXPECT_EQ(waits[0]->end_ns, 400);
}

TEST_F(TraceTest, CountersSayHowManyAreReadyAndRun) {
  constexpr std::int64_t kMs = 1'000'000;
  Open();
  for (const std::uint32_t task : {1, 2}) {
    Submitted(task * kMs, Id(task));
    Ready(task * kMs, Id(task));
  }
  Started(3 * kMs, Id(1));
  Started(4 * kMs, Id(2), 1);
  Ended(5 * kMs, Id(2), 1);
  Ended(6 * kMs, Id(1));
  const ReadTrace trace = Finish();
  EXPECT_THAT(trace.curves.at("ready tasks"),
              ElementsAre(TracePoint{1 * kMs, 1}, TracePoint{2 * kMs, 2}, TracePoint{3 * kMs, 1},
                          TracePoint{4 * kMs, 0}));
  EXPECT_THAT(trace.curves.at("running tasks"),
              ElementsAre(TracePoint{3 * kMs, 1}, TracePoint{4 * kMs, 2}, TracePoint{5 * kMs, 1},
                          TracePoint{6 * kMs, 0}));
  ASSERT_FALSE(trace.curves.at("resident memory").empty());
  EXPECT_GT(trace.curves.at("resident memory")[0].value, 1 << 20);
}

TEST_F(TraceTest, ArrowsLeadFromEachDependency) {
  Open();
  for (std::uint32_t task = 1; task <= 3; ++task) Submitted(0, Id(task));
  Started(10, Id(1), 0);
  Started(10, Id(2), 1);
  Ended(20, Id(1), 0);
  Released(21, Id(3), Id(1), 0);
  Ended(30, Id(2), 1);
  Released(31, Id(3), Id(2), 1);
  Ready(31, Id(3), 1);
  Started(32, Id(3), 1);
  Ended(40, Id(3), 1);
  const ReadTrace trace = Finish();
  EXPECT_THAT(trace.arrows,
              ::testing::UnorderedElementsAre(Pair(Id(1), Id(3)), Pair(Id(2), Id(3))));
  EXPECT_TRUE(trace.OfCategory("arrows").empty());  // no mark is needed
}

TEST_F(TraceTest, ADependencyThatHadEndedHasItsArrow) {
  Open();
  Submitted(0, Id(1), "first");
  Started(10, Id(1));
  Ended(20, Id(1));
  Submitted(5'000, Id(1, 2), "second");  // in its place
  Released(5'001, Id(1, 2), Id(1), -1);
  Started(6'000, Id(1, 2));
  Ended(7'000, Id(1, 2));
  const ReadTrace trace = Finish();
  EXPECT_THAT(trace.arrows, ElementsAre(Pair(Id(1), Id(1, 2))));
  const auto marks = trace.OfCategory("arrows");
  ASSERT_EQ(marks.size(), 1);
  EXPECT_EQ(marks[0]->track, "other threads");
  EXPECT_EQ(marks[0]->begin_ns, 5'001);
}

// The clock of the second worker is behind that of the first.
TEST_F(TraceTest, AnArrowGoesForwardWhateverClocksSay) {
  Open();
  Submitted(0, Id(1));
  Submitted(0, Id(2));
  Started(1'000, Id(1), 0);
  Ended(2'000, Id(1), 0);
  Released(2'000, Id(2), Id(1), 0);
  Ready(2'000, Id(2), 0);
  Started(1'700, Id(2), 1);
  Ended(1'800, Id(2), 1);
  const ReadTrace trace = Finish();
  EXPECT_THAT(trace.arrows, ElementsAre(Pair(Id(1), Id(2))));
  EXPECT_EQ(trace.OfTask(Id(2)).back()->begin_ns, 2'001);
}

// Against the contract: the release of a task is told after its start, on the same thread.
TEST_F(TraceTest, WhatIsToldTooLateHoldsNothingUp) {
  Open();
  Submitted(0, Id(1));
  Submitted(0, Id(2));
  Started(10, Id(2));
  Ended(20, Id(2));
  Started(30, Id(1));
  Released(31, Id(1), Id(2), 0);
  Ended(40, Id(1));
  Submitted(50, Id(3));
  Started(60, Id(3));
  Ended(70, Id(3));
  ASSERT_TRUE(writer_->Close().ok());
  const ReadTrace trace = ReadTraceFile(path_);
  EXPECT_EQ(trace.Runs().size(), 3);
}

TEST_F(TraceTest, ATaskWithinATaskIsASliceWithinItsSlice) {
  Open();
  Submitted(0, Id(1));
  Submitted(0, Id(2));
  Started(10, Id(1));
  Started(20, Id(2));
  Ended(30, Id(2));
  Ended(40, Id(1));
  const ReadTrace trace = Finish();
  const auto runs = trace.Runs();
  ASSERT_EQ(runs.size(), 2);
  EXPECT_EQ(runs[0]->task, Id(1));
  EXPECT_EQ(runs[0]->end_ns, 40);
  EXPECT_EQ(runs[1]->depth, 1);
  EXPECT_EQ(runs[1]->end_ns, 30);
}

TEST_F(TraceTest, EachAttemptIsASlice) {
  Open();
  Submitted(0, Id(1), "flaky");
  Ready(0, Id(1));
  for (int attempt = 1; attempt <= 5; ++attempt) {
    Started(100 * attempt, Id(1), attempt % 2, attempt);
    if (attempt == 5) break;
    Parked(100 * attempt + 10, Id(1), attempt % 2, attempt);
    Ready(100 * attempt + 50, Id(1));
  }
  Ended(600, Id(1), 1, TaskState::kFailed);
  const ReadTrace trace = Finish();
  const auto runs = trace.Runs();
  ASSERT_EQ(runs.size(), 5);
  EXPECT_EQ(runs[0]->notes, (Notes{{"state", "parked"}}));
  EXPECT_EQ(runs[1]->notes, (Notes{{"attempt", "2"}, {"state", "parked"}}));
  EXPECT_EQ(runs[4]->notes, (Notes{{"attempt", "5"}, {"state", "failed"}}));
  const auto parks = trace.OfCategory("parked");
  ASSERT_EQ(parks.size(), 4);
  EXPECT_EQ(parks[0]->begin_ns, 110);
  EXPECT_EQ(parks[0]->end_ns, 150);
  EXPECT_EQ(trace.OfCategory("wait").size(), 5);
}

TEST_F(TraceTest, WhatNeverRanIsAMark) {
  Open();
  for (std::uint32_t task = 1; task <= 3; ++task)
    Submitted(0, Id(task), "t" + std::to_string(task));
  Started(10, Id(1));
  Ended(20, Id(1), 0, TaskState::kFailed);
  Released(21, Id(2), Id(1), 0);
  Ended(22, Id(2), 0, TaskState::kSkipped);
  Ready(23, Id(3));
  Ended(30, Id(3), -1, TaskState::kCancelled);
  const ReadTrace trace = Finish();
  const auto skipped = trace.OfTask(Id(2));
  ASSERT_EQ(skipped.size(), 1);
  EXPECT_TRUE(skipped[0]->mark);
  EXPECT_EQ(skipped[0]->name, "t2");
  EXPECT_EQ(skipped[0]->notes, (Notes{{"state", "skipped"}}));
  EXPECT_THAT(trace.arrows, ElementsAre(Pair(Id(1), Id(2))));
  const auto cancelled = trace.OfTask(Id(3));
  ASSERT_EQ(cancelled.size(), 2);  // it waited
  EXPECT_EQ(cancelled[1]->track, "other threads");
  EXPECT_EQ(cancelled[1]->notes, (Notes{{"state", "cancelled"}}));
}

TEST_F(TraceTest, NotesTellTheLane) {
  Open();
  const int priorities[] = {-5, 0, 3, 10};
  for (std::uint32_t i = 0; i < 4; ++i) {
    Submitted(0, Id(i), {}, {}, priorities[i]);
    Started(10 + i, Id(i));
    Ended(20 + i, Id(i));
  }
  const ReadTrace trace = Finish();
  std::vector<std::string> lanes;
  for (const TraceSlice* run : trace.Runs()) {
    lanes.push_back(run->notes.contains("lane") ? run->notes.at("lane") : "");
  }
  EXPECT_THAT(lanes, ElementsAre("low", "", "high", "urgent"));
}

TEST_F(TraceTest, WithoutANameItIsCalledByItsKind) {
  Open();
  Submitted(0, Id(1), {}, "link");
  Submitted(0, Id(2));
  for (const std::uint32_t task : {1, 2}) {
    Started(10 * task, Id(task));
    Ended(10 * task + 5, Id(task));
  }
  const ReadTrace trace = Finish();
  EXPECT_EQ(trace.OfTask(Id(1))[0]->name, "link");
  EXPECT_EQ(trace.OfTask(Id(2))[0]->name, "task");
}

TEST_F(TraceTest, NamesMayBeAnything) {
  const std::pair<std::string, std::string> names[] = {
      {"\"quoted\" \\ back", "\"quoted\" \\ back"},
      {std::string("nul\0tab\tline\nescape\x1b", 20),
       std::string("nul\0tab\tline\nescape\x1b", 20)},
      {"Gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0 \xf0\x9f\xa7\xb5",
       "Gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0 \xf0\x9f\xa7\xb5"},
      {"latin \xfc.", "latin \xef\xbf\xbd."},
      {"cut \xe4\xbd", "cut \xef\xbf\xbd\xef\xbf\xbd"},
      {"\xed\xa0\x80\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {std::string(10'000, 'n'), std::string(10'000, 'n')},
      {std::string(100'000, 'n'), std::string(16'384, 'n')},
  };
  Open();
  std::uint32_t task = 0;
  for (const auto& [name, drawn] : names) {
    Submitted(0, Id(++task), name, TaskKind::Named(name));
    Started(10 * task, Id(task));
    Ended(10 * task + 5, Id(task));
  }
  const ReadTrace trace = Finish();
  task = 0;
  for (const auto& [name, drawn] : names) EXPECT_EQ(trace.OfTask(Id(++task))[0]->name, drawn);
}

TEST_F(TraceTest, WaitsBeyondTheRowsAreNotes) {
  TraceOptions options;
  options.wait_rows = 2;
  Open(options);
  for (std::uint32_t task = 1; task <= 3; ++task) {
    Submitted(0, Id(task));
    Ready(10, Id(task));
  }
  for (std::uint32_t task = 1; task <= 3; ++task) {
    Started(100 * task, Id(task));
    Ended(100 * task + 50, Id(task));
  }
  const ReadTrace trace = Finish();
  EXPECT_EQ(trace.OfCategory("wait").size(), 2);
  EXPECT_EQ(trace.OfTask(Id(3))[0]->notes, (Notes{{"waited_ns", "290"}}));
  EXPECT_EQ(writer_->stats().waits_left_out, 1);
}

TEST_F(TraceTest, NothingToldIsATraceAllTheSame) {
  Open();
  const ReadTrace trace = Finish();
  EXPECT_TRUE(trace.Runs().empty());
  EXPECT_EQ(trace.Named("end of trace").size(), 1);
}

TEST_F(TraceTest, WhatRunsAtTheEndIsLeftOpen) {
  Open();
  Submitted(0, Id(1));
  Started(10, Id(1));
  const ReadTrace trace = Finish();
  ASSERT_EQ(trace.Runs().size(), 1);
  EXPECT_EQ(trace.Runs()[0]->end_ns, -1);
}

TEST_F(TraceTest, CloseIsTheSameEachTimeAndEndsTheTrace) {
  Open();
  Submitted(0, Id(1));
  EXPECT_TRUE(writer_->Close().ok());
  const std::int64_t bytes = writer_->stats().bytes;
  Started(10, Id(1));
  EXPECT_TRUE(writer_->Close().ok());
  EXPECT_EQ(writer_->stats().bytes, bytes);
  EXPECT_EQ(writer_->stats().records, 1);
}

// Each cut of the file is a trace up to there.
TEST_F(TraceTest, ACutTraceIsReadUpToTheCut) {
  Open();
  for (std::uint32_t task = 1; task <= 20; ++task) {
    Submitted(task, Id(task), "task " + std::to_string(task), "kind");
    Started(10 * task, Id(task));
    Ended(10 * task + 5, Id(task));
  }
  ASSERT_TRUE(writer_->Close().ok());
  const std::string bytes = ReadAll(path_);
  std::size_t last = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const ReadTrace trace = ParseTrace(std::string_view(bytes).substr(0, size));
    ASSERT_TRUE(trace.faults.empty()) << size << ": " << trace.faults[0];
    ASSERT_GE(trace.slices.size(), last);
    last = trace.slices.size();
  }
}

TEST_F(TraceTest, StatsTellWhatWasWritten) {
  Open();
  Submitted(0, Id(1));
  Submitted(0, Id(2));
  Started(10, Id(1));
  Ended(20, Id(1));
  Released(20, Id(2), Id(1), 0);
  Ended(30, Id(2), -1, TaskState::kCancelled);
  Finish();
  const TraceStats stats = writer_->stats();
  EXPECT_EQ(stats.records, 6);
  EXPECT_EQ(stats.dropped, 0);
  EXPECT_EQ(stats.arrows, 1);
  EXPECT_EQ(stats.bytes, static_cast<std::int64_t>(ReadAll(path_).size()));
  EXPECT_GT(stats.writer_cpu, absl::ZeroDuration());
}

TEST_F(TraceTest, AForkedChildLeavesItAlone) {
  Open();
  Submitted(0, Id(1));
  const pid_t child = fork();
  if (child == 0) {
    const bool refused = writer_->Close().code() == absl::StatusCode::kFailedPrecondition;
    writer_.reset();
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  Started(10, Id(1));
  Ended(20, Id(1));
  EXPECT_EQ(Finish().Runs().size(), 1);
}

}  // namespace
}  // namespace weft::testing
