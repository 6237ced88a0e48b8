// SPDX-License-Identifier: Apache-2.0
//
// The memory between those who tell and the one who writes: pieces of one size, of which there
// are no more than a limit, whoever needs them.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_CHUNK_POOL_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_CHUNK_POOL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace weft::internal {

// A piece of one stream (record_stream.h), or free.
//
// Thread safety: its owner's; `below` belongs to the pool.
template <class P, std::uint32_t kWords>
struct RecordChunk {
  explicit RecordChunk(std::uint32_t its_number) : number(its_number) {}

  typename P::template Plain<std::uint64_t> words[kWords];
  typename P::template Plain<RecordChunk*> following{nullptr};  // in its stream
  typename P::template Atomic<std::uint32_t> below{0};          // in the pool; 0: none
  const std::uint32_t number;                                   // from 1
};

// Chunks are made when they are first needed and kept until the pool goes.
//
// Thread safety: Take from any thread; Give from one at a time.
// Cost: one exchange; `new` while there are fewer chunks than have ever been needed at once.
template <class P, std::uint32_t kWords>
class ChunkPool {
 public:
  using Chunk = RecordChunk<P, kWords>;

  explicit ChunkPool(std::uint32_t limit)
      : limit_(limit), chunks_(std::make_unique<typename P::template Plain<Chunk*>[]>(limit)) {}
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  ~ChunkPool() {
    for (std::uint32_t i = 0; i < limit_; ++i) delete chunks_[i].Read();
  }

  // The one that was given last. Null: all are in use, or there is no memory.
  Chunk* Take() noexcept {
    // acquire: pairs with Give; whoever read what was in it has done so. The tag says whether the
    // top is still the one whose `below` was read, and not the same chunk once more.
    std::uint64_t top = free_.load(std::memory_order_acquire);
    while (NumberOf(top) != 0) {
      Chunk* const chunk = chunks_[NumberOf(top) - 1].Read();
      // relaxed: what Give wrote there before this top; if it is something newer, so is the top.
      const std::uint32_t below = chunk->below.load(std::memory_order_relaxed);
      if (free_.compare_exchange_weak(top, Next(top, below), std::memory_order_acquire,
                                      std::memory_order_acquire)) {
        return chunk;
      }
    }
    return Make();
  }
  void Give(Chunk& chunk) noexcept {
    std::uint64_t top = free_.load(std::memory_order_relaxed);
    do {
      chunk.below.store(NumberOf(top), std::memory_order_relaxed);
      // release: pairs with Take.
    } while (!free_.compare_exchange_weak(top, Next(top, chunk.number), std::memory_order_release,
                                          std::memory_order_relaxed));
  }

 private:
  static std::uint32_t NumberOf(std::uint64_t top) { return static_cast<std::uint32_t>(top); }
  static std::uint64_t Next(std::uint64_t top, std::uint32_t number) {
    constexpr std::uint64_t kOneTag = std::uint64_t{1} << 32;
    return ((top & ~(kOneTag - 1)) + kOneTag) | number;
  }
  Chunk* Make() noexcept {
    // relaxed: it only counts. The look comes first so that it cannot overflow.
    if (made_.load(std::memory_order_relaxed) >= limit_) return nullptr;
    const std::uint32_t index = made_.fetch_add(1, std::memory_order_relaxed);
    if (index >= limit_) return nullptr;
    // Where there is no memory the pool stays smaller by this one.
    auto* const chunk = new (std::nothrow) Chunk(index + 1);
    if (chunk != nullptr) chunks_[index].Write(chunk);
    return chunk;
  }

  const std::uint32_t limit_;
  // Each is written by who makes it; those who find its number in `free_` know of that.
  const std::unique_ptr<typename P::template Plain<Chunk*>[]> chunks_;
  typename P::template Atomic<std::uint64_t> free_{0};  // tag, number of the top chunk
  typename P::template Atomic<std::uint32_t> made_{0};
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_CHUNK_POOL_H_
