// SPDX-License-Identifier: Apache-2.0

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include "benchmark/benchmark.h"

#include "bench/workload.h"

namespace weft::bench {
namespace {

std::size_t task_count = 100000;

void Measure(benchmark::State& state, int threads,
             const std::function<RunOnce(int threads)>& setup) {
  Counters counters(TaskCount());
  const RunOnce run = setup(threads);
  run(counters);  // warm; also the check that each task runs once
  if (!counters.AllAre(1)) {
    state.SkipWithError("a task did not run exactly once");
    return;
  }
  std::uint32_t rounds = 1;
  const auto begin = std::chrono::steady_clock::now();
  for (auto _ : state) {
    run(counters);
    ++rounds;
  }
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - begin;
  if (!counters.AllAre(rounds)) state.SkipWithError("a task did not run exactly once per round");
  const std::int64_t ran = state.iterations() * static_cast<std::int64_t>(counters.size());
  state.SetItemsProcessed(ran);
  state.counters["ns_per_task"] = elapsed.count() / static_cast<double>(ran);
}

}  // namespace

std::size_t TaskCount() { return task_count; }

void Register(const std::string& workload, const std::string& library, int threads,
              std::function<RunOnce(int threads)> setup) {
  const std::string name = workload + "/" + library + "/" + std::to_string(threads);
  benchmark::RegisterBenchmark(name.c_str(),
                               [threads, setup = std::move(setup)](benchmark::State& state) {
                                 Measure(state, threads, setup);
                               })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace weft::bench

int main(int argc, char** argv) {
  constexpr std::string_view kTasks = "--tasks=";
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (!argument.starts_with(kTasks)) {
      argv[kept++] = argv[i];
      continue;
    }
    const std::string_view value = argument.substr(kTasks.size());
    std::size_t tasks = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), tasks);
    if (error != std::errc() || end != value.data() + value.size() || tasks == 0) {
      std::cerr << "weft_bench: --tasks takes a number of at least 1, not '" << value << "'\n";
      return 2;
    }
    weft::bench::task_count = tasks;
  }
  argc = kept;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  weft::bench::RegisterIndependent();
  weft::bench::RegisterChain();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
