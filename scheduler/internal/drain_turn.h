// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_DRAIN_TURN_H_
#define WEFT_SCHEDULER_INTERNAL_DRAIN_TURN_H_

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "weft/core/blocking_scope.h"

namespace weft::internal {

// Whose turn it is, of the threads that wait, to be the worker where there is no other: one
// at a time, so that the order stays strict.
//
// Thread safety: every method from any thread.
class DrainTurn {
 public:
  // False: another has it.
  bool TryBegin() {
    absl::MutexLock lock(&mu_);
    return !std::exchange(taken_, true);
  }
  // Blocks while another has it.
  void Begin() {
    const BlockingScope blocking;  // this thread may be another scheduler's worker
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &DrainTurn::Free));
    taken_ = true;
  }
  void End() {
    absl::MutexLock lock(&mu_);
    taken_ = false;
  }
  // May be stale at once.
  bool SeemsFree() {
    absl::MutexLock lock(&mu_);
    return !taken_;
  }

 private:
  bool Free() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !taken_; }

  absl::Mutex mu_;
  bool taken_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_DRAIN_TURN_H_
