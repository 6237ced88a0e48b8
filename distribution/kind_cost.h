// SPDX-License-Identifier: Apache-2.0
//
// What tasks of one kind have cost so far, as a plain value: what a CostModel reports,
// and what a history file keeps.

#ifndef WEFT_DISTRIBUTION_KIND_COST_H_
#define WEFT_DISTRIBUTION_KIND_COST_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

namespace weft {

// More kinds, or longer names, have no history: kinds are meant to be few, and what is
// kept of them is bounded in memory and in files.
inline constexpr std::size_t kMostKinds = 1024;
inline constexpr std::size_t kMostKindNameBytes = 256;

// Costs are in microseconds.
//
// Thread safety: a plain value.
struct KindCost {
  std::string kind;
  std::uint64_t count = 0;  // runs that were observed, also by earlier processes
  double mean = 0;          // CostModel::Observe says of what
  double min = 0;
  double max = 0;

  friend bool operator==(const KindCost&, const KindCost&) = default;
};

// Whether the figures can have been observed: a name, a run, finite costs of 0 or more,
// the mean between the least and the greatest.
inline bool IsSound(const KindCost& cost) {
  // Far from where one more run would count as none.
  constexpr std::uint64_t kMostRuns = std::uint64_t{1} << 62;
  return !cost.kind.empty() && cost.kind.size() <= kMostKindNameBytes && cost.count > 0 &&
         cost.count <= kMostRuns && 0 <= cost.min && cost.min <= cost.mean &&
         cost.mean <= cost.max && std::isfinite(cost.max);
}

}  // namespace weft

#endif  // WEFT_DISTRIBUTION_KIND_COST_H_
