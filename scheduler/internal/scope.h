// SPDX-License-Identifier: Apache-2.0
//
// Knows when the last of many tasks has ended, without a shared counter that every
// end would have to touch.

#ifndef WEFT_SCHEDULER_INTERNAL_SCOPE_H_
#define WEFT_SCHEDULER_INTERNAL_SCOPE_H_

#include <atomic>
#include <cstdint>

#include "weft/scheduler/internal/node.h"

namespace weft::internal {

// Tasks that end together: one run of a graph. All are counted before the first can
// run; workers hand in their ends in bundles (ScopeTally).
//
// Thread safety: Expect before the tasks are visible to others; the rest any thread.
template <class P>
class Scope {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  void Expect(std::int64_t tasks) {
    // relaxed: whoever makes the tasks ready publishes this with them.
    unfinished_.store(tasks, std::memory_order_relaxed);
  }
  // Called once for each Expect, when the last bundle has come in, by the worker that
  // brought it. What all tasks did is visible. The caller touches the scope no more.
  virtual void OnQuiet(Worker<P>& worker) noexcept = 0;

  // True: tasks that have not started are to end as cancelled.
  bool stopped() const {
    // relaxed: a request; the reason is read under a lock by who acts on it.
    return stop_flag_->load(std::memory_order_relaxed);
  }

 protected:
  ~Scope() = default;
  using StopFlag = typename P::template Atomic<bool>;
  void FollowStopFlag(const StopFlag* flag) { stop_flag_ = flag; }
  const StopFlag* stop_flag() const { return stop_flag_; }

 private:
  template <class>
  friend class ScopeTally;
  typename P::template Atomic<std::int64_t> unfinished_{0};
  const StopFlag* stop_flag_ = nullptr;  // of the outermost run; constant during a run
};

// The ends that one worker has not handed in yet, all of one scope.
//
// Thread safety: the owner.
template <class P>
class ScopeTally {
 public:
  void CountEnd(Scope<P>& scope, Worker<P>& worker) {
    if (scope_ != &scope) [[unlikely]] {
      HandInAll(worker);
      scope_ = &scope;
    }
    ++ended_;
  }
  // Before a task of `scope` runs here.
  void TurnTo(const Scope<P>& scope, Worker<P>& worker) {
    if (ended_ != 0 && scope_ != &scope) [[unlikely]]
      HandInAll(worker);
  }
  // Before the worker looks elsewhere for work, runs another scope's task, or blocks: so
  // that a scope never waits for a worker that does nothing for it.
  [[gnu::noinline]] void HandInAll(Worker<P>& worker) {
    // The end of a nested run ends a task of the run around it, which is counted here.
    while (ended_ != 0) HandIn(worker);
  }

 private:
  void HandIn(Worker<P>& worker) {
    Scope<P>* const scope = scope_;
    const std::int64_t ended = ended_;
    scope_ = nullptr;
    ended_ = 0;
    // acq_rel: the bundle that reaches zero has seen what all tasks did.
    if (scope->unfinished_.fetch_sub(ended, std::memory_order_acq_rel) == ended) {
      scope->OnQuiet(worker);
    }
  }

  Scope<P>* scope_ = nullptr;
  std::int64_t ended_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_SCOPE_H_
