// SPDX-License-Identifier: Apache-2.0
//
// The words in which a record says why it is not kParsed: the limit by name, with its
// value.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_LIMIT_REASONS_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_LIMIT_REASONS_H_

#include <cstdint>
#include <string>

#include "weft/integrations/codebase/parse_limits.h"

namespace weft::internal {

std::string OverFileBytes(const ParseLimits& limits, std::int64_t size);
std::string OverEstimatedBytes(const ParseLimits& limits, std::int64_t size);
std::string OverDepth(const ParseLimits& limits);
std::string OverOperations(const ParseLimits& limits, std::int64_t size);
std::string OverParseBytes(const ParseLimits& limits, std::int64_t size);
std::string SyntaxErrors(std::int64_t count, std::int32_t first_line);

// 8388608 as "8,388,608".
std::string Grouped(std::int64_t number);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_LIMIT_REASONS_H_
