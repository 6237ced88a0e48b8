// SPDX-License-Identifier: Apache-2.0
//
// When something happened that no event tells, on the clock of the events.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_SAMPLE_TIME_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_SAMPLE_TIME_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace weft::internal {

// The two clocks are as far apart as they seem when the least time has passed since an event: the
// writer learns of each some time after it has been told. Where the clock of the events runs slower
// than ours by up to 200 ppm, it is followed.
//
// Thread safety: one thread at a time.
class SampleTime {
 public:
  // The time of `now`; `latest_ns` is that of the last event that is known.
  std::int64_t At(std::chrono::nanoseconds now, std::int64_t latest_ns) {
    const std::int64_t now_ns = now.count();
    if (latest_ns != latest_ns_) {
      const std::int64_t drift = (now_ns - seen_ns_) / 5000;
      const std::int64_t apart = now_ns - latest_ns;
      apart_ns_ = known_ ? std::min(apart_ns_ + drift, apart) : apart;
      known_ = true;
      latest_ns_ = latest_ns;
      seen_ns_ = now_ns;
    }
    return known_ ? std::max(latest_ns, now_ns - apart_ns_) : 0;
  }

 private:
  bool known_ = false;
  std::int64_t latest_ns_ = 0;
  std::int64_t seen_ns_ = 0;
  std::int64_t apart_ns_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_SAMPLE_TIME_H_
