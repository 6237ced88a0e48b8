// SPDX-License-Identifier: Apache-2.0
//
// Vector clocks: what a thread of a model knows of the others.

#ifndef WEFT_TESTS_MODELS_CLOCK_H_
#define WEFT_TESTS_MODELS_CLOCK_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace weft::models {

// The body of a model is thread 0.
inline constexpr int kMaxThreads = 8;

// A time for each thread. An operation of thread t at time n happens before whoever
// has n or more for t.
//
// Thread safety: as a plain variable.
class Clock {
 public:
  using Time = std::uint32_t;
  static constexpr Time kNever = std::numeric_limits<Time>::max();

  Clock() = default;
  static Clock Never() {
    Clock clock;
    clock.times_.fill(kNever);
    return clock;
  }

  Time& operator[](int thread) { return times_[static_cast<std::size_t>(thread)]; }
  Time operator[](int thread) const { return times_[static_cast<std::size_t>(thread)]; }

  bool Knows(int thread, Time time) const { return (*this)[thread] >= time; }
  // Whether any of the operations in `other`, one for each thread, is known.
  bool KnowsAnyOf(const Clock& other) const {
    bool any = false;
    for (std::size_t i = 0; i < times_.size(); ++i) any |= times_[i] >= other.times_[i];
    return any;
  }
  // The first thread whose operation in `other` is not known; -1 when there is none.
  int FirstUnknownIn(const Clock& other) const {
    for (int thread = 0; thread < kMaxThreads; ++thread) {
      if ((*this)[thread] < other[thread]) return thread;
    }
    return -1;
  }
  void Join(const Clock& other) {
    for (std::size_t i = 0; i < times_.size(); ++i)
      times_[i] = std::max(times_[i], other.times_[i]);
  }

 private:
  std::array<Time, kMaxThreads> times_{};
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_CLOCK_H_
