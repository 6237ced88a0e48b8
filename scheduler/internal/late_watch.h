// SPDX-License-Identifier: Apache-2.0
//
// Brings threads of ours for pumps that were asked for and have not come: a host that uses
// oneTBB, too, may leave us fewer of its threads than we asked for.

#ifndef WEFT_SCHEDULER_INTERNAL_LATE_WATCH_H_
#define WEFT_SCHEDULER_INTERNAL_LATE_WATCH_H_

#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/pumps.h"
#include "weft/scheduler/internal/spare_threads.h"

namespace weft::internal {

// A thread that looks when a request becomes late, and sleeps for good when there is none
// left: at most one Wake and one look in each patience, however many pumps come and go.
// Made by the first Wake.
//
// Thread safety: Wake from any thread; the destructor when `pumps` has been stopped.
class LateWatch {
 public:
  // Late pumps run on `threads`, which outlives this.
  LateWatch(std::shared_ptr<Pumps> pumps, SpareThreads& threads)
      : pumps_(std::move(pumps)), threads_(threads) {}
  LateWatch(const LateWatch&) = delete;
  LateWatch& operator=(const LateWatch&) = delete;
  ~LateWatch();

  // When Pumps::Ask has said kToWatch.
  void Wake() noexcept ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Look() ABSL_LOCKS_EXCLUDED(mu_);
  void BringOne();
  bool ending() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return ending_;
  }

  const std::shared_ptr<Pumps> pumps_;
  SpareThreads& threads_;
  StdPlatform::Parker parker_;
  mutable absl::Mutex mu_;
  bool ending_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_ ABSL_GUARDED_BY(mu_);
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_LATE_WATCH_H_
