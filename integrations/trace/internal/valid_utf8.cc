// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/internal/valid_utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weft::internal {
namespace {

// The bytes of the character that `text` begins with; 0: it begins with none. Unicode 15, table
// 3-7: no long forms, no surrogates, nothing above U+10FFFF.
std::size_t CharacterSize(std::string_view text) {
  const auto byte = [&text](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const auto follows = [&byte](std::size_t i, std::uint8_t least = 0x80, std::uint8_t most = 0xbf) {
    return byte(i) >= least && byte(i) <= most;
  };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const std::uint8_t least = first == 0xe0 ? 0xa0 : 0x80;
    const std::uint8_t most = first == 0xed ? 0x9f : 0xbf;
    return follows(1, least, most) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const std::uint8_t least = first == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t most = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, least, most) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// How much of `text` is UTF-8.
std::size_t ValidBytes(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t eight = kHighBits;
    if (text.size() - at >= sizeof(eight)) std::memcpy(&eight, text.data() + at, sizeof(eight));
    if ((eight & kHighBits) == 0) {
      at += sizeof(eight);
      continue;
    }
    const std::size_t size = CharacterSize(text.substr(at));
    if (size == 0) break;
    at += size;
  }
  return at;
}

}  // namespace

std::string_view ValidUtf8(std::string_view text, std::string& room) {
  std::size_t valid = ValidBytes(text);
  if (valid == text.size()) return text;
  room.clear();
  while (true) {
    room.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) return room;
    room.append("\xef\xbf\xbd");
    text.remove_prefix(1);
    valid = ValidBytes(text);
  }
}

}  // namespace weft::internal
