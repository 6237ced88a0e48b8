// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/progress_text.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "testing/screen.h"
#include "weft/sync/progress_snapshot.h"
#include "weft/sync/terminal_text.h"

namespace weft {
namespace {

using ::weft::testing::Screen;

ProgressSnapshot Half() {
  return {.levels = {{.label = "File", .completed = 1000, .total = 2000}},
          .fraction = 0.5,
          .elapsed = absl::Seconds(12),
          .remaining = absl::Seconds(12)};
}

// What a person sees of a bar.
std::string See(const ProgressSnapshot& snapshot, std::size_t columns) {
  const ProgressBar bar = FormatProgressBar(snapshot, columns);
  Screen screen(columns + 1);
  screen.Write(bar.text);
  EXPECT_FALSE(screen.filled()) << bar.text;
  EXPECT_FALSE(screen.coloured()) << "the rest of the terminal would be, too";
  EXPECT_EQ(screen.unknown(), "");
  EXPECT_LE(bar.columns, columns);
  EXPECT_LE(CountColumns(screen.lines().back()), bar.columns);
  return screen.lines().back();
}

// -- bars ------------------------------------------------------------------------

TEST(ProgressTextTest, ABarFillsTheWidth) {
  EXPECT_EQ(See(Half(), 60), "File 1,000/2,000 completed [########--------]  50% 0:12 left");
  EXPECT_EQ(See(Half(), 200), "File 1,000/2,000 completed [" + std::string(78, '#') +
                                  std::string(78, '-') + "]  50% 0:12 left");
}

TEST(ProgressTextTest, WithLittleRoomWhatSaysLeastGoesFirst) {
  EXPECT_EQ(See(Half(), 54), "File 1,000/2,000 completed [#####-----]  50% 0:12 left");
  EXPECT_EQ(See(Half(), 53), "File 1,000/2,000 completed  50% 0:12 left");
  EXPECT_EQ(See(Half(), 40), "File 1,000/2,000 completed  50%");
  EXPECT_EQ(See(Half(), 30), "File 1,000/2,000  50%");
  EXPECT_EQ(See(Half(), 20), "50%");
  EXPECT_EQ(See(Half(), 3), "50%");
  EXPECT_EQ(See(Half(), 2), "") << "no part of a number";
  EXPECT_EQ(See(Half(), 0), "");
}

TEST(ProgressTextTest, ABarIsFullOnlyAtTheEnd) {
  ProgressSnapshot snapshot = Half();
  snapshot.remaining.reset();
  snapshot.fraction = 0.999;
  EXPECT_EQ(See(snapshot, 49), "File 1,000/2,000 completed [##############-]  99%");
  snapshot.fraction = 1;
  EXPECT_EQ(See(snapshot, 49), "File 1,000/2,000 completed [###############] 100%");
  snapshot.fraction = 0;
  EXPECT_EQ(See(snapshot, 49), "File 1,000/2,000 completed [---------------]   0%");
}

TEST(ProgressTextTest, ABarShowsByItsColourWhetherSomethingFailed) {
  ProgressSnapshot snapshot = Half();
  EXPECT_NE(FormatProgressBar(snapshot, 79).text.find("\x1b[32m"), std::string::npos);
  snapshot.levels[0].failed = 1;
  EXPECT_NE(FormatProgressBar(snapshot, 79).text.find("\x1b[33m"), std::string::npos);
  EXPECT_TRUE(See(snapshot, 79).starts_with("File 1,000/2,000 (1 failed) completed ["));
}

TEST(ProgressTextTest, WithoutATotalThereIsNoBar) {
  const ProgressSnapshot snapshot = {
      .levels = {{.label = "File"}, {.label = "Finding files", .completed = 1234}}};
  EXPECT_EQ(See(snapshot, 79), "Finding files: 1,234");
  EXPECT_EQ(See(snapshot, 12), "Finding file");
  EXPECT_EQ(FormatProgressLine(snapshot), "Finding files: 1,234");
}

TEST(ProgressTextTest, EachLevelIsNamed) {
  const ProgressSnapshot snapshot = {.levels = {{.label = "Chapter", .completed = 3, .total = 7},
                                                {.label = "Section", .completed = 2, .total = 5}},
                                     .fraction = 0.47};
  EXPECT_EQ(See(snapshot, 60), "Chapter 3/7, Section 2/5 completed [########----------]  47%");
}

TEST(ProgressTextTest, WideAndHostileLabelsFit) {
  ProgressSnapshot snapshot = Half();
  snapshot.levels[0].label = "\xe6\xbc\xa2\xe5\xad\x97\x1b[2J\n";
  ProgressSnapshot begun = snapshot;
  begun.levels[0].total = 0;
  EXPECT_EQ(See(begun, 5), "\xe6\xbc\xa2\xe5\xad\x97\\");
  EXPECT_EQ(See(begun, 3), "\xe6\xbc\xa2");
  EXPECT_TRUE(See(snapshot, 79).starts_with("\xe6\xbc\xa2\xe5\xad\x97\\x1b[2J\\n 1,000/2,000"));
}

TEST(ProgressTextTest, NothingIsEverWiderThanItMayBe) {
  constexpr std::uint32_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 3'000; ++round) {
    ProgressSnapshot snapshot;
    for (auto levels = random() % 4; levels > 0; --levels) {
      ProgressLevel level;
      for (auto left = random() % 12; left > 0; --left) level.label += static_cast<char>(random());
      level.completed = static_cast<std::int64_t>(random() >> (1 + random() % 62));
      level.failed = random() % 2 == 0 ? 0 : static_cast<std::int64_t>(random() % 1000);
      level.total = random() % 3 == 0 ? 0 : std::numeric_limits<std::int64_t>::max();
      snapshot.levels.push_back(level);
    }
    snapshot.fraction = static_cast<double>(random() % 1001) / 1000;
    if (random() % 2 == 0)
      snapshot.remaining = absl::Seconds(static_cast<double>(random() % 100'000));
    See(snapshot, random() % 250);
    ASSERT_FALSE(HasFailure()) << "seed " << kSeed << " round " << round;
    ASSERT_EQ(FormatProgressLine(snapshot).find('\n'), std::string::npos);
  }
}

// -- lines -----------------------------------------------------------------------

TEST(ProgressTextTest, ALineHasNoEscapes) {
  ProgressSnapshot snapshot = Half();
  snapshot.levels[0].failed = 2;
  EXPECT_EQ(FormatProgressLine(snapshot), "File 1,000/2,000 (2 failed) completed, 50%, 0:12 left");
}

TEST(ProgressTextTest, TheTimeLeftIsRoundedUpToSeconds) {
  const auto left = [](absl::Duration remaining) {
    ProgressSnapshot snapshot = Half();
    snapshot.remaining = remaining;
    return FormatProgressLine(snapshot).substr(sizeof("File 1,000/2,000 completed, 50%, ") - 1);
  };
  EXPECT_EQ(left(absl::ZeroDuration()), "0:00 left");
  EXPECT_EQ(left(absl::Milliseconds(1)), "0:01 left");
  EXPECT_EQ(left(absl::Seconds(59.5)), "1:00 left");
  EXPECT_EQ(left(absl::Seconds(3599)), "59:59 left");
  EXPECT_EQ(left(absl::Seconds(3723)), "1:02:03 left");
  EXPECT_EQ(left(absl::Hours(12'345)), "12,345:00:00 left");
}

// -- JSON ------------------------------------------------------------------------

TEST(ProgressTextTest, JsonHasAllThatASnapshotHas) {
  ProgressSnapshot snapshot = Half();
  snapshot.levels[0].failed = 3;
  snapshot.levels.push_back({.label = "a\xff\n", .completed = 7});
  snapshot.fraction = 1.0 / 3;
  const std::string text = FormatProgressJson(snapshot);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(text), nlohmann::json::parse(R"({
    "schema": "weft.progress/1", "finished": false, "fraction": 0.3333, "elapsed_seconds": 12.0,
    "remaining_seconds": 12.0, "levels": [
      {"label": "File", "completed": 1000, "failed": 3, "total": 2000},
      {"label": "a\\xff\n", "completed": 7, "failed": 0, "total": null}]})"));
}

TEST(ProgressTextTest, JsonSaysNullForWhatIsNotKnown) {
  const auto json =
      nlohmann::json::parse(FormatProgressJson({.levels = {{.label = "File"}}, .finished = true}));
  EXPECT_TRUE(json["fraction"].is_null());
  EXPECT_TRUE(json["remaining_seconds"].is_null());
  EXPECT_TRUE(json["levels"][0]["total"].is_null());
  EXPECT_EQ(json["finished"], true);
}

}  // namespace
}  // namespace weft
