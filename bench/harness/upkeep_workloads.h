// SPDX-License-Identifier: Apache-2.0
//
// What a library takes besides time for tasks: memory_waiting*, stream, idle, wake.

#ifndef WEFT_BENCH_HARNESS_UPKEEP_WORKLOADS_H_
#define WEFT_BENCH_HARNESS_UPKEEP_WORKLOADS_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "bench/harness/dag.h"
#include "bench/harness/library.h"
#include "bench/harness/process_stats.h"
#include "bench/harness/suite.h"
#include "bench/harness/task_workloads.h"
#include "bench/harness/work.h"

namespace weft::bench {

template <SubmitsTasks L>
void WarmUp(L& library, std::uint32_t steps) {
  Work work(AtMost<L>(200));
  work.Spin(steps);
  SubmitOutside(library, work);
}

// Submits tasks that wait at a gate, looks at the memory, and lets them go.
// `submit` gets what to call once all are submitted.
template <SubmitsTasks L, class Submit>
void WaitingMemory(Measurement& measurement, L& library, Work& work, Submit submit) {
  WarmUp(library, 0);
  ReturnFreedMemory();
  work.CloseGate();
  measurement.RunOnce([&] {
    const double before = ResidentBytes();
    submit([&] {
      measurement.Report("bytes_per_task", (ResidentBytes() - before) / work.size());
      work.OpenGate();
    });
  });
  measurement.Expect(work.Wrong(1));
}

template <SubmitsTasks L>
void WaitingTasks(Measurement& measurement, int threads, std::uint32_t tasks) {
  Work work(tasks);
  L library(threads);
  WaitingMemory(measurement, library, work, [&](auto submitted) {
    library.Enter([&](typename L::Scope& scope) {
      for (std::uint32_t i = 0; i < work.size(); ++i) scope.Submit(Body{&work, i});
      submitted();
    });
  });
  measurement.Report("edges_per_task", 0);
}

template <TakesHandles L>
void WaitingEdges(Measurement& measurement, int threads, const Dag& dag) {
  Work work(dag.size());
  L library(threads);
  WaitingMemory(measurement, library, work,
                [&](auto submitted) { library.SubmitGraph(dag, work, submitted); });
  measurement.Report("edges_per_task", static_cast<double>(dag.edge_count()) / dag.size());
}

// Many tasks, of which at most `kWindow` are not done: memory must not grow with their number.
template <SubmitsTasks L>
void Stream(Measurement& measurement, int threads, std::int64_t tasks) {
  constexpr std::int64_t kWindow = 10'000;
  L library(threads);
  WarmUp(library, 0);
  ReturnFreedMemory();
  ResetPeak();
  const double before = ResidentBytes();
  std::atomic<std::int64_t> done{0};
  measurement.TimeRuns(static_cast<std::size_t>(tasks), [&] {
    library.Enter([&](typename L::Scope& scope) {
      for (std::int64_t i = 0; i < tasks; ++i) {
        // relaxed: a count; that the tasks have ended is known after Enter.
        while (i - done.load(std::memory_order_relaxed) >= kWindow) std::this_thread::yield();
        scope.Submit([&done] { done.fetch_add(1, std::memory_order_relaxed); });
      }
    });
  });
  measurement.Report("tasks", static_cast<double>(tasks));
  measurement.Report("peak_mib", PeakBytes() / 1048576);
  measurement.Report("growth_mib", (PeakBytes() - before) / 1048576);
  measurement.Expect(done.load() == tasks ? nullptr : "a streamed task did not run exactly once");
}

// CPU time that the process takes after its work is done.
template <SubmitsTasks L>
void Idle(Measurement& measurement, int threads, std::chrono::seconds duration) {
  L library(threads);
  WarmUp(library, kHeavySteps);
  measurement.RunOnce([&] {
    const double before = CpuNanoseconds();
    std::this_thread::sleep_for(duration);
    measurement.Report("idle_cpu_ms", (CpuNanoseconds() - before) * 1e-6);
  });
  measurement.Report("idle_seconds", static_cast<double>(duration.count()));
}

// From before the submission to a sleeping pool until the task has begun.
template <SubmitsTasks L>
void Wake(Measurement& measurement, int threads, std::size_t wakes,
          std::chrono::microseconds pause) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> latency;
  L library(threads);
  WarmUp(library, kHeavySteps);
  const double cpu_before = CpuNanoseconds();
  measurement.RunOnce([&] {
    const Clock::time_point end = Clock::now() + std::chrono::seconds(20);  // some take 100 ms each
    while (latency.size() < wakes && Clock::now() < end) {
      library.Enter([&](typename L::Scope& scope) {
        std::this_thread::sleep_for(pause);
        std::atomic<Clock::duration::rep> begun{0};
        const Clock::time_point submitted = Clock::now();
        scope.Submit([&begun] { begun = Clock::now().time_since_epoch().count(); });
        while (begun.load() == 0) std::this_thread::yield();
        const Clock::duration took = Clock::duration(begun.load()) - submitted.time_since_epoch();
        latency.push_back(std::chrono::duration<double, std::nano>(took).count());
        scope.Wait();
      });
    }
  });
  const double count = static_cast<double>(latency.size());
  // Small latencies may be bought by spinning through the pause.
  measurement.Report("cpu_us_per_wake", (CpuNanoseconds() - cpu_before) * 1e-3 / count);
  std::ranges::sort(latency);
  const auto quantile = [&](double share) {
    return latency[static_cast<std::size_t>(std::ceil(share * count)) - 1];
  };
  measurement.Report("p50_ns", quantile(0.50));
  measurement.Report("p99_ns", quantile(0.99));
}

template <SubmitsTasks L>
void AddPool(Suite& suite, int threads) {
  const Flags flags = suite.flags();
  if constexpr (!Bounded<L>) {
    suite.Add("stream", L::kName, threads, 1, [=](Measurement& measurement) {
      Stream<L>(measurement, threads, flags.stream_tasks);
    });
  }
  suite.Add("idle", L::kName, threads, 1, [=](Measurement& measurement) {
    Idle<L>(measurement, threads, std::chrono::seconds(flags.idle_seconds));
  });
  suite.Add("wake", L::kName, threads, 1, [=](Measurement& measurement) {
    Wake<L>(measurement, threads, flags.small ? 5 : 1000, std::chrono::milliseconds(2));
  });
}

template <class L>
void AddUpkeepWorkloads(Suite& suite) {
  const int threads = ThreadCounts<L>().front();
  const bool small = suite.flags().small;
  if constexpr (SubmitsTasks<L> && !Inlines<L>) {
    suite.Add("memory_waiting", L::kName, threads, 1, [=](Measurement& measurement) {
      WaitingTasks<L>(measurement, threads, AtMost<L>(small ? kSmallTasks : kOutsideTasks));
    });
  }
  if constexpr (SubmitsTasks<L> && TakesHandles<L> && !Inlines<L>) {
    suite.Add("memory_waiting_edges", L::kName, threads, 1, [=](Measurement& measurement) {
      WaitingEdges<L>(measurement, threads, Wavefront(small ? 20 : 1000));
    });
  }
  if constexpr (SubmitsTasks<L> && !Sequential<L>) AddPool<L>(suite, threads);
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_UPKEEP_WORKLOADS_H_
