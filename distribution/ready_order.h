// SPDX-License-Identifier: Apache-2.0
//
// Which ready task goes first: pure rules that every executor shares.

#ifndef WEFT_DISTRIBUTION_READY_ORDER_H_
#define WEFT_DISTRIBUTION_READY_ORDER_H_

#include <cstddef>

namespace weft {

// Ready tasks wait in lanes; a higher lane is served before a lower one.
enum class Lane : unsigned char { kLow, kNormal, kHigh, kUrgent };
inline constexpr std::size_t kLaneCount = 4;

// After so many starts from higher lanes one task of a lower lane starts, if one waits there.
inline constexpr unsigned kStartsBeforeLower = 64;

constexpr Lane LaneOf(int priority) {
  if (priority < 0) return Lane::kLow;
  if (priority == 0) return Lane::kNormal;
  return priority < 10 ? Lane::kHigh : Lane::kUrgent;
}

}  // namespace weft

#endif  // WEFT_DISTRIBUTION_READY_ORDER_H_
