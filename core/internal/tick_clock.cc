// SPDX-License-Identifier: Apache-2.0

#include "weft/core/internal/tick_clock.h"

#include <chrono>
#include <fstream>
#include <limits>
#include <string>
#include <thread>
#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace weft::internal {

std::int64_t TickClock::SystemNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

#if defined(__x86_64__)
namespace {

constexpr std::int64_t kShortestMeasurement = 5'000'000;  // nanoseconds

// Both clocks at one moment.
struct Moment {
  std::uint64_t ticks = 0;
  std::int64_t nanoseconds = 0;
};

// Whoever is interrupted between the readings tries again: the shortest of several tries is off
// by a few nanoseconds.
template <class SystemClock>
Moment ReadBoth(SystemClock system_clock) {
  Moment best;
  auto shortest = std::numeric_limits<std::uint64_t>::max();
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t before = __rdtsc();
    const std::int64_t nanoseconds = system_clock();
    const std::uint64_t took = __rdtsc() - before;
    if (took >= shortest) continue;
    shortest = took;
    best = {before + took / 2, nanoseconds};
  }
  return best;
}

bool RateIsConstant() {
  constexpr unsigned kPowerManagement = 0x8000'0007;
  constexpr unsigned kInvariantCounter = 1U << 8;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(kPowerManagement, &a, &b, &c, &d) != 0 && (d & kInvariantCounter) != 0;
}

bool KernelUsesTicks() {
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string name;
  return std::getline(file, name) && name == "tsc";
}

}  // namespace

TickClock::TickClock(Source source) {
  static const bool trusted = RateIsConstant() && KernelUsesTicks();
  if (source == Source::kSystem || !trusted) {
    begin_ = static_cast<std::uint64_t>(SystemNanoseconds());
    return;
  }
  static const Moment first = ReadBoth(SystemNanoseconds);
  Moment now = ReadBoth(SystemNanoseconds);
  if (now.nanoseconds - first.nanoseconds < kShortestMeasurement) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(kShortestMeasurement));
    now = ReadBoth(SystemNanoseconds);
  }
  const auto ticks = static_cast<std::int64_t>(now.ticks - first.ticks);
  multiplier_ =
      static_cast<std::int64_t>((Wide{now.nanoseconds - first.nanoseconds} << kShift) / ticks);
  begin_ = now.ticks;
}
#else
TickClock::TickClock(Source) { begin_ = static_cast<std::uint64_t>(SystemNanoseconds()); }
#endif

}  // namespace weft::internal
