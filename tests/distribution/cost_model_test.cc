// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/cost_model.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "weft/core/task_kind.h"
#include "weft/distribution/kind_cost.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TaskKind kParse = "parse";
constexpr TaskKind kLink = "link";

std::string Numbered(std::size_t number) { return "kind" + std::to_string(number); }

TaskKind Named(const std::string& name) { return TaskKind::Named(name); }

// The mean after these runs, told with other words than the code's.
double MeanOf(const std::vector<double>& runs) {
  long double mean = runs.front();
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const long double run = runs[i];
    mean = run > mean * 2 ? run : (mean + run) / 2;
  }
  return static_cast<double>(mean);
}

TEST(CostModelTest, AKindWithoutARunHasNoPrediction) {
  CostModel model;
  const KindId parse = model.Intern(kParse);
  EXPECT_TRUE(parse.remembered());
  EXPECT_EQ(model.Predict(parse), std::nullopt);
  EXPECT_EQ(model.Predict(KindId()), std::nullopt);
  EXPECT_THAT(model.Snapshot(), IsEmpty());
  EXPECT_THAT(model.History(), IsEmpty());
}

TEST(CostModelTest, AKindIsItsNameWhereverItsCharactersLie) {
  CostModel model;
  std::string copy = "parse";
  const KindId parse = model.Intern(kParse);
  EXPECT_EQ(model.Intern(Named(copy)), parse);
  EXPECT_NE(model.Intern(kLink), parse);
  copy = "other";  // the same characters' place, another name
  EXPECT_NE(model.Intern(Named(copy)), parse);
  EXPECT_EQ(model.Intern(kParse), parse);
  EXPECT_EQ(model.Intern(Named(std::string("parse\0", 6))) == parse, false);
}

TEST(CostModelTest, TheEmptyKindIsNotRemembered) {
  CostModel model;
  const KindId none = model.Intern(TaskKind());
  EXPECT_FALSE(none.remembered());
  model.Observe(none, 5);
  EXPECT_EQ(model.Predict(none), std::nullopt);
  EXPECT_EQ(model.refused(), 0U);
}

TEST(CostModelTest, ARunMovesTheMeanHalfTheWay) {
  CostModel model;
  const KindId parse = model.Intern(kParse);
  model.Observe(parse, 100);
  EXPECT_EQ(model.Predict(parse), 100);
  model.Observe(parse, 200);  // twice the mean is not more than twice
  EXPECT_EQ(model.Predict(parse), 150);
  model.Observe(parse, 50);
  EXPECT_EQ(model.Predict(parse), 100);
}

TEST(CostModelTest, ARunOfMoreThanTwiceTheMeanReplacesIt) {
  CostModel model;
  const KindId parse = model.Intern(kParse);
  model.Observe(parse, 100);
  model.Observe(parse, std::nextafter(200.0, 1e9));
  EXPECT_EQ(model.Predict(parse), std::nextafter(200.0, 1e9));
}

TEST(CostModelTest, ARunOfLessThanHalfIsAveragedLikeAnyOther) {
  CostModel model;
  const KindId parse = model.Intern(kParse);
  model.Observe(parse, 1000);
  model.Observe(parse, 1);
  EXPECT_EQ(model.Predict(parse), 500.5);
  for (int i = 0; i < 10; ++i) model.Observe(parse, 1);
  EXPECT_LT(model.Predict(parse).value(), 2) << "a mean that is too high is soon forgotten";
}

TEST(CostModelTest, TheMeanIsThatOfTheOracle) {
  constexpr unsigned kSeed = 20240607;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    CostModel model;
    const KindId parse = model.Intern(kParse);
    std::vector<double> runs;
    for (std::size_t i = 0, count = 1 + random() % 50; i < count; ++i) {
      // From fractions of a microsecond to hours, and sometimes nothing at all.
      const double exponent = static_cast<double>(random() % 1100) / 100 - 1;
      runs.push_back(random() % 20 == 0 ? 0 : std::pow(10, exponent));
      model.Observe(parse, runs.back());
      const double expected = MeanOf(runs);
      ASSERT_NEAR(model.Predict(parse).value(), expected, 1e-9 * expected)
          << "seed " << kSeed << ", round " << round << ", run " << i;
    }
    const KindCost kept = model.Snapshot().at(0);
    EXPECT_EQ(kept.count, runs.size());
    EXPECT_EQ(kept.min, *std::min_element(runs.begin(), runs.end()));
    EXPECT_EQ(kept.max, *std::max_element(runs.begin(), runs.end()));
    EXPECT_TRUE(IsSound(kept));
  }
}

TEST(CostModelTest, WhatNoRunCanCostIsIgnored) {
  CostModel model;
  const KindId parse = model.Intern(kParse);
  const KindId link = model.Intern(kLink);
  model.Observe(parse, 10);
  for (const double wrong : {-1.0, -0.001, -std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN(), std::nan("1")}) {
    model.Observe(parse, wrong);
    model.Observe(link, wrong);
  }
  EXPECT_THAT(model.Snapshot(), ElementsAre(KindCost{"parse", 1, 10, 10, 10}));
}

