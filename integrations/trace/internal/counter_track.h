// SPDX-License-Identifier: Apache-2.0
//
// Thins out the points of a curve that changes with every task.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_COUNTER_TRACK_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_COUNTER_TRACK_H_

#include <algorithm>
#include <cstdint>
#include <utility>

namespace weft::internal {

// Writes the first value of each kStep and the last: no more than a viewer can show, whatever a
// task costs.
//
// Thread safety: one thread at a time.
class CounterTrack {
 public:
  static constexpr std::int64_t kStep = 10'000;  // nanoseconds

  // Calls write(time_ns, value), or keeps the value for later. The times do not fall.
  template <class F>
  void Add(std::int64_t time_ns, std::int64_t by, F write) {
    time_ns = std::max(time_ns, time_ns_);
    if (time_ns - step_ns_ >= kStep) {
      Flush(write);
      step_ns_ = time_ns;
    }
    time_ns_ = time_ns;
    value_ += by;
    unwritten_ = true;
    if (time_ns == step_ns_) Flush(write);
  }
  // Writes what was kept.
  template <class F>
  void Flush(F write) {
    if (std::exchange(unwritten_, false)) write(time_ns_, value_);
  }

 private:
  std::int64_t time_ns_ = 0;  // of the last change
  std::int64_t value_ = 0;
  std::int64_t step_ns_ = -kStep;  // when the last step began
  bool unwritten_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_COUNTER_TRACK_H_
