// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/limit_reasons.h"

namespace weft::internal {
namespace {

std::string Sum(std::int64_t base, std::int64_t per_byte) {
  return " (" + Grouped(base) + " + " + Grouped(per_byte) + " x size)";
}

}  // namespace

std::string Grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string OverFileBytes(const ParseLimits& limits, std::int64_t size) {
  return "size " + Grouped(size) + " bytes over max_file_bytes " + Grouped(limits.max_file_bytes);
}

std::string OverEstimatedBytes(const ParseLimits& limits, std::int64_t size) {
  constexpr std::int64_t kFactor = ParseLimits::kEstimatedBytesPerByte;
  return "estimated " + Grouped(limits.EstimatedBytes(size)) + " bytes (" + Grouped(kFactor) +
         " x size) over max_estimated_bytes " + Grouped(limits.max_estimated_bytes);
}

std::string OverDepth(const ParseLimits& limits) {
  return "nesting over max_depth " + Grouped(limits.max_depth) + " levels";
}

std::string OverOperations(const ParseLimits& limits, std::int64_t size) {
  return "parse operations over max_operations " + Grouped(limits.MaxOperations(size)) +
         Sum(limits.max_operations_base, limits.max_operations_per_byte);
}

std::string OverParseBytes(const ParseLimits& limits, std::int64_t size) {
  const std::int64_t bytes = limits.MaxParseBytes(size);
  if (bytes == limits.max_estimated_bytes) {
    return "syntax tree over max_estimated_bytes " + Grouped(bytes);
  }
  return "syntax tree over max_parse_bytes " + Grouped(bytes) +
         Sum(limits.max_parse_bytes_base, limits.max_parse_bytes_per_byte);
}

std::string SyntaxErrors(std::int64_t count, std::int32_t first_line) {
  if (count == 1) return "syntax error in line " + Grouped(first_line);
  return Grouped(count) + " syntax errors, the first in line " + Grouped(first_line);
}

}  // namespace weft::internal
