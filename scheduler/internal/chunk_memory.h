// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_CHUNK_MEMORY_H_
#define WEFT_SCHEDULER_INTERNAL_CHUNK_MEMORY_H_

#include <cstddef>

namespace weft::internal {

// `bytes`, a power of two, at a multiple of `bytes`; on huge pages where the system has
// them to give. Throws std::bad_alloc.
void* AllocateChunk(std::size_t bytes);
void FreeChunk(void* chunk, std::size_t bytes);

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_CHUNK_MEMORY_H_
