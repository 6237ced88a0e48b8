// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "integrations/trace/fake_scheduler.h"
#include "integrations/trace/stuck_trace.h"
#include "integrations/trace/trace_fixture.h"
#include "weft/core/task_state.h"

namespace weft::testing {
namespace {

using Slices = std::vector<const TraceSlice*>;

// By task: the slices of its runs, and everything else.
struct Drawn {
  std::map<TaskId, Slices> runs, waits, parks, marks;

  explicit Drawn(const ReadTrace& trace) {
    for (const TraceSlice& slice : trace.slices) {
      if (!slice.task.valid() || slice.category == "arrows") continue;
      auto& kind = slice.mark                 ? marks
                   : slice.track == "waiting" ? waits
                   : slice.track == "parked"  ? parks
                                              : runs;
      kind[slice.task].push_back(&slice);
    }
  }
};

std::string NoteOf(const TraceSlice& slice, const std::string& name) {
  const auto found = slice.notes.find(name);
  return found == slice.notes.end() ? "" : found->second;
}

// Told times are moved so that an arrow goes forward: by a nanosecond for each task before.
void ExpectNear(std::int64_t drawn_ns, std::int64_t told_ns, const FakePlan& plan) {
  EXPECT_GE(drawn_ns, told_ns);
  EXPECT_LE(drawn_ns, told_ns + plan.tasks);
}

void ExpectRuns(const FakeTask& task, const Slices& runs, const FakePlan& plan) {
  ASSERT_EQ(runs.size(), task.runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(runs[i]->track, "worker " + std::to_string(task.runs[i].slot));
    ExpectNear(runs[i]->begin_ns, task.runs[i].begin_ns, plan);
    ExpectNear(runs[i]->end_ns, task.runs[i].end_ns, plan);
    EXPECT_EQ(NoteOf(*runs[i], "attempt"), i == 0 ? "" : std::to_string(i + 1));
    const bool last = i + 1 == runs.size();
    const std::string_view state = !last ? "parked"
                                   : task.state == TaskState::kCompleted
                                       ? ""
                                       : TaskStateName(task.state);
    EXPECT_EQ(NoteOf(*runs[i], "state"), state);
    if (!task.name.empty()) {
      EXPECT_EQ(runs[i]->name, task.name);
    }
  }
}

void ExpectWaits(const FakeTask& task, const Slices& runs, const Slices& waits,
                 const FakePlan& plan) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < task.ready_ns.size(); ++i) {
    if (task.ready_ns[i] < 0) continue;  // from parked to running at once
    ASSERT_LT(next, waits.size());
    ExpectNear(waits[next]->begin_ns, task.ready_ns[i], plan);
    if (i < runs.size()) {
      EXPECT_EQ(waits[next]->end_ns, runs[i]->begin_ns);
    }
    ++next;
  }
  EXPECT_EQ(next, waits.size());
}

void ExpectTasks(const FakeScheduler& scheduler, const ReadTrace& trace, const FakePlan& plan) {
  Drawn drawn(trace);
  for (const FakeTask& task : scheduler.tasks()) {
    SCOPED_TRACE("task " + ToString(task.id));
    ExpectRuns(task, drawn.runs[task.id], plan);
    ExpectWaits(task, drawn.runs[task.id], drawn.waits[task.id], plan);
    EXPECT_EQ(drawn.parks[task.id].size() + 1, std::max<std::size_t>(task.runs.size(), 1));
    const Slices& marks = drawn.marks[task.id];
    ASSERT_EQ(marks.size(), task.runs.empty() ? 1 : 0);
    if (!marks.empty()) {
      EXPECT_EQ(NoteOf(*marks[0], "state"), TaskStateName(task.state));
    }
    if (::testing::Test::HasFailure()) return;
  }
}

// As many as slices say, give or take by how much times are moved.
void ExpectRunningCurve(const ReadTrace& trace) {
  std::vector<std::int64_t> begins;
  std::vector<std::int64_t> ends;
  for (const TraceSlice* run : trace.Runs()) {
    begins.push_back(run->begin_ns);
    ends.push_back(run->end_ns);
  }
  std::ranges::sort(begins);
  std::ranges::sort(ends);
  const auto before = [](const std::vector<std::int64_t>& times, std::int64_t time) {
    return std::ranges::lower_bound(times, time) - times.begin();
  };
  const auto& curve = trace.curves.at("running tasks");
  for (const TracePoint& point : curve) {
    const std::int64_t least = point.time_ns - 100;
    const std::int64_t most = point.time_ns + 100;
    ASSERT_GE(point.value, before(begins, least) - before(ends, most));
    ASSERT_LE(point.value, before(begins, most) - before(ends, least));
  }
  EXPECT_EQ(curve.back().value, 0);
  EXPECT_EQ(trace.curves.at("ready tasks").back().value, 0);
}

