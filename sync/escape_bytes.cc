// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/escape_bytes.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/sync/internal/utf8.h"

namespace weft {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

std::optional<char> ReadHexByte(std::string_view digits) {
  if (digits.size() != 2) return std::nullopt;
  const std::size_t high = kHexDigits.find(digits[0]);
  const std::size_t low = kHexDigits.find(digits[1]);
  if (high == kHexDigits.npos || low == kHexDigits.npos) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

}  // namespace

std::string EscapeBytes(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t size = internal::ReadUtf8(bytes).size;
    if (size == 0) {
      const auto byte = static_cast<unsigned char>(bytes.front());
      text += {'\\', 'x', kHexDigits[byte / 16], kHexDigits[byte % 16]};
    } else {
      if (bytes.front() == '\\') text += '\\';
      text += bytes.substr(0, size);
    }
    bytes.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return text;
}

absl::StatusOr<std::string> UnescapeBytes(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    const std::string_view rest = text.substr(i + 1);
    if (rest.starts_with('\\')) {
      bytes += '\\';
      i += 1;
      continue;
    }
    const std::optional<char> byte =
        rest.starts_with('x') ? ReadHexByte(rest.substr(1, 2)) : std::nullopt;
    if (!byte.has_value()) {
      return absl::InvalidArgumentError("a backslash at byte " + std::to_string(i) +
                                        " is followed by neither a backslash nor xNN");
    }
    bytes += *byte;
    i += 3;
  }
  // Escaped bytes may join into characters that needed no escape: two texts for the
  // same bytes would make a comparison of texts lie.
  if (EscapeBytes(bytes) != text) {
    return absl::InvalidArgumentError(
        "the text is not UTF-8, or escapes bytes that need no escape");
  }
  return bytes;
}

}  // namespace weft
