// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/terminal_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "weft/sync/internal/utf8.h"

namespace weft {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t kSize>
bool IsIn(const std::array<Range, kSize>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const Range& range) { return range.first <= c && c <= range.last; });
}

// Control characters, and those that hide or reorder their neighbours.
constexpr std::array<Range, 9> kUnprintable = {{
    {0x00, 0x1f},
    {0x7f, 0x9f},
    {0x061c, 0x061c},
    {0x200b, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0xfeff, 0xfeff},
    {0xfff9, 0xfffb},
    {0xe0000, 0xe0fff},
}};

// An approximation of Unicode's East Asian Width that is right for common scripts.
constexpr std::array<Range, 9> kWide = {{
    {0x1100, 0x115f},
    {0x2e80, 0x303e},
    {0x3041, 0xa4cf},
    {0xac00, 0xd7a3},
    {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},
    {0xff00, 0xff60},
    {0x1f300, 0x1faff},
    {0x20000, 0x3fffd},
}};

constexpr std::array<Range, 4> kCombining = {{
    {0x0300, 0x036f},
    {0x1ab0, 0x1aff},
    {0x20d0, 0x20ff},
    {0xfe00, 0xfe0f},
}};

std::string EscapeByte(char byte) {
  if (byte == '\n') return "\\n";
  if (byte == '\r') return "\\r";
  if (byte == '\t') return "\\t";
  std::array<char, 8> text = {};
  std::snprintf(text.data(), text.size(), "\\x%02x", static_cast<unsigned char>(byte));
  return text.data();
}

std::size_t ColumnsOf(char32_t c) {
  if (IsIn(kCombining, c)) return 0;
  return IsIn(kWide, c) ? 2 : 1;
}

std::string Format(const char* format, double value, const char* unit) {
  std::array<char, 64> text = {};
  std::snprintf(text.data(), text.size(), format, value, unit);
  return text.data();
}

}  // namespace

std::string MakePrintable(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const internal::Utf8Character character = internal::ReadUtf8(bytes);
    const std::string_view taken = bytes.substr(0, std::max<std::size_t>(character.size, 1));
    if (character.size == 0 || IsIn(kUnprintable, character.code_point)) {
      for (const char byte : taken) text += EscapeByte(byte);
    } else {
      text += taken;
    }
    bytes.remove_prefix(taken.size());
  }
  return text;
}

std::size_t CountColumns(std::string_view printable) {
  std::size_t columns = 0;
  while (!printable.empty()) {
    const internal::Utf8Character character = internal::ReadUtf8(printable);
    columns += character.size == 0 ? 1 : ColumnsOf(character.code_point);
    printable.remove_prefix(std::max<std::size_t>(character.size, 1));
  }
  return columns;
}

std::string KeepEnd(std::string_view printable, std::size_t columns) {
  constexpr std::string_view kDots = "...";
  std::size_t left = CountColumns(printable);
  if (left <= columns) return std::string(printable);
  while (left > columns - kDots.size()) {
    const internal::Utf8Character character = internal::ReadUtf8(printable);
    left -= character.size == 0 ? 1 : ColumnsOf(character.code_point);
    printable.remove_prefix(std::max<std::size_t>(character.size, 1));
  }
  return std::string(kDots) + std::string(printable);
}

std::string KeepFront(std::string_view printable, std::size_t columns) {
  std::size_t kept = 0;
  while (kept < printable.size()) {
    const internal::Utf8Character character = internal::ReadUtf8(printable.substr(kept));
    const std::size_t taken = character.size == 0 ? 1 : ColumnsOf(character.code_point);
    if (taken > columns) break;
    columns -= taken;
    kept += std::max<std::size_t>(character.size, 1);
  }
  return std::string(printable.substr(0, kept));
}

std::string PadRight(std::string_view printable, std::size_t columns) {
  const std::size_t taken = CountColumns(printable);
  return std::string(printable) + std::string(columns - std::min(taken, columns), ' ');
}

std::string PadLeft(std::string_view printable, std::size_t columns) {
  const std::size_t taken = CountColumns(printable);
  return std::string(columns - std::min(taken, columns), ' ') + std::string(printable);
}

std::string FormatCount(std::int64_t count) {
  std::string text = std::to_string(count);
  const std::size_t first_digit = count < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first_digit + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string FormatBytes(std::int64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 999.5 would be rounded to four digits.
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return Format(value < 9.95 ? "%.1f %s" : "%.0f %s", value, kUnits[unit]);
}

std::string FormatSeconds(double seconds) {
  if (!(seconds > 0)) seconds = 0;
  if (seconds < 9.995) return Format("%.2f %s", seconds, "s");
  if (seconds < 59.95) return Format("%.1f %s", seconds, "s");
  const auto whole = static_cast<std::int64_t>(std::min(std::round(seconds), 1e15));
  return FormatCount(whole / 60) + " min " + PadLeft(std::to_string(whole % 60), 2) + " s";
}

}  // namespace weft
