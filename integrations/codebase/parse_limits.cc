// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/parse_limits.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace weft {
namespace {

std::int64_t Linear(std::int64_t base, std::int64_t per_byte, std::int64_t size) {
  std::int64_t product = 0;
  std::int64_t sum = 0;
  const bool overflow = __builtin_mul_overflow(per_byte, size, &product) ||
                        __builtin_add_overflow(base, product, &sum);
  return overflow ? std::numeric_limits<std::int64_t>::max() : sum;
}

}  // namespace

std::int64_t ParseLimits::MaxOperations(std::int64_t size) const {
  return Linear(max_operations_base, max_operations_per_byte, size);
}

std::int64_t ParseLimits::MaxParseBytes(std::int64_t size) const {
  return std::min(max_estimated_bytes,
                  Linear(max_parse_bytes_base, max_parse_bytes_per_byte, size));
}

std::int64_t ParseLimits::EstimatedBytes(std::int64_t size) const {
  return Linear(0, kEstimatedBytesPerByte, size);
}

absl::Status ParseLimits::Validate() const {
  const std::pair<const char*, std::int64_t> limits[] = {
      {"max_file_bytes", max_file_bytes},
      {"max_depth", max_depth},
      {"max_operations_base", max_operations_base},
      {"max_operations_per_byte", max_operations_per_byte},
      {"max_parse_bytes_base", max_parse_bytes_base},
      {"max_parse_bytes_per_byte", max_parse_bytes_per_byte},
      {"max_estimated_bytes", max_estimated_bytes},
  };
  for (const auto& [name, value] : limits) {
    if (value >= 0) continue;
    return absl::InvalidArgumentError(std::string(name) + " is " + std::to_string(value) +
                                      "; a limit must be 0 or more");
  }
  return absl::OkStatus();
}

}  // namespace weft
