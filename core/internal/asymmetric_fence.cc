// SPDX-License-Identifier: Apache-2.0

#include "weft/core/internal/asymmetric_fence.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <linux/membarrier.h>
#include <mutex>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include "weft/core/internal/fork_count.h"

namespace weft::internal {
namespace {

long MemoryBarrier(int command) { return syscall(SYS_membarrier, command, 0U, 0); }

}  // namespace

void PrepareFences() {
  static std::atomic<std::uint32_t> prepared{0};  // one more than the forks before
  const std::uint32_t forks = ForkCount() + 1;
  if (prepared.load(std::memory_order_acquire) == forks) return;
  const long commands = MemoryBarrier(MEMBARRIER_CMD_QUERY);
  const bool registered = commands >= 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0 &&
                          MemoryBarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
  // Later it stays as HeavyFence has left it.
  static std::once_flag first;
  std::call_once(
      first, [registered] { fences_are_asymmetric.store(registered, std::memory_order_seq_cst); });
  prepared.store(forks, std::memory_order_release);
}

void HeavyFence() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (FencesAreAsymmetric() && MemoryBarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return;
  // The kernel gives it no more, though it did. Nobody begins to rely on it from now on; what
  // others have written behind light fences is out when this thread wakes, for a store waits in
  // a processor for nanoseconds. The same for all who began before, and come here later.
  fences_are_asymmetric.store(false, std::memory_order_seq_cst);
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace weft::internal
