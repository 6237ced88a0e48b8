// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/internal/cost_text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "weft/distribution/kind_cost.h"

namespace weft::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Costs = std::vector<KindCost>;

const Costs& Small() {
  static const Costs& costs =
      *new Costs{{"parse:python", 12, 1834.25, 1200, 2044.5}, {"link", 1, 0.1, 0.1, 0.1}};
  return costs;
}

constexpr std::string_view kSmallText =
    "weft costs 1\n"
    "12 1834.25 1200 2044.5 parse:python\n"
    "1 0.1 0.1 0.1 link\n"
    "end 549e48dd5349eda9\n";

std::string WithEnd(const std::string& lines) {
  char end[32];
  std::snprintf(end, sizeof end, "end %016llx\n", static_cast<unsigned long long>(Crc64(lines)));
  return lines + end;
}

void ExpectRefused(const std::string& text, absl::StatusCode code, const std::string& word) {
  const absl::StatusOr<Costs> costs = DecodeCosts(text);
  EXPECT_EQ(costs.status().code(), code) << costs.status() << " for\n" << text;
  EXPECT_THAT(std::string(costs.status().message()), HasSubstr(word)) << text;
}

TEST(CostTextTest, TheChecksumIsThatOfTheXzFormat) {
  EXPECT_EQ(Crc64("123456789"), 0x995DC9BBDF1939FAU);
  EXPECT_EQ(Crc64(""), 0U);
}

TEST(CostTextTest, TheTextIsTheSameForEver) {
  const absl::StatusOr<std::string> text = EncodeCosts(Small());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, kSmallText);
  const absl::StatusOr<Costs> costs = DecodeCosts(kSmallText);
  ASSERT_TRUE(costs.ok()) << costs.status();
  EXPECT_EQ(*costs, Small());
}

TEST(CostTextTest, NoCostsAreATextToo) {
  const absl::StatusOr<std::string> text = EncodeCosts({});
  ASSERT_TRUE(text.ok()) << text.status();
  const absl::StatusOr<Costs> costs = DecodeCosts(*text);
  ASSERT_TRUE(costs.ok()) << costs.status();
  EXPECT_THAT(*costs, IsEmpty());
}

TEST(CostTextTest, CutOffAnywhereNothingIsBelieved) {
  for (std::size_t size = 0; size < kSmallText.size(); ++size) {
    ExpectRefused(std::string(kSmallText.substr(0, size)), absl::StatusCode::kDataLoss,
                  "is damaged");
  }
}

TEST(CostTextTest, WithAnyBitFlippedNothingIsBelieved) {
  for (std::size_t bit = 0; bit < 8 * kSmallText.size(); ++bit) {
    std::string text(kSmallText);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    // In its first word it is no history any more.
    const bool first_word = bit / 8 < std::string_view("weft costs ").size();
    ExpectRefused(text,
                  first_word ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kDataLoss,
                  first_word ? "is no history" : "is damaged");
  }
}

TEST(CostTextTest, WithAnyByteGoneDoubledOrReplacedNothingIsBelieved) {
  for (std::size_t at = 0; at < kSmallText.size(); ++at) {
    std::string gone(kSmallText);
    gone.erase(at, 1);
    EXPECT_FALSE(DecodeCosts(gone).ok()) << at;
    std::string doubled(kSmallText);
    doubled.insert(at, 1, doubled[at]);
    EXPECT_FALSE(DecodeCosts(doubled).ok()) << at;
    for (int byte = 0; byte < 256; ++byte) {
      std::string replaced(kSmallText);
      replaced[at] = static_cast<char>(byte);
      EXPECT_EQ(DecodeCosts(replaced).ok(), replaced == kSmallText) << at << ", byte " << byte;
    }
  }
}

TEST(CostTextTest, RandomDamageIsFound) {
  constexpr unsigned kSeed = 5;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kSmallText);
    for (unsigned i = 0, changes = 1 + random() % 8; i < changes; ++i) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    EXPECT_EQ(DecodeCosts(text).ok(), text == kSmallText) << "seed " << kSeed << "\n" << text;
  }
}

