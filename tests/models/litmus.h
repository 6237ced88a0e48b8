// SPDX-License-Identifier: Apache-2.0
//
// What litmus tests share: a small program, and the set of all its outcomes.

#ifndef WEFT_TESTS_MODELS_LITMUS_H_
#define WEFT_TESTS_MODELS_LITMUS_H_

#include <atomic>
#include <functional>
#include <set>
#include <vector>

#include "gtest/gtest.h"

#include "models/explorer.h"

namespace weft::models {

using Outcome = std::vector<int>;
using Outcomes = std::set<Outcome>;

inline constexpr auto kRelaxed = std::memory_order_relaxed;
inline constexpr auto kAcquire = std::memory_order_acquire;
inline constexpr auto kRelease = std::memory_order_release;
inline constexpr auto kAcqRel = std::memory_order_acq_rel;
inline constexpr auto kSc = std::memory_order_seq_cst;

// `body` fills in its outcome in Finally. No bounds. What the search leaves out must not
// cost an outcome.
inline Outcomes All(const std::function<void(Model&, Outcome&)>& body) {
  Outcomes seen[2];
  for (const bool everywhere : {false, true}) {
    Options options;
    options.name = "litmus";
    options.preemptions = options.stale = Bounds::kNone;
    options.stops_everywhere = everywhere;
    const Result result = Explore(options, [&](Model& m) {
      Outcome outcome;
      body(m, outcome);
      seen[everywhere ? 1 : 0].insert(outcome);
    });
    EXPECT_TRUE(result.exhausted) << result.report;
  }
  EXPECT_EQ(seen[0], seen[1]);
  return seen[0];
}

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_LITMUS_H_
