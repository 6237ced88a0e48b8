// SPDX-License-Identifier: Apache-2.0
//
// Names, registers and times benchmarks.

#ifndef WEFT_BENCH_HARNESS_SUITE_H_
#define WEFT_BENCH_HARNESS_SUITE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"

#include "bench/harness/flags.h"
#include "bench/harness/process_stats.h"

namespace weft::bench {

inline double Median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

class Suite;

// One benchmark under way.
//
// Thread safety: the thread that runs the benchmark.
class Measurement {
 public:
  Measurement(benchmark::State& state, Suite& suite, std::uint32_t runs)
      : state_(state), suite_(suite), runs_(runs) {}

  // Calls `run` as often as asked for and reports the median wall time and the mean CPU
  // time for each of its `tasks`.
  template <class Run>
  void TimeRuns(std::size_t tasks, Run run);

  // The median wall time of a run, in nanoseconds; reports nothing.
  template <class Run>
  double MedianOfRuns(Run run);

  // The whole benchmark, when it is no matter of repeated runs.
  template <class Run>
  void RunOnce(Run run) {
    for (auto _ : state_) run();
  }

  void Report(const char* counter, double value) { state_.counters[counter] = value; }

  // Fails the benchmark and, in the end, the process; null: all is well.
  void Expect(const char* wrong);

  std::uint32_t run_count() const { return runs_; }

 private:
  benchmark::State& state_;
  Suite& suite_;
  const std::uint32_t runs_;
};

// Thread safety: one thread.
class Suite {
 public:
  using Benchmark = std::function<void(Measurement&)>;

  explicit Suite(const Flags& flags) : flags_(flags) {}
  Suite(const Suite&) = delete;
  Suite& operator=(const Suite&) = delete;

  const Flags& flags() const { return flags_; }

  // Registers "<workload>/<library>/<threads>" with so many runs. Must outlive the
  // running of benchmarks.
  void Add(const std::string& workload, std::string_view library, int threads, int runs,
           Benchmark benchmark);
  void Add(const std::string& workload, std::string_view library, int threads,
           Benchmark benchmark) {
    Add(workload, library, threads, flags_.runs, std::move(benchmark));
  }

  void Fail() { failed_ = true; }
  bool failed() const { return failed_; }

 private:
  const Flags flags_;
  bool failed_ = false;
};

template <class Run>
double Measurement::MedianOfRuns(Run run) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> wall;
  while (state_.KeepRunningBatch(runs_)) {
    for (std::uint32_t i = 0; i < runs_; ++i) {
      const Clock::time_point begin = Clock::now();
      run();
      const std::chrono::duration<double, std::nano> elapsed = Clock::now() - begin;
      wall.push_back(elapsed.count());
    }
  }
  return Median(std::move(wall));
}

template <class Run>
void Measurement::TimeRuns(std::size_t tasks, Run run) {
  const double count = static_cast<double>(tasks);
  const double cpu_before = CpuNanoseconds();
  Report("ns_per_task", MedianOfRuns(run) / count);
  const double cpu = CpuNanoseconds() - cpu_before;
  Report("cpu_ns_per_task", cpu / static_cast<double>(run_count()) / count);
  state_.SetItemsProcessed(static_cast<std::int64_t>(run_count() * tasks));
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_SUITE_H_
