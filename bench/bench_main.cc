// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"

#include "bench/harness/flags.h"
#include "bench/harness/suite.h"
#include "bench/libraries.h"

namespace weft::bench {
namespace {

void RegisterAll(Suite& suite) {
  RegisterSerial(suite);
  RegisterNameMap(suite);
  RegisterWeft(suite);
  RegisterWeftGraph(suite);
  RegisterWeftFeatures(suite);
  RegisterWeftMakespans(suite);
  RegisterWeftParking(suite);
  RegisterWeftPriorities(suite);
  RegisterTrace(suite);
  RegisterProgress(suite);
  RegisterTbbFlowGraph(suite);
  RegisterTbbTaskGroup(suite);
  RegisterTbbParallelFor(suite);
#if WEFT_BENCH_OPENMP
  RegisterOpenMp(suite);
#endif
  RegisterStdAsync(suite);
#if WEFT_BENCH_TASKFLOW
  RegisterTaskflow(suite);
#endif
#if WEFT_BENCH_DISPENSO
  RegisterDispenso(suite);
#endif
}

// Each benchmark is called once, without a search for a number of iterations: how often
// it runs is its own matter, and the names stay as they are.
void InitializeLibrary(int& argc, char** argv) {
  std::string once = "--benchmark_min_time=0";
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + 1, once.data());
  int count = argc + 1;
  benchmark::Initialize(&count, arguments.data());
  argc = count;
  std::copy_n(arguments.begin(), count, argv);
}

int Main(int argc, char** argv) {
  std::optional<int> exit_code;
  Suite suite(ReadFlags(argc, argv, exit_code));
  if (exit_code) return *exit_code;
  InitializeLibrary(argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("compiler", WEFT_BENCH_COMPILER);
  benchmark::AddCustomContext("libraries", WEFT_BENCH_LIBRARIES);
  RegisterAll(suite);
  // It says itself when the filter matches nothing.
  if (benchmark::RunSpecifiedBenchmarks() == 0) return 2;
  benchmark::Shutdown();
  return suite.failed() ? 1 : 0;
}

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) { return weft::bench::Main(argc, argv); }
