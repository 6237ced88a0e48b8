// SPDX-License-Identifier: Apache-2.0
//
// The pumps of an executor: how many there are, and which of those that were asked for
// nobody has begun.

#ifndef WEFT_SCHEDULER_INTERNAL_PUMPS_H_
#define WEFT_SCHEDULER_INTERNAL_PUMPS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "weft/core/internal/platform.h"
#include "weft/scheduler/task_executor.h"

namespace weft::internal {

// A worker's pump that is asked for is a request in a list, and a call of RunNext that the
// library which has the threads will make some time. The call serves the oldest request, if
// there is one, not one of its own: so a request may be served by somebody else, and the
// call that then has nothing to do may come any time later, or serve a later request. Each
// request is served once.
//
// Shared by the executor and by each of those calls, so that one may linger after Stop has
// returned, and touch nothing but this.
//
// Thread safety: every method from any thread.
// Cost: a lock, and for Ask a clock read; memory only for more requests at once than ever.
class Pumps {
 public:
  using TimePoint = StdPlatform::TimePoint;
  using Duration = TimePoint::duration;

  static constexpr Duration kNever = Duration::max();

  // A request that is `patience` old is late; with kNever none is. Slots below `width` are those of
  // workers; the others stand in for blocked ones.
  Pumps(int width, WorkerHooks hooks, Duration patience);

  int width() const ABSL_LOCKS_EXCLUDED(mu_);
  void SetWidth(int width) ABSL_LOCKS_EXCLUDED(mu_);
  std::int64_t failed_hooks() const ABSL_LOCKS_EXCLUDED(mu_);
  // For so many requests a thread of ours was called.
  std::int64_t late() const ABSL_LOCKS_EXCLUDED(mu_);

  void Start(WorkSource* source) ABSL_LOCKS_EXCLUDED(mu_);
  // Blocks until there is no pump and no request, and admits no more.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

  enum class Asked {
    kNo,       // not started, or stopped
    kSpare,    // it stands in for another: Run on a thread of ours, or Withdraw, must follow
    kYes,      // RunNext must be called once more
    kToWatch,  // the same, and nobody looks for late requests: see WatchOver
  };
  // Throws std::bad_alloc.
  Asked Ask(int slot, TimePoint now) ABSL_LOCKS_EXCLUDED(mu_);
  void Run(int slot) noexcept ABSL_LOCKS_EXCLUDED(mu_);
  void Withdraw() ABSL_LOCKS_EXCLUDED(mu_);
  // RunNext will not be called. False: the request has been served all the same.
  bool TakeBack(int slot) ABSL_LOCKS_EXCLUDED(mu_);
  void RunNext() noexcept ABSL_LOCKS_EXCLUDED(mu_);

  // For who watches.
  struct Watch {
    bool late = false;               // call RunNext on a thread of ours, or say NotCalled
    std::optional<TimePoint> until;  // when to look again; else when Ask says kToWatch
  };
  Watch WatchOver(TimePoint now) ABSL_LOCKS_EXCLUDED(mu_);
  // There was no thread to be had: the request is late again after another while.
  void NotCalled(TimePoint now) ABSL_LOCKS_EXCLUDED(mu_);
  // Nobody watches after all: the next Ask says so again.
  void StopWatching() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Request {
    int slot;
    TimePoint since;
    bool called = false;  // it was late, and a thread of ours comes
  };
  void Call(const std::function<void()>& hook) noexcept ABSL_LOCKS_EXCLUDED(mu_);
  bool NoneAdmitted() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return admitted_ == 0; }

  const WorkerHooks hooks_;
  const Duration patience_;
  mutable absl::Mutex mu_;
  int width_ ABSL_GUARDED_BY(mu_);
  WorkSource* source_ ABSL_GUARDED_BY(mu_) = nullptr;   // not null while a pump is admitted
  int admitted_ ABSL_GUARDED_BY(mu_) = 0;               // pumps and requests
  std::vector<Request> requests_ ABSL_GUARDED_BY(mu_);  // the oldest first
  bool watched_ ABSL_GUARDED_BY(mu_) = false;
  std::int64_t late_ ABSL_GUARDED_BY(mu_) = 0;
  std::int64_t failed_hooks_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_PUMPS_H_
