// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_HAND_OVERS_H_
#define WEFT_SCHEDULER_INTERNAL_HAND_OVERS_H_

#include <cstddef>
#include <mutex>
#include <vector>

#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/task_ptr.h"

namespace weft::internal {

// Which tasks will hand their successors over, and to whom: what a search for a cycle has to
// know before it happens. Each task is here until it ends.
//
// Thread safety: every method from any thread.
// Cost: O(hand-overs that are planned just now); one load while there are none.
class HandOvers {
 public:
  // Instead of what was planned for `from`. Throws std::bad_alloc: then nothing is.
  void Plan(EngineTask& from, EngineTask& to) {
    std::lock_guard lock(lock_);
    Erase(from);
    plans_.push_back({&from, &to});
    count_.store(plans_.size(), std::memory_order_relaxed);
  }
  void Forget(const EngineTask& from) noexcept {
    std::lock_guard lock(lock_);
    Erase(from);
  }
  // Calls visit(EngineTask&) with each that will hand over to `to`, under the lock.
  template <class F>
  void ForEachTo(const EngineTask& to, F visit) {
    // relaxed: whoever needs to be sure holds the lock that all who plan hold.
    if (count_.load(std::memory_order_relaxed) == 0) return;
    std::lock_guard lock(lock_);
    for (const Planned& plan : plans_) {
      if (plan.to == &to) visit(*plan.from);
    }
  }

 private:
  struct Planned {
    EngineTask* from;
    EngineTask* to;
  };

  void Erase(const EngineTask& from) {  // requires lock_
    std::erase_if(plans_, [&from](const Planned& plan) { return plan.from == &from; });
    count_.store(plans_.size(), std::memory_order_relaxed);
  }

  StdPlatform::Lock lock_;
  std::vector<Planned> plans_;  // guarded by lock_
  StdPlatform::Atomic<std::size_t> count_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_HAND_OVERS_H_
