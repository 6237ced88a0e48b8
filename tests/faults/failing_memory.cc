// SPDX-License-Identifier: Apache-2.0

#include "faults/failing_memory.h"

#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::atomic<std::int64_t> live{0};
std::atomic<std::int64_t> counted{0};
std::atomic<std::int64_t> first_failing{kNever};
std::atomic<std::int64_t> last_failing{kNever};
std::atomic<bool> failed{false};

bool Fails() {
  const std::int64_t first = first_failing.load();
  if (first == kNever) return false;
  const std::int64_t number = ++counted;
  if (number < first || number > last_failing.load()) return false;
  failed = true;
  return true;
}

void* Allocate(std::size_t size, std::size_t alignment) {
  void* memory = nullptr;
  if (Fails() || posix_memalign(&memory, alignment, size == 0 ? 1 : size) != 0) {
    throw std::bad_alloc();
  }
  ++live;
  return memory;
}

void* AllocateOrNull(std::size_t size, std::size_t alignment) noexcept {
  try {
    return Allocate(size, alignment);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void Free(void* memory) noexcept {
  if (memory == nullptr) return;
  --live;
  std::free(memory);
}

constexpr std::size_t kDefault = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

void* operator new(std::size_t size) { return Allocate(size, kDefault); }
void* operator new[](std::size_t size) { return Allocate(size, kDefault); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return AllocateOrNull(size, kDefault);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return AllocateOrNull(size, kDefault);
}
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, std::size_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { Free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { Free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { Free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { Free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { Free(memory); }

namespace weft::testing {

void FailAllocation(std::int64_t number, bool and_later) {
  counted = 0;
  failed = false;
  last_failing = and_later ? kNever : number;
  first_failing = number;
}

bool StopFailing() {
  first_failing = kNever;
  return failed;
}

std::int64_t LiveAllocations() { return live; }

}  // namespace weft::testing
