// SPDX-License-Identifier: Apache-2.0
//
// What a trace costs: trace_task, those who tell of tasks and the writer apart, beside an observer
// that does nothing; tick_clock, a reading of the clock for it.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <time.h>
#include <vector>

#include "benchmark/benchmark.h"

#include "bench/harness/suite.h"
#include "bench/libraries.h"
#include "weft/core/internal/tick_clock.h"
#include "weft/core/task_id.h"
#include "weft/core/task_state.h"
#include "weft/integrations/trace/trace_writer.h"
#include "weft/scheduler/task_observer.h"

namespace weft::bench {
namespace {

constexpr std::uint32_t kTracedTasks = 20'000;  // 3 MB of records: as much as a cache holds
constexpr int kTracedRounds = 20;
constexpr int kEventsPerTask = 5;

class NoObserver final : public TaskObserver {
 public:
  void OnEvent(const TaskEvent& event) override { benchmark::DoNotOptimize(&event); }
};

// What this thread has used: others may be given its processor, the writer for one.
double ThreadNanoseconds() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

// Tells what becomes of tasks with one dependency each, as a worker does.
class alignas(128) Teller {
 public:
  Teller(TaskObserver& observer, int slot) : observer_(observer) { event_.slot = slot; }

  void Tell(std::uint32_t index, std::uint32_t generation) {
    const TaskInfo info{name_, "cell", 0};
    event_.task = {index, generation};
    event_.other = {index - 1, generation};
    event_.info = &info;
    Event(TaskEventKind::kSubmitted, TaskState::kPending);
    Event(TaskEventKind::kReleased, TaskState::kPending);
    Event(TaskEventKind::kReady, TaskState::kReady);
    Event(TaskEventKind::kStarted, TaskState::kRunning);
    Event(TaskEventKind::kEnded, TaskState::kCompleted);
  }

 private:
  void Event(TaskEventKind kind, TaskState state) {
    event_.kind = kind;
    event_.state = state;
    event_.time_ns += 100;
    observer_.OnEvent(event_);
  }

  TaskObserver& observer_;
  const std::string name_ = "wavefront/cell-12345";
  TaskEvent event_;
};

// Every slot tells of so many tasks at once. Returns what a task took its teller, in nanoseconds:
// the median of the slots.
double TellAll(std::vector<Teller>& tellers, std::uint32_t tasks, std::uint32_t generation) {
  std::vector<double> taken(tellers.size());
  const auto tell = [&](std::size_t slot) {
    const double begin = ThreadNanoseconds();
    const auto first = static_cast<std::uint32_t>(slot) * tasks;
    for (std::uint32_t i = 1; i <= tasks; ++i) tellers[slot].Tell(first + i, generation);
    taken[slot] = (ThreadNanoseconds() - begin) / tasks;
  };
  std::vector<std::thread> others;
  for (std::size_t slot = 1; slot < tellers.size(); ++slot) others.emplace_back(tell, slot);
  tell(0);
  for (std::thread& other : others) other.join();
  return Median(taken);
}

std::vector<Teller> TellersOf(TaskObserver& observer, int threads) {
  std::vector<Teller> tellers;
  for (int slot = 0; slot < threads; ++slot) tellers.emplace_back(observer, slot);
  return tellers;
}

// Of what is told in a round the writer has written everything before the next; each comes after
// a round that nobody listens to.
void TimeTrace(Measurement& measurement, int threads, std::uint32_t tasks) {
  TraceOptions options;
  options.period = absl::Milliseconds(1);
  auto writer = TraceWriter::Create("/dev/null", options).value();
  writer->OnStart(threads);
  NoObserver nobody;
  std::vector<Teller> to_nobody = TellersOf(nobody, threads);
  std::vector<Teller> to_writer = TellersOf(*writer, threads);
  std::int64_t told = 0;
  std::vector<double> untold_ns;
  std::vector<double> told_ns;
  measurement.RunOnce([&] {
    for (std::uint32_t generation = 1; generation <= kTracedRounds; ++generation) {
      untold_ns.push_back(TellAll(to_nobody, tasks, generation));
      told_ns.push_back(TellAll(to_writer, tasks, generation));
      told += std::int64_t{tasks} * threads;
      for (TraceStats now = writer->stats(); now.records + now.dropped < kEventsPerTask * told;
           now = writer->stats()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  });
  measurement.Expect(writer->Close().ok() ? nullptr : "the trace is not complete");
  const TraceStats stats = writer->stats();
  const auto all = static_cast<double>(told);
  measurement.Report("ns_per_task", Median(told_ns) - Median(untold_ns));
  measurement.Report("first_ns_per_task", told_ns.front() - Median(untold_ns));
  measurement.Report("nobody_ns_per_task", Median(untold_ns));
  measurement.Report("bytes_per_task", static_cast<double>(stats.bytes) / all);
  measurement.Report("writer_ns_per_task", absl::ToDoubleNanoseconds(stats.writer_cpu) / all);
}

void TimeClock(Measurement& measurement, internal::TickClock::Source source, std::size_t readings) {
  const internal::TickClock clock(source);
  measurement.TimeRuns(readings, [&] {
    for (std::size_t i = 0; i < readings; ++i) benchmark::DoNotOptimize(clock.Nanoseconds());
  });
}

}  // namespace

void RegisterTrace(Suite& suite) {
  const bool small = suite.flags().small;
  for (const int threads : {2, 1}) {
    suite.Add("trace_task", "weft", threads, [=](Measurement& measurement) {
      TimeTrace(measurement, threads, small ? 100 : kTracedTasks);
    });
  }
  const std::size_t readings = small ? 1000 : 1'000'000;
  suite.Add("tick_clock", "weft", 1, [=](Measurement& measurement) {
    TimeClock(measurement, internal::TickClock::Source::kBest, readings);
  });
  suite.Add("tick_clock", "clock_gettime", 1, [=](Measurement& measurement) {
    TimeClock(measurement, internal::TickClock::Source::kSystem, readings);
  });
}

}  // namespace weft::bench
