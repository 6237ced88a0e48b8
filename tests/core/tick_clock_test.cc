// SPDX-License-Identifier: Apache-2.0

#include "weft/core/internal/tick_clock.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace weft {
namespace {

using internal::TickClock;
using Source = TickClock::Source;

std::int64_t SteadyNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class TickClockTest : public ::testing::TestWithParam<Source> {};

TEST_P(TickClockTest, BeginsAtZero) {
  const std::int64_t before = SteadyNanoseconds();
  const TickClock clock(GetParam());
  const std::int64_t reading = clock.Nanoseconds();
  EXPECT_GE(reading, 0);
  EXPECT_LE(reading, (SteadyNanoseconds() - before) * 1001 / 1000 + 1000);
}

TEST_P(TickClockTest, NeverGoesBackInOneThread) {
  const TickClock clock(GetParam());
  std::int64_t last = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const std::int64_t now = clock.Nanoseconds();
    ASSERT_GE(now, last) << "reading " << i;
    last = now;
  }
}

// Each thread in its turn reads, and hands its reading on.
TEST_P(TickClockTest, ALaterReadingOfAnotherThreadIsNoSmaller) {
  constexpr int kThreads = 4;
  constexpr int kTurns = 20'000;
  constexpr std::int64_t kNoOrder = 1000;  // nanoseconds, see the class
  const TickClock clock(GetParam());
  std::atomic<int> turn{0};
  std::int64_t last = 0;
  std::int64_t furthest_back = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int next = thread; next < kTurns; next += kThreads) {
        for (int now = turn.load(); now != next; now = turn.load()) turn.wait(now);
        const std::int64_t reading = clock.Nanoseconds();
        furthest_back = std::max(furthest_back, last - reading);
        last = reading;
        turn.store(next + 1);
        turn.notify_all();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(furthest_back, kNoOrder);
}

// A reading lies between two of the other clock, however long this thread is kept from going on.
TEST_P(TickClockTest, AgreesWithTheSteadyClock) {
  struct Reading {
    std::int64_t before, ticks, after;
  };
  const TickClock clock(GetParam());
  const auto read = [&clock] {
    Reading reading{SteadyNanoseconds(), 0, 0};
    reading.ticks = clock.Nanoseconds();
    reading.after = SteadyNanoseconds();
    return reading;
  };
  const Reading first = read();
  Reading last = read();
  while (last.before - first.after < 20'000'000) last = read();
  const std::int64_t passed = last.ticks - first.ticks;
  EXPECT_GE(passed, (last.before - first.after) * 999 / 1000);
  EXPECT_LE(passed, (last.after - first.before) * 1001 / 1000 + 1);
}

INSTANTIATE_TEST_SUITE_P(All, TickClockTest, ::testing::Values(Source::kBest, Source::kSystem),
                         [](const auto& source) {
                           return std::string(source.param == Source::kBest ? "Best" : "System");
                         });

TEST(TickClockSourceTest, TheSystemsClockCanBeAskedFor) {
  EXPECT_FALSE(TickClock(Source::kSystem).counts_ticks());
}

TEST(TickClockSourceTest, ClocksAreApart) {
  const TickClock first;
  const std::int64_t before = first.Nanoseconds();
  const TickClock second;
  const std::int64_t reading = second.Nanoseconds();
  EXPECT_LE(reading, first.Nanoseconds() - before + 1000);
}

}  // namespace
}  // namespace weft