void ExpectAll(const FakeScheduler& scheduler, ReadTrace trace, const FakePlan& plan) {
  std::ranges::sort(trace.arrows);
  EXPECT_EQ(trace.arrows, scheduler.edges());
  ExpectTasks(scheduler, trace, plan);
  for (const TraceSlice& slice : trace.slices) {
    EXPECT_GE(slice.end_ns, slice.begin_ns) << slice.name;
    EXPECT_LE(slice.depth, slice.track.starts_with("worker ") ? 3 : 0) << slice.name;
  }
}

TraceOptions EnoughRows() {
  TraceOptions options;
  options.wait_rows = 4096;
  return options;
}

// Slots, seed.
class TraceRandomTest : public TraceTest,
                        public ::testing::WithParamInterface<std::tuple<int, int>> {
 protected:
  FakePlan plan_{.tasks = WEFT_SANITIZED ? 500 : 3000,
                 .slots = std::get<0>(GetParam()),
                 .seed = static_cast<std::uint64_t>(std::get<1>(GetParam()))};
};

TEST_P(TraceRandomTest, ArrowsAreTheEdgesInVirtualTime) {
  Open(EnoughRows(), 0);
  FakeScheduler scheduler(plan_, *writer_);
  scheduler.RunHere();
  const ReadTrace trace = Finish();
  ExpectAll(scheduler, trace, plan_);
  ExpectRunningCurve(trace);
}

TEST_P(TraceRandomTest, ArrowsAreTheEdgesOfThreads) {
  Open(EnoughRows(), 0);
  FakeScheduler scheduler(plan_, *writer_);
  scheduler.RunThreads();
  const ReadTrace trace = Finish();
  ExpectAll(scheduler, trace, plan_);
  EXPECT_EQ(trace.curves.at("running tasks").back().value, 0);
}

std::string RandomName(const ::testing::TestParamInfo<std::tuple<int, int>>& info) {
  return "Slots" + std::to_string(std::get<0>(info.param)) + "Seed" +
         std::to_string(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Random, TraceRandomTest,
                         ::testing::Combine(::testing::Values(1, 2, 8), ::testing::Range(1, 6)),
                         RandomName);

// The writer comes to all of it late, and draws it in many rounds.
class TraceBacklogTest : public StuckTraceTest {
 protected:
  void ExpectAllAfter(void (FakeScheduler::*run)()) {
    const FakePlan plan{.tasks = WEFT_SANITIZED ? 8000 : 20'000, .slots = 2, .nested = false};
    TraceOptions options;
    options.wait_rows = plan.tasks;  // tasks are submitted faster than they run
    OpenStuck(options, 0);
    FakeScheduler scheduler(plan, *writer_);
    (scheduler.*run)();
    Read();
    const absl::Status closed = Close();
    EXPECT_TRUE(closed.ok()) << closed;
    const ReadTrace trace = ParseTrace(bytes_);
    EXPECT_EQ(trace.faults, std::vector<std::string>());
    ExpectAll(scheduler, trace, plan);
  }
};

TEST_F(TraceBacklogTest, ArrowsAreTheEdgesInVirtualTime) {
  ExpectAllAfter(&FakeScheduler::RunHere);
}

TEST_F(TraceBacklogTest, ArrowsAreTheEdgesOfThreads) { ExpectAllAfter(&FakeScheduler::RunThreads); }

// Many thousand of one kind: with 4096 arrows an event of its own begins.
TEST_F(TraceTest, AFanOfArrowsIsWhole) {
  constexpr std::uint32_t kFan = 10'000;
  Open();
  Submitted(0, Id(1), "first");
  Ready(0, Id(1));
  for (std::uint32_t i = 0; i < kFan; ++i) Submitted(1, Id(10 + i));
  Submitted(1, Id(2), "last");
  Started(2, Id(1));
  Ended(3, Id(1));
  std::vector<std::pair<TaskId, TaskId>> edges;
  for (std::uint32_t i = 0; i < kFan; ++i) {
    Released(4, Id(10 + i), Id(1), 0);
    edges.emplace_back(Id(1), Id(10 + i));
  }
  for (std::uint32_t i = 0; i < kFan; ++i) {
    Started(5, Id(10 + i), 1);
    Ended(5, Id(10 + i), 1);
    Released(5, Id(2), Id(10 + i), 1);
    edges.emplace_back(Id(10 + i), Id(2));
  }
  Started(6, Id(2));
  Ended(7, Id(2));
  ReadTrace trace = Finish();
  std::ranges::sort(trace.arrows);
  std::ranges::sort(edges);
  EXPECT_EQ(trace.arrows, edges);
}

}  // namespace
}  // namespace weft::testing
