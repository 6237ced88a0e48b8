// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a history of costs, and as the lines of one whose first line and checksum
// are right: no mutation would ever get past those.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "weft/distribution/internal/cost_text.h"
#include "weft/distribution/kind_cost.h"

namespace weft::internal {
namespace {

void Expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "cost_text_fuzz: %s\n", what);
  std::abort();
}

// What is accepted is sound, and comes back as it is when it is kept.
void Try(std::string_view text) {
  const absl::StatusOr<std::vector<KindCost>> costs = DecodeCosts(text);
  if (!costs.ok()) return;
  for (const KindCost& cost : *costs) Expect(IsSound(cost), "figures that cannot be");
  const absl::StatusOr<std::string> again = EncodeCosts(*costs);
  Expect(again.ok(), "what was read cannot be written");
  const absl::StatusOr<std::vector<KindCost>> back = DecodeCosts(*again);
  Expect(back.ok() && *back == *costs, "what was written reads differently");
}

}  // namespace
}  // namespace weft::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using weft::internal::Crc64;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  weft::internal::Try(bytes);

  std::string text = "weft costs 1\n" + std::string(bytes) + "\n";
  char end[32];
  std::snprintf(end, sizeof end, "end %016llx\n", static_cast<unsigned long long>(Crc64(text)));
  weft::internal::Try(text + end);
  return 0;
}
