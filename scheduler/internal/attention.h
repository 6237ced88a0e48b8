// SPDX-License-Identifier: Apache-2.0
//
// One word that says whether anything is unusual.

#ifndef WEFT_SCHEDULER_INTERNAL_ATTENTION_H_
#define WEFT_SCHEDULER_INTERNAL_ATTENTION_H_

#include <atomic>
#include <cstdint>

namespace weft::internal {

// What workers look at between any two tasks: whether something lies apart from what most have
// (ReadyLanes), or one of them is to leave (PumpLedger). Hints, but for surplus() under the
// ledger's lock.
//
// Thread safety: every method from any thread.
// Cost: a look is one load of a line that is seldom written.
template <class P>
class alignas(64) Attention {
 public:
  bool Needed() const { return Word() != 0; }

  // How many nodes; below 0 for a moment when one is taken before it is counted.
  std::int64_t apart() const { return Word() >> 1; }
  void AddApart(std::int64_t nodes) { word_.fetch_add(2 * nodes, std::memory_order_relaxed); }

  bool surplus() const { return (Word() & 1) != 0; }
  // One caller at a time.
  void SetSurplus(bool surplus) {
    if (surplus != this->surplus()) word_.fetch_add(surplus ? 1 : -1, std::memory_order_relaxed);
  }

 private:
  // relaxed: nothing else is read on the strength of it.
  std::int64_t Word() const { return word_.load(std::memory_order_relaxed); }

  typename P::template Atomic<std::int64_t> word_{0};  // twice the nodes, and one
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ATTENTION_H_
