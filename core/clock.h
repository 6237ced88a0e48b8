// SPDX-License-Identifier: Apache-2.0
//
// The seam through which weft reads time, so that tests can hold it still.

#ifndef WEFT_CORE_CLOCK_H_
#define WEFT_CORE_CLOCK_H_

#include "absl/time/time.h"

namespace weft {

// A monotonic clock. Wall-clock jumps never move it.
//
// Thread safety: Now() from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  // Time since an arbitrary fixed point; never less than an earlier answer.
  virtual absl::Duration Now() const = 0;
};

// The machine's steady clock. Lives for ever.
Clock& SteadyClock();

}  // namespace weft

#endif  // WEFT_CORE_CLOCK_H_
