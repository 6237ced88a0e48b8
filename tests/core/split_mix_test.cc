// SPDX-License-Identifier: Apache-2.0

#include "weft/core/internal/split_mix.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace weft::internal {
namespace {

// The published generator's own first numbers.
TEST(SplitMixTest, GivesThePublishedNumbers) {
  SplitMix64 random(1234567);
  for (const std::uint64_t expected : std::array<std::uint64_t, 5>{
           6457827717110365317U, 3203168211198807973U, 9817491932198370423U, 4593380528125082431U,
           16408922859458223821U}) {
    EXPECT_EQ(random.Next(), expected);
  }
  EXPECT_EQ(SplitMix64(0).Next(), 0xE220A8397B1DCDAFU);
}

TEST(SplitMixTest, TheSameSeedGivesTheSameNumbersAndAnotherOthers) {
  SplitMix64 first(7);
  SplitMix64 second(7);
  SplitMix64 other(8);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = first.Next();
    EXPECT_EQ(second.Next(), number);
    EXPECT_NE(other.Next(), number);
  }
}

TEST(SplitMixTest, UniformIsAtLeastZeroAndBelowOne) {
  // What every bit set becomes.
  EXPECT_LT(static_cast<double>(std::numeric_limits<std::uint64_t>::max() >> 11) * 0x1.0p-53, 1.0);
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    SplitMix64 random(seed);
    double least = 1;
    double most = 0;
    for (int i = 0; i < 100'000; ++i) {
      const double uniform = random.NextUniform();
      ASSERT_GE(uniform, 0);
      ASSERT_LT(uniform, 1);
      least = std::min(least, uniform);
      most = std::max(most, uniform);
    }
    EXPECT_LT(least, 0.001) << "seed " << seed;
    EXPECT_GT(most, 0.999) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weft::internal
