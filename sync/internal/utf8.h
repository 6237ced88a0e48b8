// SPDX-License-Identifier: Apache-2.0
//
// Names of files are bytes, and mostly UTF-8. This tells which bytes are.

#ifndef WEFT_SYNC_INTERNAL_UTF8_H_
#define WEFT_SYNC_INTERNAL_UTF8_H_

#include <cstddef>
#include <string_view>

namespace weft::internal {

// A character at the front of a text: its code point, and how many bytes it takes.
struct Utf8Character {
  char32_t code_point = 0;
  std::size_t size = 0;  // 0: the first byte is not part of well-formed UTF-8
};

// Reads one character as RFC 3629 defines it: no overlong forms, no surrogates,
// nothing above U+10FFFF. An empty text has size 0.
Utf8Character ReadUtf8(std::string_view text);

}  // namespace weft::internal

#endif  // WEFT_SYNC_INTERNAL_UTF8_H_
