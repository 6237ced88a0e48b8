// SPDX-License-Identifier: Apache-2.0
//
// How much of a thread's stack bodies on top of each other may use.

#ifndef WEFT_SCHEDULER_INTERNAL_STACK_ROOM_H_
#define WEFT_SCHEDULER_INTERNAL_STACK_ROOM_H_

#include <cstdint>

namespace weft::internal {

// Where the stack ends is asked once (pthread_getattr_np(3)): a few microseconds, on a process's
// first thread a read of /proc. Where that cannot be known, or on a stack that the thread was not
// started with, there is always room.
//
// Thread safety: asked on one thread.
class StackRoom {
 public:
  // Kept free, unless a quarter of the stack is less.
  static constexpr std::uintptr_t kReserve = 256 << 10;

  bool IsLow() noexcept;

 private:
  std::uintptr_t floor_ = 0;  // 0: not asked yet
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_STACK_ROOM_H_
