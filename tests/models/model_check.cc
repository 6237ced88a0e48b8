// SPDX-License-Identifier: Apache-2.0

#include "models/model_check.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "gtest/gtest.h"

namespace weft::models {

void CheckModel(const Options& options, const std::function<void(Model&)>& body) {
  constexpr std::int64_t kShallow = WEFT_SANITIZED ? 200 : 2'000;
  constexpr std::int64_t kMost = WEFT_SANITIZED ? 5'000 : 100'000'000;
  std::int64_t schedules = 0;
  std::int64_t steps = 0;
  double seconds = 0;
  Result result;
  for (const Search search : {Search::kRandom, Search::kPct, Search::kExhaustive}) {
    Options part = options;
    part.search = search;
    part.limit = search == Search::kExhaustive ? std::min(options.limit, kMost) : kShallow;
    result = Explore(part, body);
    schedules += result.schedules;
    steps += result.steps;
    seconds += result.seconds;
    if (result.failed) {
      ADD_FAILURE() << result.report << "found after " << schedules << " schedules in all";
      return;
    }
  }
  std::printf("  %s: %lld schedules with %d preemptions and %d stale, %s; %.2f s, %.1f M steps/s\n",
              options.name.c_str(), static_cast<long long>(result.schedules), options.preemptions,
              options.stale, result.exhausted ? "exhausted" : "stopped at the limit", seconds,
              static_cast<double>(steps) / seconds / 1e6);
}

}  // namespace weft::models
