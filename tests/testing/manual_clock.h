// SPDX-License-Identifier: Apache-2.0
//
// A clock that stands still until a test moves it.

#ifndef WEFT_TESTS_TESTING_MANUAL_CLOCK_H_
#define WEFT_TESTS_TESTING_MANUAL_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"

namespace weft::testing {

// Thread safety: every method may be called from any thread.
class ManualClock final : public Clock {
 public:
  absl::Duration Now() const override {
    absl::MutexLock lock(&mu_);
    return now_;
  }
  void Advance(absl::Duration by) {
    absl::MutexLock lock(&mu_);
    now_ += by;
  }

 private:
  mutable absl::Mutex mu_;
  absl::Duration now_ ABSL_GUARDED_BY(mu_);
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_TESTING_MANUAL_CLOCK_H_
