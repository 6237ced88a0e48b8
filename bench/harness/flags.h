// SPDX-License-Identifier: Apache-2.0
//
// The binary's own flags, besides those of Google Benchmark.

#ifndef WEFT_BENCH_HARNESS_FLAGS_H_
#define WEFT_BENCH_HARNESS_FLAGS_H_

#include <cstdint>
#include <optional>

namespace weft::bench {

// Thread safety: a plain value.
struct Flags {
  bool small = false;
  int runs = 0;
  std::int64_t stream_tasks = 0;
  int idle_seconds = 0;
};

// Takes its own flags out of the command line and leaves the rest; gives those that are not there
// their defaults. Fills in *exit_code,
// after a message, when there is nothing to run: 0 for --help, 2 for a bad flag.
Flags ReadFlags(int& argc, char** argv, std::optional<int>& exit_code);

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_FLAGS_H_
