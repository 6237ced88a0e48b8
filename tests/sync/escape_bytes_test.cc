// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/escape_bytes.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "weft/sync/internal/utf8.h"

namespace weft {
namespace {

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = internal::ReadUtf8(text).size;
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

TEST(EscapeBytesTest, WritesWhatTheRuleSays) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"", ""},
      {"src/main.cc", "src/main.cc"},
      {R"(a\b)", R"(a\\b)"},
      {R"(\xff)", R"(\\xff)"},
      {"\xff", R"(\xff)"},
      {"caf\xc3\xa9", "caf\xc3\xa9"},
      {"caf\xe9.py", R"(caf\xe9.py)"},
      {"line\nend\t\x01", "line\nend\t\x01"},
      {"\xed\xa0\x80", R"(\xed\xa0\x80)"},          // a surrogate
      {"\xc0\xaf", R"(\xc0\xaf)"},                  // an overlong slash
      {"\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)"},  // above U+10FFFF
      {"\xe2\x82", R"(\xe2\x82)"},                  // cut short
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {std::string_view("\0", 1), std::string_view("\0", 1)},
  };
  for (const auto& [bytes, text] : cases) EXPECT_EQ(EscapeBytes(bytes), text);
}

TEST(EscapeBytesTest, AnyBytesComeBackAndAreUtf8Between) {
  constexpr std::uint32_t kSeed = 90210;
  std::mt19937 random(kSeed);
  // Bytes that begin, continue and end characters, so that near misses are common.
  const std::string_view hard = "\\xa9fF0\xc3\xa9\xe2\x82\xac\xf0\x9f\x80\xed\xa0\xff\xbf\xc0/";
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes;
    for (auto left = random() % 24; left > 0; --left) {
      bytes +=
          random() % 4 == 0 ? static_cast<char>(random() & 0xffU) : hard[random() % hard.size()];
    }
    const std::string text = EscapeBytes(bytes);
    ASSERT_TRUE(IsUtf8(text)) << text << " seed " << kSeed << " round " << round;
    const auto back = UnescapeBytes(text);
    ASSERT_TRUE(back.ok()) << back.status() << " seed " << kSeed << " round " << round;
    ASSERT_EQ(*back, bytes) << text << " seed " << kSeed << " round " << round;
  }
}

TEST(EscapeBytesTest, EveryShortNameHasATextOfItsOwn) {
  std::map<std::string, std::string> bytes_of;
  const std::string_view alphabet = "\\x8f\xc3\xa9\xff";
  std::vector<std::string> names = {""};
  for (std::size_t i = 0; i < names.size() && names[i].size() < 5; ++i) {
    for (const char c : alphabet) names.push_back(names[i] + c);
  }
  for (const std::string& name : names) {
    const auto [other, fresh] = bytes_of.emplace(EscapeBytes(name), name);
    ASSERT_TRUE(fresh) << other->first;
  }
}

TEST(EscapeBytesTest, WhatIsNoEscapeIsRefused) {
  for (const std::string_view text : {"\\", "a\\", "\\n", "\\x", "\\x8", "\\xfg", "\\xFF", "\\X80",
                                      "\\x41", "\\xc3\\xa9", "\xff", "\\\\\\"}) {
    EXPECT_EQ(UnescapeBytes(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(Utf8Test, AgreesWithTheEncodingOfEveryCodePoint) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    const auto byte = [c](int shift, unsigned mask, unsigned mark) {
      return static_cast<char>(mark | ((c >> shift) & mask));
    };
    std::string text;
    if (c < 0x80) {
      text = {byte(0, 0x7f, 0)};
    } else if (c < 0x800) {
      text = {byte(6, 0x1f, 0xc0), byte(0, 0x3f, 0x80)};
    } else if (c < 0x10000) {
      text = {byte(12, 0x0f, 0xe0), byte(6, 0x3f, 0x80), byte(0, 0x3f, 0x80)};
    } else {
      text = {byte(18, 0x07, 0xf0), byte(12, 0x3f, 0x80), byte(6, 0x3f, 0x80), byte(0, 0x3f, 0x80)};
    }
    const bool surrogate = c >= 0xd800 && c <= 0xdfff;
    const internal::Utf8Character read = internal::ReadUtf8(text);
    ASSERT_EQ(read.size, surrogate ? 0 : text.size()) << std::hex << static_cast<unsigned>(c);
    if (!surrogate) {
      ASSERT_EQ(read.code_point, c);
    }
  }
}

}  // namespace
}  // namespace weft
