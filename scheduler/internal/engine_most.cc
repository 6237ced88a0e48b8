// SPDX-License-Identifier: Apache-2.0
//
// How many bodies may run at once: as many as the bound on tasks in flight leaves room for, and one
// while memory runs short.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/scheduler/internal/bounds.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/simulated_workers.h"

namespace weft::internal {

void Engine::CountParked(int change) noexcept {
  const std::int64_t parked = parked_.fetch_add(change, std::memory_order_relaxed);
  // Most that are parked leave room for all workers.
  if (parked + max_width_ < max_in_flight_ && !bounds_->ledger().closed()) return;
  UpdateMost();
}

void Engine::UpdateMost() noexcept {
  absl::MutexLock lock(&most_mu_);
  one_by_one_ = bounds_->ledger().closed();
  loop_.SetMost(MostRunning(one_by_one_));
}

int Engine::MostRunning(bool closed) const {
  // On another clock no timer would let simulated workers go on.
  if (simulated_ != nullptr && &simulated_->clock() != &clock_) return max_in_flight_;
  std::int64_t most = max_in_flight_ - parked_.load(std::memory_order_relaxed);
  // One by one, whether on a worker or on a thread for bodies that block.
  if (closed) most = std::min(most, 1 - pooled_.load(std::memory_order_relaxed));
  return static_cast<int>(std::max<std::int64_t>(most, 0));
}

// Whoever comes last sees what was looked at last.
void Engine::TellWhetherOneByOne() noexcept {
  absl::MutexLock lock(&most_mu_);
  const bool closed = bounds_->ledger().closed();
  if (std::exchange(one_by_one_, closed) != closed) loop_.SetMost(MostRunning(closed));
}

// Tasks that declare nothing are held back by the number of those that run: a look now and then
// is all that they cost.
void Engine::OnTurns(PumpTurns& turns) noexcept {
  if (!bounds_->reads_memory()) return RunLoopHost::OnTurns(turns);
  // Of bodies that suddenly are long so many go by before the next look.
  constexpr std::uint32_t kMost = 256;
  const absl::Duration now = clock_.Now();
  const std::int64_t at = absl::ToInt64Nanoseconds(now);
  const std::int64_t took = at - std::exchange(turns.told_at, at);
  if (took < 1'000'000) {
    turns.stride = std::min((took < 60'000 ? 16 : 2) * turns.stride, kMost);
  } else if (took > 8'000'000) {
    turns.stride = 1;
  }
  turns.left = turns.stride;
  if (now < look_from_ || !bounds_->Due(now)) {
    // A long body may follow, and nobody else come by.
    if (bounds_->ledger().closed()) LookAgain();
    return;
  }
  Gate::After after(*this);
  Gate::LookNow(*this, now, after);
}

}  // namespace weft::internal
