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

// What one worker has to say about the tasks of a scope: so many have ended that it did
// not also bring in; and, of groups, how many it brought in and how many completed.
struct ScopeNews {
  std::int64_t ended = 0;
  std::int64_t submitted = 0;
  std::int64_t completed = 0;
};

// Tasks that end together: one run of a graph, or a group. Workers hand in their news in
// bundles (ScopeTally).
//
// Thread safety: any thread.
template <class P>
class Scope {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // When the last bundle comes in, the scope may be gone before this returns.
  virtual void HandIn(const ScopeNews& news, Worker<P>& worker) noexcept = 0;

  // Counts `tasks` more before they have come in, for a worker that is about to make them.
  virtual void Foresee(std::int64_t tasks) noexcept = 0;

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
  const StopFlag* stop_flag_ = nullptr;  // of the outermost run; constant during a run
};

// The tasks of one run of a graph: all are counted before the first can run.
//
// Thread safety: Expect before the tasks are visible to others; the rest any thread.
template <class P>
class CountedScope : public Scope<P> {
 public:
  void Expect(std::int64_t tasks) {
    // relaxed: whoever makes the tasks ready publishes this with them.
    unfinished_.store(tasks, std::memory_order_relaxed);
  }
  // Called once for each Expect, when the last bundle has come in, by the worker that
  // brought it. What all tasks did is visible. The caller touches the scope no more.
  virtual void OnQuiet(Worker<P>& worker) noexcept = 0;

 protected:
  ~CountedScope() = default;

 private:
  void HandIn(const ScopeNews& news, Worker<P>& worker) noexcept final {
    // acq_rel: the bundle that reaches zero has seen what all tasks did.
    if (unfinished_.fetch_sub(news.ended, std::memory_order_acq_rel) == news.ended) {
      OnQuiet(worker);
    }
  }
  void Foresee(std::int64_t) noexcept final {}  // never called: all tasks are counted

  typename P::template Atomic<std::int64_t> unfinished_{0};
};

// What one worker has not handed in yet, all of one scope.
//
// Thread safety: the owner.
template <class P>
class ScopeTally {
 public:
  void CountEnd(Scope<P>& scope, Worker<P>& worker) {
    Attach(scope, worker);
    ++news_.ended;
  }
  void CountCompleted(Scope<P>& scope, Worker<P>& worker) {
    Attach(scope, worker);
    ++news_.ended;
    ++news_.completed;
  }
  // So many more, made by a task of the same scope: which therefore has not ended, and so
  // nobody waits for what is foreseen here.
  void CountSubmitted(Scope<P>& scope, Worker<P>& worker, std::int64_t tasks) {
    Attach(scope, worker);
    if (news_.ended <= tasks) {  // at least one is kept: while there is news, there is no rest
      scope.Foresee(tasks - 1 + kForeseen);
      news_.ended += tasks - 1 + kForeseen;
    }
    news_.ended -= tasks;
    news_.submitted += tasks;
  }
  // That task does not come after all; requires CountSubmitted.
  void TakeBackSubmitted(Scope<P>& scope, Worker<P>& worker) {
    Attach(scope, worker);
    ++news_.ended;
    --news_.submitted;
  }
  // Before a task of `scope` runs here.
  void TurnTo(const Scope<P>& scope, Worker<P>& worker) {
    if (scope_ != nullptr && scope_ != &scope) [[unlikely]]
      HandInAll(worker);
  }
  // Before the worker looks elsewhere for work, runs another scope's task, or blocks: so
  // that a scope never waits for a worker that does nothing for it.
  [[gnu::noinline]] void HandInAll(Worker<P>& worker) {
    // The end of a nested run ends a task of the run around it, which is counted here.
    while (scope_ != nullptr) {
      Scope<P>* const scope = scope_;
      const ScopeNews news = news_;
      scope_ = nullptr;
      news_ = {};
      scope->HandIn(news, worker);
    }
  }

 private:
  static constexpr std::int64_t kForeseen = 64;

  void Attach(Scope<P>& scope, Worker<P>& worker) {
    if (scope_ != &scope) [[unlikely]] {
      HandInAll(worker);
      scope_ = &scope;
    }
  }

  Scope<P>* scope_ = nullptr;
  ScopeNews news_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_SCOPE_H_
