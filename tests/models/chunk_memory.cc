// SPDX-License-Identifier: Apache-2.0
//
// In place of scheduler/internal/chunk_memory.cc: a model's pool is made anew for each
// of a million executions, and advice on huge pages would split the heap into as many
// mappings as the system allows.

#include "weft/scheduler/internal/chunk_memory.h"

#include <cstddef>
#include <new>

namespace weft::internal {

void* AllocateChunk(std::size_t bytes) { return ::operator new (bytes, std::align_val_t{bytes}); }
void FreeChunk(void* chunk, std::size_t bytes) {
  ::operator delete (chunk, std::align_val_t{bytes});
}

}  // namespace weft::internal
