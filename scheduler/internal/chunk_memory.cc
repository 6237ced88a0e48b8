// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/chunk_memory.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <new>

namespace weft::internal {

void* AllocateChunk(std::size_t bytes) {
  void* const chunk = ::operator new (bytes, std::align_val_t{bytes});
#if defined(__linux__)
  // Ready nodes lie anywhere in megabytes of them: with small pages, half of a step is
  // the search for an address. A hint; nothing depends on it.
  madvise(chunk, bytes, MADV_HUGEPAGE);
#endif
  return chunk;
}

void FreeChunk(void* chunk, std::size_t bytes) {
  ::operator delete (chunk, std::align_val_t{bytes});
}

}  // namespace weft::internal
