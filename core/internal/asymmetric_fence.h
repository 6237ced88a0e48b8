// SPDX-License-Identifier: Apache-2.0
//
// A pair of fences of which one costs nothing: for two threads that each write something and
// then look at what the other writes, where one of them does so often and the other seldom.
//
// P1202R5, "Asymmetric fences"; membarrier(2).

#ifndef WEFT_CORE_INTERNAL_ASYMMETRIC_FENCE_H_
#define WEFT_CORE_INTERNAL_ASYMMETRIC_FENCE_H_

#include <atomic>

namespace weft::internal {

inline constinit std::atomic<bool> fences_are_asymmetric{false};

// Asks the kernel for them: before they are used, each time.
//
// Thread safety: any thread.
// Cost: some milliseconds in which the calling thread sleeps, once in a process and in each child
// that it forks; nothing afterwards.
void PrepareFences();

// Whether the two below are a pair. Where they are not (the kernel has no private expedited
// membarrier, or a filter of system calls forbids it), protocols use ordinary fences instead.
inline bool FencesAreAsymmetric() {
  // relaxed: it says what may be begun; it changes before there are others, or never.
  return fences_are_asymmetric.load(std::memory_order_relaxed);
}

// Of a LightFence and a HeavyFence one comes first, as if both were sequentially consistent:
// what was written before it is seen after the other. Two light ones say nothing.
//
// Thread safety: any thread.
// Cost: nothing but what it keeps the compiler from.
inline void LightFence() { std::atomic_signal_fence(std::memory_order_seq_cst); }

// Two heavy ones are ordered, too. Only for a protocol that has found FencesAreAsymmetric.
//
// Thread safety: any thread.
// Cost: a system call that interrupts each processor on which a thread of the process runs: 1
// to 15 us.
void HeavyFence();

}  // namespace weft::internal

#endif  // WEFT_CORE_INTERNAL_ASYMMETRIC_FENCE_H_
