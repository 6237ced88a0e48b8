// SPDX-License-Identifier: Apache-2.0
//
// The text in which costs are kept, as pure functions: nothing opened.
//
//   weft costs 1
//   12 1834.25 1200 2044.5 parse:python
//   end 995dc9bbdf1939fa
//
// A line for each kind: runs, mean, least and greatest cost in microseconds as the
// shortest decimals that read back as the same numbers, and the name. In a name,
// backslashes and bytes that are no printable ASCII are written \xNN. The last line has
// the CRC-64 of all bytes before it. Lines end with a line feed.

#ifndef WEFT_DISTRIBUTION_INTERNAL_COST_TEXT_H_
#define WEFT_DISTRIBUTION_INTERNAL_COST_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/distribution/kind_cost.h"

namespace weft::internal {

// No text of EncodeCosts is longer: kMostKinds names of which every byte is escaped.
inline constexpr std::size_t kMostCostBytes = std::size_t{2} << 20;

// CRC-64/XZ: as of the .xz format; finds each single wrong bit, and each burst up to 64.
std::uint64_t Crc64(std::string_view bytes);

// InvalidArgument: what DecodeCosts would refuse, that is, too many kinds, one that
// comes twice, or figures that are not sound.
absl::StatusOr<std::string> EncodeCosts(std::span<const KindCost> costs);

// All or nothing: figures of which one byte is wrong are figures of something else.
// FailedPrecondition: begins as no history does. DataLoss: cut off, or damaged.
// Unimplemented: whole, and of a version that came after this code; the first line and
// the last mean the same in all of them.
// Cost: linear; no more memory than some times the text.
absl::StatusOr<std::vector<KindCost>> DecodeCosts(std::string_view text);

}  // namespace weft::internal

#endif  // WEFT_DISTRIBUTION_INTERNAL_COST_TEXT_H_
