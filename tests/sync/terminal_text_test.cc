// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/terminal_text.h"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(TerminalTextTest, NothingThatATerminalObeysGetsThrough) {
  EXPECT_EQ(MakePrintable("a\nb\r\t"), R"(a\nb\r\t)");
  EXPECT_EQ(MakePrintable("\x1b[2J\x7f"), R"(\x1b[2J\x7f)");
  EXPECT_EQ(MakePrintable(std::string_view("\0", 1)), R"(\x00)");
  EXPECT_EQ(MakePrintable("\xc2\x9b"), R"(\xc2\x9b)") << "a C1 control character";
  EXPECT_EQ(MakePrintable("\xe2\x80\xae"), R"(\xe2\x80\xae)") << "turns the direction";
  EXPECT_EQ(MakePrintable("\xff"), R"(\xff)");
  EXPECT_EQ(MakePrintable("na\xc3\xafve \xe6\xbc\xa2"), "na\xc3\xafve \xe6\xbc\xa2");
}

TEST(TerminalTextTest, AnyBytesBecomeOneHarmlessLine) {
  constexpr std::uint32_t kSeed = 555;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (auto left = random() % 20; left > 0; --left) bytes += static_cast<char>(random() & 0xffU);
    for (const char c : MakePrintable(bytes)) {
      const auto byte = static_cast<unsigned char>(c);
      ASSERT_TRUE(byte >= 0x20 && byte != 0x7f) << "seed " << kSeed << " round " << round;
    }
  }
}

TEST(TerminalTextTest, ColumnsFollowTheWidthOfCharacters) {
  EXPECT_EQ(CountColumns("abc"), 3U);
  EXPECT_EQ(CountColumns("\xc3\xa9"), 1U);
  EXPECT_EQ(CountColumns("\xe6\xbc\xa2"), 2U) << "a Han character";
  EXPECT_EQ(CountColumns("e\xcc\x81"), 1U) << "an accent on top";
  EXPECT_EQ(PadRight("\xe6\xbc\xa2", 4), "\xe6\xbc\xa2  ");
  EXPECT_EQ(PadLeft("7", 3), "  7");
  EXPECT_EQ(PadLeft("1234", 3), "1234");
}

TEST(TerminalTextTest, KeepEndCutsFromTheFront) {
  EXPECT_EQ(KeepEnd("src/a.py", 8), "src/a.py");
  EXPECT_EQ(KeepEnd("src/long/name.py", 10), "...name.py");
  EXPECT_EQ(KeepEnd("\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", 5), "...\xe6\xbc\xa2");
  EXPECT_EQ(KeepEnd("abcdef", 3), "...");
}

TEST(TerminalTextTest, KeepFrontCutsFromTheEnd) {
  EXPECT_EQ(KeepFront("src/a.py", 8), "src/a.py");
  EXPECT_EQ(KeepFront("src/a.py", 3), "src");
  EXPECT_EQ(KeepFront("src/a.py", 0), "");
  EXPECT_EQ(KeepFront("\xe6\xbc\xa2\xe6\xbc\xa2", 3), "\xe6\xbc\xa2") << "no half of a character";
  EXPECT_EQ(KeepFront("e\xcc\x81x", 1), "e\xcc\x81") << "the accent stays on it";
}

TEST(TerminalTextTest, CountsHaveThousandsSeparators) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(-1234567), "-1,234,567");
  EXPECT_EQ(FormatCount(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(TerminalTextTest, SizesStayShort) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.0 KiB");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(10 * 1024), "10 KiB");
  EXPECT_EQ(FormatBytes(1023 * 1024), "1.0 MiB");
  EXPECT_EQ(FormatBytes(8 << 20), "8.0 MiB");
  EXPECT_EQ(FormatBytes(std::numeric_limits<std::int64_t>::max()), "8.0 EiB");
  for (std::int64_t bytes = 1; bytes > 0 && bytes < (std::int64_t{1} << 61); bytes *= 3) {
    EXPECT_LE(FormatBytes(bytes).size(), 7U) << bytes;
  }
}

TEST(TerminalTextTest, TimesStayShort) {
  EXPECT_EQ(FormatSeconds(0), "0.00 s");
  EXPECT_EQ(FormatSeconds(-1), "0.00 s");
  EXPECT_EQ(FormatSeconds(std::numeric_limits<double>::quiet_NaN()), "0.00 s");
  EXPECT_EQ(FormatSeconds(0.126), "0.13 s");
  EXPECT_EQ(FormatSeconds(12.34), "12.3 s");
  EXPECT_EQ(FormatSeconds(59.97), "1 min  0 s");
  EXPECT_EQ(FormatSeconds(3675), "61 min 15 s");
}

}  // namespace
}  // namespace weft
