// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/internal/utf8.h"

#include <cstddef>
#include <string_view>

namespace weft::internal {

Utf8Character ReadUtf8(std::string_view text) {
  if (text.empty()) return {};
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t size = 0;
  char32_t smallest = 0;  // that needs this many bytes
  if (lead >= 0xc2 && lead <= 0xdf) {
    size = 2;
    smallest = 0x80;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    size = 3;
    smallest = 0x800;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    size = 4;
    smallest = 0x10000;
  } else {
    return {};
  }
  if (text.size() < size) return {};
  char32_t code_point = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    code_point = (code_point << 6) | (byte(i) & 0x3fU);
  }
  const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < smallest || code_point > 0x10ffff || surrogate) return {};
  return {code_point, size};
}

}  // namespace weft::internal
