// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/stack_room.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <pthread.h>

namespace weft::internal {
namespace {

constexpr std::uintptr_t kNoFloor = 1;

std::uintptr_t FloorOfThread(std::uintptr_t here) noexcept {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return kNoFloor;
  void* lowest = nullptr;
  std::size_t size = 0;
  const bool known = pthread_attr_getstack(&attributes, &lowest, &size) == 0;
  pthread_attr_destroy(&attributes);
  const auto low = reinterpret_cast<std::uintptr_t>(lowest);
  if (!known || here < low || here - low >= size) return kNoFloor;
  return low + std::min<std::uintptr_t>(StackRoom::kReserve, size / 4);
}

}  // namespace

// The frame's address, not a variable's: a sanitizer may keep variables elsewhere.
bool StackRoom::IsLow() noexcept {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  if (floor_ == 0) floor_ = FloorOfThread(here);
  return here < floor_;
}

}  // namespace weft::internal
