// SPDX-License-Identifier: Apache-2.0
//
// How often this process has come from a fork: what has threads of its own asks whether
// it is still in the process that it was made in.

#ifndef WEFT_CORE_INTERNAL_FORK_COUNT_H_
#define WEFT_CORE_INTERNAL_FORK_COUNT_H_

#include <atomic>
#include <cstdint>

namespace weft::internal {

inline constinit std::atomic<std::uint32_t> fork_count{0};

// Counts the forks from now on, by one handler for the whole process. False: there was no
// memory for the handler.
bool CountForks();

// Differs between a process and the children that it has forked since CountForks.
inline std::uint32_t ForkCount() {
  // relaxed: it changes while there is one thread, before fork returns to it.
  return fork_count.load(std::memory_order_relaxed);
}

}  // namespace weft::internal

#endif  // WEFT_CORE_INTERNAL_FORK_COUNT_H_