TEST(CostTextTest, WhatFollowsTheEndIsDamage) {
  for (const char* more : {"\n", " ", "x", "end 0000000000000000\n"}) {
    ExpectRefused(std::string(kSmallText) + more, absl::StatusCode::kDataLoss, "is damaged");
  }
  ExpectRefused(std::string(kSmallText) + std::string(kSmallText), absl::StatusCode::kDataLoss,
                "checksum");
}

TEST(CostTextTest, ALaterVersionIsToldFromDamage) {
  ExpectRefused(WithEnd("weft costs 2\nanything at all\n"), absl::StatusCode::kUnimplemented,
                "version 2");
  ExpectRefused(WithEnd("weft costs 999999999\n"), absl::StatusCode::kUnimplemented, "999999999");
  ExpectRefused("weft costs 2\nend 0000000000000000\n", absl::StatusCode::kDataLoss, "checksum");
  for (const char* line :
       {"weft costs \n", "weft costs 0\n", "weft costs 01\n", "weft costs x\n", "weft costs -1\n",
        "weft costs 1 \n", "weft costs 1.0\n", "weft costs 10000000000\n", "weft costs 1\r\n"}) {
    ExpectRefused(WithEnd(line), absl::StatusCode::kDataLoss, "version");
  }
}

TEST(CostTextTest, AnotherFileIsNoHistory) {
  for (const char* text : {"{}\n", "\n", "Weft costs 1\n", "weft cost", "#!/bin/sh\n",
                           "end 0000000000000000\n", " weft costs 1\n"}) {
    const bool begins_alike = std::string_view("weft costs ").starts_with(text);
    ExpectRefused(
        text, begins_alike ? absl::StatusCode::kDataLoss : absl::StatusCode::kFailedPrecondition,
        begins_alike ? "end is missing" : "is no history of costs");
  }
  ExpectRefused(std::string(50'000, '\0'), absl::StatusCode::kFailedPrecondition, "is no history");
}

// Only who computes the checksum anew can make these.
TEST(CostTextTest, FiguresThatCannotBeAreRefusedWithTheirLine) {
  for (const char* line : {"",
                           "1 5 5 5",
                           "1 5 5 5 ",
                           "1 5 5 kind",
                           "5 kind",
                           "kind",
                           "0 5 5 5 kind",
                           "-1 5 5 5 kind",
                           "+1 5 5 5 kind",
                           "1.5 5 5 5 kind",
                           "18446744073709551616 5 5 5 kind",
                           "18446744073709551615 5 5 5 kind",
                           "1 nan 5 5 kind",
                           "1 5 nan 5 kind",
                           "1 5 5 nan kind",
                           "1 inf 5 inf kind",
                           "1 -5 -5 5 kind",
                           "1 4 5 6 kind",
                           "1 7 5 6 kind",
                           "1 1e999 5 5 kind",
                           "1 0x5 5 5 kind",
                           "1 5,0 5 5 kind",
                           "1  5 5 5 kind",
                           " 1 5 5 5 kind",
                           "1\t5 5 5 kind",
                           "1 5 5 5 ki\\nd",
                           "1 5 5 5 ki\\x0",
                           "1 5 5 5 ki\\x0g",
                           "1 5 5 5 ki\\x0A",
                           "1 5 5 5 ki\\",
                           "1 5 5 5 kind\r",
                           "1 5 5 5 ki\xc3\xa9",
                           "1 5 5 5 ki\x7f"}) {
    ExpectRefused(WithEnd("weft costs 1\n1 5 5 5 good\n" + std::string(line) + "\n"),
                  absl::StatusCode::kDataLoss, "line 3");
  }
  const std::string nul("1 5 5 5 ki\0nd\n", 14);
  ExpectRefused(WithEnd("weft costs 1\n" + nul), absl::StatusCode::kDataLoss, "line 2");
  ExpectRefused(WithEnd("weft costs 1\n1 5 5 5 twice\n1 6 6 6 twice\n"),
                absl::StatusCode::kDataLoss, "line 3 names a kind again");
}

TEST(CostTextTest, ThereIsRoomForEveryKindAndNoMore) {
  Costs costs;
  for (std::size_t i = 0; i < kMostKinds; ++i) {
    const auto low = static_cast<char>(i % 256);
    const auto high = static_cast<char>(i / 256);
    std::string name(kMostKindNameBytes - 2, '\0');  // bytes that take the most room
    name += {high, low};
    constexpr double kLong = 1.7976931348623157e+308;
    costs.push_back({name, std::uint64_t{1} << 62, kLong, 2.2250738585072014e-308, kLong});
  }
  const absl::StatusOr<std::string> text = EncodeCosts(costs);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_LT(text->size(), kMostCostBytes);
  EXPECT_EQ(DecodeCosts(*text).value(), costs);

  costs.push_back({"one more", 1, 5, 5, 5});
  EXPECT_EQ(EncodeCosts(costs).status().code(), absl::StatusCode::kInvalidArgument);
  const std::string lines = text->substr(0, text->rfind("end "));
  ExpectRefused(WithEnd(lines + "1 5 5 5 one more\n"), absl::StatusCode::kDataLoss,
                "too many kinds");
}

TEST(CostTextTest, ANameMayHaveAnyBytes) {
  Costs costs;
  for (int byte = 0; byte < 256; ++byte) {
    costs.push_back({std::string(1, static_cast<char>(byte)), 1, 5, 5, 5});
    costs.push_back({" end " + std::string(2, static_cast<char>(byte)) + " ", 1, 5, 5, 5});
  }
  costs.push_back({"\nend 0000000000000000\n", 1, 5, 5, 5});
  costs.push_back({"\xc3\xa9 caf\xc3\xa9", 1, 5, 5, 5});
  costs.push_back({"\\x41", 1, 5, 5, 5});
  const absl::StatusOr<std::string> text = EncodeCosts(costs);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_TRUE(std::all_of(text->begin(), text->end(),
                          [](char c) { return c == '\n' || (' ' <= c && c <= '~'); }));
  EXPECT_EQ(DecodeCosts(*text).value(), costs);
}

TEST(CostTextTest, EveryNumberComesBackAsItWas) {
  constexpr unsigned kSeed = 6;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 2'000; ++round) {
    // Any exponent that a positive number can have.
    const double base = std::ldexp(1 + static_cast<double>(random() >> 12) * 0x1p-52,
                                   static_cast<int>(random() % 2045) - 1073);
    const double more = std::nextafter(base, std::numeric_limits<double>::infinity());
    const Costs costs = {{"kind", 1 + random() % (std::uint64_t{1} << 62), base, base, more}};
    const absl::StatusOr<std::string> text = EncodeCosts(costs);
    ASSERT_TRUE(text.ok()) << text.status();
    ASSERT_EQ(DecodeCosts(*text).value(), costs) << "seed " << kSeed << ", " << *text;
  }
}

TEST(CostTextTest, WhatWouldNotBeReadIsNotWritten) {
  const double nan = std::nan("");
  for (const KindCost& cost : Costs{{"", 1, 5, 5, 5},
                                    {std::string(kMostKindNameBytes + 1, 'x'), 1, 5, 5, 5},
                                    {"kind", 0, 5, 5, 5},
                                    {"kind", 1, nan, 5, 5},
                                    {"kind", 1, -1, -1, 5},
                                    {"kind", 1, 9, 5, 5}}) {
    EXPECT_EQ(EncodeCosts({&cost, 1}).status().code(), absl::StatusCode::kInvalidArgument);
  }
  const Costs twice = {{"kind", 1, 5, 5, 5}, {"kind", 1, 6, 6, 6}};
  EXPECT_THAT(std::string(EncodeCosts(twice).status().message()), HasSubstr("'kind' comes twice"));
}

}  // namespace
}  // namespace weft::internal
