// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_VALID_UTF8_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_VALID_UTF8_H_

#include <string>
#include <string_view>

namespace weft::internal {

// `text`, or, where it is no UTF-8, a copy in `room` in which U+FFFD stands for each byte that
// belongs to no character.
std::string_view ValidUtf8(std::string_view text, std::string& room);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_VALID_UTF8_H_
