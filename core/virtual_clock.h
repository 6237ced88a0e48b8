// SPDX-License-Identifier: Apache-2.0
//
// A clock that moves only when it is told to: for tests, and for simulated workers.

#ifndef WEFT_CORE_VIRTUAL_CLOCK_H_
#define WEFT_CORE_VIRTUAL_CLOCK_H_

#include <algorithm>
#include <vector>

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
    {
      absl::MutexLock lock(&mu_);
      now_ += std::max(by, absl::ZeroDuration());
    }
    TellWatchers();
  }
  // Nothing when it is later already.
  void AdvanceTo(absl::Duration time) {
    {
      absl::MutexLock lock(&mu_);
      if (time <= now_) return;
      now_ = time;
    }
    TellWatchers();
  }

  bool Watch(Watcher& watcher) const override {
    absl::MutexLock lock(&watchers_mu_);
    watchers_.push_back(&watcher);
    return true;
  }
  void Unwatch(Watcher& watcher) const override {
    absl::MutexLock lock(&watchers_mu_);
    watchers_.erase(std::remove(watchers_.begin(), watchers_.end(), &watcher), watchers_.end());
  }

 private:
  void TellWatchers() {
    absl::MutexLock lock(&watchers_mu_);
    for (Watcher* const watcher : watchers_) watcher->OnClockMoved();
  }

  mutable absl::Mutex mu_;
  absl::Duration now_ ABSL_GUARDED_BY(mu_);
  mutable absl::Mutex watchers_mu_;
  mutable std::vector<Watcher*> watchers_ ABSL_GUARDED_BY(watchers_mu_);
};

}  // namespace weft

#endif  // WEFT_CORE_VIRTUAL_CLOCK_H_
