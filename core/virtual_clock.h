// SPDX-License-Identifier: Apache-2.0
//
// A clock that moves only when it is told to: for tests, and for simulated workers.

#ifndef WEFT_CORE_VIRTUAL_CLOCK_H_
#define WEFT_CORE_VIRTUAL_CLOCK_H_

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"

namespace weft {

// Begins at 0.
//
// Thread safety: every method may be called from any thread.
class VirtualClock final : public Clock {
 public:
  absl::Duration Now() const override {
    absl::MutexLock lock(&mu_);
    return now_;
  }
  // What is negative counts as nothing: a clock never goes back.
  void Advance(absl::Duration by) {
    absl::MutexLock lock(&mu_);
    now_ += std::max(by, absl::ZeroDuration());
  }
  // Nothing when it is later already.
  void AdvanceTo(absl::Duration time) {
    absl::MutexLock lock(&mu_);
    now_ = std::max(now_, time);
  }

 private:
  mutable absl::Mutex mu_;
  absl::Duration now_ ABSL_GUARDED_BY(mu_);
};

}  // namespace weft

#endif  // WEFT_CORE_VIRTUAL_CLOCK_H_
