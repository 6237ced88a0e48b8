// SPDX-License-Identifier: Apache-2.0

#include "bench/harness/flags.h"

#include <charconv>
#include <iostream>
#include <limits>
#include <string_view>

namespace weft::bench {
namespace {

constexpr std::string_view kHelp =
    R"(weft_bench: runs benchmarks named <workload>/<library>/<threads>.

  --small            tiny sizes: does everything work?
  --runs=N           timed runs, of which the median is reported (5, small 1; wave32 60 times that)
  --stream_tasks=N   tasks that `stream` submits (1000000, small 1000)
  --idle_seconds=N   how long `idle` looks (10, small not at all)
  --help             this

From Google Benchmark, among others:
  --benchmark_filter=REGEX       only these
  --benchmark_list_tests         their names
  --benchmark_format=json        or console
  --benchmark_out=FILE           a copy of the report, as JSON

"ns_per_task" is the median of the runs, "Time" the mean of a whole run with what is around it.
bench/driver/run.py runs this many times over and compares the libraries.
)";

template <class T>
bool ReadNumber(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 1;
}

// Whether `argument` is "--<name>=..."; the number goes to `value`.
template <class T>
bool Takes(std::string_view argument, std::string_view name, T& value,
           std::optional<int>& exit_code) {
  if (!argument.starts_with(name)) return false;
  argument.remove_prefix(name.size());
  if (!ReadNumber(argument, value)) {
    std::cerr << "weft_bench: " << name << "N takes a whole number from 1 to "
              << std::numeric_limits<T>::max() << ", not '" << argument << "'\n";
    exit_code = 2;
  }
  return true;
}

}  // namespace

Flags ReadFlags(int& argc, char** argv, std::optional<int>& exit_code) {
  Flags flags;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--small") {
      flags.small = true;
    } else if (argument == "--help" || argument == "-h") {
      std::cout << kHelp;
      exit_code = 0;
    } else if (argument.starts_with("--benchmark_min_")) {
      std::cerr << "weft_bench: " << argument << " has no effect here: --runs=N counts the runs\n";
      exit_code = 2;
    } else if (argument.starts_with("--benchmark_") && argument.ends_with("format=csv")) {
      std::cerr << "weft_bench: " << argument << ": not with counters that differ; take json\n";
      exit_code = 2;
    } else if (!Takes(argument, "--runs=", flags.runs, exit_code) &&
               !Takes(argument, "--stream_tasks=", flags.stream_tasks, exit_code) &&
               !Takes(argument, "--idle_seconds=", flags.idle_seconds, exit_code)) {
      argv[kept++] = argv[i];
    }
    if (exit_code) break;
  }
  argc = kept;
  if (flags.runs == 0) flags.runs = flags.small ? 1 : 5;
  if (flags.stream_tasks == 0) flags.stream_tasks = flags.small ? 1000 : 1'000'000;
  if (flags.idle_seconds == 0) flags.idle_seconds = flags.small ? 0 : 10;
  return flags;
}

}  // namespace weft::bench
