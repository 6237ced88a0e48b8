// SPDX-License-Identifier: Apache-2.0

#include "bench/harness/suite.h"

#include <utility>

namespace weft::bench {

void Measurement::Expect(const char* wrong) {
  if (wrong == nullptr) return;
  suite_.Fail();
  state_.SkipWithError(wrong);
}

void Suite::Add(const std::string& workload, std::string_view library, int threads, int runs,
                Benchmark benchmark) {
  const std::string name = workload + "/" + std::string(library) + "/" + std::to_string(threads);
  auto* registered = benchmark::RegisterBenchmark(
      name.c_str(), [this, runs, body = std::move(benchmark)](benchmark::State& state) {
        Measurement measurement(state, *this, static_cast<std::uint32_t>(runs));
        body(measurement);
      });
  registered->Unit(benchmark::kMillisecond);
}

}  // namespace weft::bench
