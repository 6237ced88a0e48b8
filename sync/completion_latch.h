// SPDX-License-Identifier: Apache-2.0
//
// Counts work that is under way, so that an owner can wait until none is: the
// way out for whoever must not be destroyed under the feet of a running thread.

#ifndef WEFT_SYNC_COMPLETION_LATCH_H_
#define WEFT_SYNC_COMPLETION_LATCH_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace weft {

// Unlike a one-shot latch it may rise again after it has reached zero.
//
// Thread safety: every method may be called from any thread. Destroy it only
// when no other thread is inside a method; a finished Wait does not promise that
// the last Finish has returned, so share ownership where the finisher may linger.
// Cost: one lock per call.
class CompletionLatch {
 public:
  CompletionLatch() = default;
  CompletionLatch(const CompletionLatch&) = delete;
  CompletionLatch& operator=(const CompletionLatch&) = delete;

  void Begin(std::int64_t count = 1) ABSL_LOCKS_EXCLUDED(mu_);

  // Requires: as many calls of Begin before.
  void Finish() ABSL_LOCKS_EXCLUDED(mu_);

  // Blocks until nothing is under way. What was done before the matching Finish
  // calls is visible to the caller afterwards.
  void Wait() const ABSL_LOCKS_EXCLUDED(mu_);

  // The same, for at most `timeout`. False: something is still under way.
  bool WaitFor(absl::Duration timeout) const ABSL_LOCKS_EXCLUDED(mu_);

  std::int64_t under_way() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  bool IsZero() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return count_ == 0; }

  mutable absl::Mutex mu_;
  std::int64_t count_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace weft

#endif  // WEFT_SYNC_COMPLETION_LATCH_H_
