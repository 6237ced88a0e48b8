// SPDX-License-Identifier: Apache-2.0
//
// The seam through which weft reads time, so that tests can hold it still.

#ifndef WEFT_CORE_CLOCK_H_
#define WEFT_CORE_CLOCK_H_

#include "absl/time/time.h"

namespace weft {

// A monotonic clock. Wall-clock jumps never move it.
//
// Thread safety: every method from any thread.
class Clock {
 public:
  // Who waits for a time of a clock that moves only when it is told to.
  class Watcher {
   public:
    // Must not call the clock; returns at once.
    virtual void OnClockMoved() = 0;

   protected:
    ~Watcher() = default;
  };

  virtual ~Clock() = default;

  // Time since an arbitrary fixed point; never less than an earlier answer.
  virtual absl::Duration Now() const = 0;

  // From now on, until Unwatch has returned, `watcher` is told of each move. False: nobody is,
  // for the clock moves by itself as the machine's steady clock does: who waits for a time of
  // it sleeps as long, and looks again. May throw std::bad_alloc.
  virtual bool Watch(Watcher& watcher) const {
    static_cast<void>(watcher);
    return false;
  }
  virtual void Unwatch(Watcher& watcher) const { static_cast<void>(watcher); }
};

// The machine's steady clock. Lives for ever.
Clock& SteadyClock();

}  // namespace weft

#endif  // WEFT_CORE_CLOCK_H_
