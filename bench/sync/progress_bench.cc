// SPDX-License-Identifier: Apache-2.0
//
// What progress costs who makes it: progress_event, units of one part that end on as many threads
// and that a listener hears of ten times a second, beside a counter that they share.

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "benchmark/benchmark.h"

#include "bench/harness/suite.h"
#include "bench/libraries.h"
#include "weft/sync/progress_snapshot.h"
#include "weft/sync/progress_tracker.h"

namespace weft::bench {
namespace {

constexpr std::int64_t kEvents = 1'000'000;

// Calls `event` so often from each of the threads.
template <class Event>
void OnThreads(int threads, std::int64_t events_each, Event event) {
  const auto tell = [=] {
    for (std::int64_t i = 0; i < events_each; ++i) event();
  };
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(tell);
  tell();
}

void TimeTracker(Measurement& measurement, int threads, std::int64_t events) {
  std::int64_t heard = 0;
  const std::int64_t all = events / threads * threads;
  measurement.TimeRuns(static_cast<std::size_t>(all), [&] {
    ProgressTracker tracker(
        {.total = all, .cost = all, .listener = [&heard](const ProgressSnapshot& snapshot) {
           heard = snapshot.levels.front().completed;
         }});
    OnThreads(threads, events / threads, [&tracker] { tracker.root().Complete(1, 1); });
    tracker.Finish();
  });
  measurement.Expect(heard == all ? nullptr : "an event was not counted exactly once");
}

void TimeCounter(Measurement& measurement, int threads, std::int64_t events) {
  std::atomic<std::int64_t> counter{0};
  const std::int64_t all = events / threads * threads;
  measurement.TimeRuns(static_cast<std::size_t>(all), [&] {
    // relaxed: a count; the threads are joined.
    OnThreads(threads, events / threads,
              [&counter] { counter.fetch_add(1, std::memory_order_relaxed); });
  });
  benchmark::DoNotOptimize(counter.load());
}

}  // namespace

void RegisterProgress(Suite& suite) {
  const std::int64_t events = suite.flags().small ? 1000 : kEvents;
  for (const int threads : {2, 1}) {
    suite.Add("progress_event", "weft", threads,
              [=](Measurement& measurement) { TimeTracker(measurement, threads, events); });
    suite.Add("progress_event", "atomic", threads,
              [=](Measurement& measurement) { TimeCounter(measurement, threads, events); });
  }
}

}  // namespace weft::bench
