// SPDX-License-Identifier: Apache-2.0

#include "models/quarantine.h"

#include <cstddef>
#include <cstdlib>
#include <new>

#include "models/fiber.h"  // which sanitizer this is

namespace {

// By hand: a container would come back here for its own memory.
struct Blocks {
  void** data = nullptr;
  std::size_t size = 0;
  std::size_t capacity = 0;
};
Blocks blocks;
bool keeps = false;

void Keep(void* block) {
  if (blocks.size == blocks.capacity) {
    blocks.capacity = blocks.capacity == 0 ? 64 : blocks.capacity * 2;
    blocks.data = static_cast<void**>(std::realloc(blocks.data, blocks.capacity * sizeof(void*)));
    if (blocks.data == nullptr) std::abort();
  }
  blocks.data[blocks.size++] = block;
}

[[maybe_unused]] void* Allocate(std::size_t size, std::size_t alignment) {
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* const block = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

[[maybe_unused]] void Free(void* block) noexcept {
  if (keeps && block != nullptr) {
    Keep(block);
  } else {
    std::free(block);
  }
}

}  // namespace

namespace weft::models {

Quarantine::Quarantine() { keeps = true; }
Quarantine::~Quarantine() {
  keeps = false;
  while (blocks.size > 0) std::free(blocks.data[--blocks.size]);
}

}  // namespace weft::models

// ThreadSanitizer's runtime brings its own and lets nobody replace them: a late use in a
// model is a late use of the memory there, which it reports.
#if !defined(WEFT_MODELS_TSAN)

// The forms that the library does not trace back to these.
void* operator new(std::size_t size) {
  void* const block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
// A sanitizer's form of this one would not come back here, and what it gives is not free's.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { Free(block); }
void operator delete(void* block, std::size_t) noexcept { Free(block); }
void operator delete(void* block, std::align_val_t) noexcept { Free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { Free(block); }

#endif  // !WEFT_MODELS_TSAN