TEST(CostModelTest, TheSmallestAndTheLargestCostsStaySound) {
  constexpr double kTiny = std::numeric_limits<double>::denorm_min();
  constexpr double kHuge = std::numeric_limits<double>::max();
  for (const std::vector<double>& runs :
       {std::vector{kTiny, kTiny}, std::vector{kTiny, 2 * kTiny, kTiny}, std::vector{kHuge, kHuge},
        std::vector{0.0, kHuge, 0.0}, std::vector{0.0, 0.0}, std::vector{-0.0}}) {
    CostModel model;
    const KindId parse = model.Intern(kParse);
    for (const double run : runs) model.Observe(parse, run);
    EXPECT_TRUE(IsSound(model.Snapshot().at(0))) << runs.front();
  }
}

TEST(CostModelTest, BeyondTheBoundKindsHaveNoHistoryAndAreCounted) {
  CostModel model;
  std::vector<KindId> ids;
  for (std::size_t i = 0; i < kMostKinds; ++i) ids.push_back(model.Intern(Named(Numbered(i))));
  EXPECT_EQ(model.refused(), 0U);
  const std::string one_more = "one more";
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(model.Intern(Named(one_more)).remembered());
  EXPECT_EQ(model.refused(), 3U);
  model.Observe(model.Intern(Named(one_more)), 5);  // harmless
  for (std::size_t i = 0; i < kMostKinds; ++i) {
    ASSERT_EQ(model.Intern(Named(Numbered(i))), ids[i]) << "those that are known stay so";
    model.Observe(ids[i], static_cast<double>(i));
  }
  for (std::size_t i = 0; i < kMostKinds; ++i) EXPECT_EQ(model.Predict(ids[i]), i);
  EXPECT_EQ(model.Snapshot().size(), kMostKinds);
}

TEST(CostModelTest, ANameThatIsTooLongHasNoHistory) {
  CostModel model;
  const std::string longest(kMostKindNameBytes, 'x');
  EXPECT_TRUE(model.Intern(Named(longest)).remembered());
  const std::string longer = longest + "x";
  EXPECT_FALSE(model.Intern(Named(longer)).remembered());
  EXPECT_EQ(model.refused(), 1U);
}

TEST(CostModelTest, TheNameIsCopied) {
  CostModel model;
  {
    const std::string gone = "a name that is made at run time and lies on the heap";
    model.Observe(model.Intern(Named(gone)), 7);
  }
  EXPECT_THAT(
      model.Snapshot(),
      ElementsAre(KindCost{"a name that is made at run time and lies on the heap", 1, 7, 7, 7}));
}

TEST(CostModelTest, GoesOnFromAHistory) {
  CostModel model({{"parse", 5, 100, 20, 300}, {"link", 1, 9, 9, 9}});
  EXPECT_THAT(model.Snapshot(), IsEmpty()) << "nothing of it was mentioned";
  const KindId parse = model.Intern(kParse);
  EXPECT_EQ(model.Predict(parse), 100);
  model.Observe(parse, 10);
  EXPECT_EQ(model.Predict(parse), 55);
  EXPECT_THAT(model.Snapshot(), ElementsAre(KindCost{"parse", 6, 55, 10, 300}));
  EXPECT_THAT(model.History(),
              ElementsAre(KindCost{"parse", 6, 55, 10, 300}, KindCost{"link", 1, 9, 9, 9}));
}

TEST(CostModelTest, AKindThatWasMentionedAndNeverRanIsKeptAsItWas) {
  CostModel model({{"parse", 5, 100, 20, 300}});
  model.Intern(kLink);
  model.Intern(kParse);
  EXPECT_THAT(model.History(), ElementsAre(KindCost{"parse", 5, 100, 20, 300}));
}

TEST(CostModelTest, WhatIsNotSoundOrComesAgainIsLeftOutOfAHistory) {
  const double nan = std::nan("");
  const double infinite = std::numeric_limits<double>::infinity();
  const CostModel model({{"", 1, 5, 5, 5},
                         {std::string(kMostKindNameBytes + 1, 'x'), 1, 5, 5, 5},
                         {"no runs", 0, 5, 5, 5},
                         {"runs beyond", (std::uint64_t{1} << 62) + 1, 5, 5, 5},
                         {"negative", 1, -5, -5, 5},
                         {"nan", 1, nan, 5, 5},
                         {"nan", 1, 5, nan, 5},
                         {"nan", 1, 5, 5, nan},
                         {"infinite", 1, infinite, 5, infinite},
                         {"below", 1, 4, 5, 6},
                         {"above", 1, 7, 5, 6},
                         {"good", 2, 5.5, 5, 6},
                         {"good", 1, 9, 9, 9}});
  EXPECT_THAT(model.History(), ElementsAre(KindCost{"good", 2, 5.5, 5, 6}));
}

TEST(CostModelTest, OldKindsTakeNoRoomFromNewOnesAndFallOut) {
  std::vector<KindCost> history;
  for (std::size_t i = 0; i < kMostKinds + 5; ++i) history.push_back({Numbered(i), 1, 1, 1, 1});
  CostModel model(history);
  EXPECT_EQ(model.History().size(), kMostKinds);
  const std::string newer = "newer";
  model.Observe(model.Intern(Named(newer)), 3);
  EXPECT_EQ(model.refused(), 0U);
  const std::vector<KindCost> kept = model.History();
  ASSERT_EQ(kept.size(), kMostKinds);
  EXPECT_EQ(kept.front(), (KindCost{"newer", 1, 3, 3, 3}));
  EXPECT_EQ(kept.back().kind, Numbered(kMostKinds - 2)) << "the last one made room";
}

}  // namespace
}  // namespace weft
