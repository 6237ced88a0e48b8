// SPDX-License-Identifier: Apache-2.0
//
// How records get from one thread to the writer without a lock; README.md in this folder.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_RECORD_STREAM_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_RECORD_STREAM_H_

#include <atomic>
#include <cstdint>

#include "weft/integrations/trace/internal/chunk_pool.h"

namespace weft::internal {

// Records of a few words each, in a list of chunks. None lies in two chunks. What finds no room
// is lost and counted, and the next one that finds some comes behind a gap that says how many.
//
// The first word of a record is none of kSkip and kGap.
//
// Thread safety: one thread at a time writes; one RecordReader or several of one thread read.
// Cost: a record: its words and one store.
template <class P, std::uint32_t kWords>
class RecordStream {
 public:
  using Pool = ChunkPool<P, kWords>;
  using Chunk = typename Pool::Chunk;
  static constexpr std::uint64_t kSkip = ~std::uint64_t{0};     // the rest of the chunk is empty
  static constexpr std::uint64_t kGap = ~std::uint64_t{0} - 8;  // then: how many were lost

  // Whether there is room for a record of up to `words` words at words(); Publish says how many it
  // became. If not, MakeRoom has to find some.
  // Requires: words + 2 <= kWords.
  bool HasRoom(std::uint32_t words) const noexcept { return words <= Left(); }
  // Takes another chunk. False: there is none, and the record is lost.
  [[gnu::noinline]] bool MakeRoom(Pool& pool) noexcept {
    Chunk* const chunk = pool.Take();
    LeaveChunk(chunk);
    if (chunk == nullptr) {
      ++untold_;
      // relaxed: a figure, written here only.
      lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return false;
    }
    if (untold_ == 0) return true;
    chunk->words[0].Write(kGap);
    chunk->words[1].Write(untold_);
    untold_ = 0;
    Publish(2);
    return true;
  }
  typename P::template Plain<std::uint64_t>* words() const noexcept {
    return chunk_->words + Here() % kWords;
  }
  void Publish(std::uint32_t words) noexcept {
    // release: pairs with published(); all words up to here, and the chunks that they lie in.
    published_.store(Here() + words, std::memory_order_release);
  }

  // How many words have been published. Readers may go so far.
  std::uint64_t published() const { return published_.load(std::memory_order_acquire); }
  // relaxed: a figure.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  template <class, std::uint32_t>
  friend class RecordReader;

  static_assert((kWords & (kWords - 1)) == 0);  // so that positions tell places in chunks

  // Words from the beginning, with those that are skipped. relaxed: written here only.
  std::uint64_t Here() const noexcept { return published_.load(std::memory_order_relaxed); }
  // In the chunk. None where one begins: whoever has taken it goes on at once.
  std::uint32_t Left() const noexcept { return static_cast<std::uint32_t>(-Here() % kWords); }

  // Nothing more is written to the chunk: what is lost between two records is told between them.
  void LeaveChunk(Chunk* next) noexcept {
    if (const std::uint32_t left = Left(); left > 0) {
      words()->Write(kSkip);
      Publish(left);
    }
    if (next == nullptr) return;
    (chunk_ == nullptr ? first_ : chunk_->following).Write(next);
    chunk_ = next;
  }

  // The writing thread's.
  Chunk* chunk_ = nullptr;
  std::uint64_t untold_ = 0;  // lost since the last gap

  typename P::template Plain<Chunk*> first_{nullptr};
  typename P::template Atomic<std::uint64_t> published_{0};
  typename P::template Atomic<std::uint64_t> lost_{0};
};

// A place in a stream, between two records.
//
// Thread safety: one thread at a time.
template <class P, std::uint32_t kWords>
class RecordReader {
 public:
  using Stream = RecordStream<P, kWords>;
  using Pool = typename Stream::Pool;

  // Whether a record, or a gap, begins before `end`, which the stream has published; then it can
  // be read. Chunks that are left behind go to `pool`, if there is one: all other readers of
  // the stream have left them.
  bool Seek(const Stream& stream, std::uint64_t end, Pool* pool) {
    while (at_ < end) {
      if (at_ == beyond_) Enter(stream, pool);
      if (Word(0) != Stream::kSkip) return true;
      at_ = beyond_;
    }
    return false;
  }
  // Calls look(word) for the first word of each of the next `chunks` chunks.
  // Requires: the stream has published words in all of them.
  template <class F>
  void ForChunksAhead(const Stream& stream, std::uint32_t chunks, F look) const {
    const auto* chunk = chunk_;
    for (; chunks > 0; --chunks) {
      chunk = chunk == nullptr ? stream.first_.Read() : chunk->following.Read();
      look(chunk->words[0].Read());
    }
  }
  // To `end`, without a look at what lies before it.
  void Jump(const Stream& stream, std::uint64_t end, Pool* pool) {
    while (beyond_ < end) Enter(stream, pool);
    at_ = end;
  }
  // Of the record: the word that was Put as number `index`.
  std::uint64_t Word(std::uint32_t index) const {
    return chunk_->words[kWords - (beyond_ - at_) + index].Read();
  }
  void Advance(std::uint32_t words) { at_ += words; }

  std::uint64_t at() const { return at_; }

 private:
  void Enter(const Stream& stream, Pool* pool) {
    auto* const left = chunk_;
    chunk_ = left == nullptr ? stream.first_.Read() : left->following.Read();
    beyond_ += kWords;
    if (left != nullptr && pool != nullptr) pool->Give(*left);
  }

  typename Stream::Chunk* chunk_ = nullptr;
  std::uint64_t at_ = 0;      // as published()
  std::uint64_t beyond_ = 0;  // where the chunk ends
};

// How far a round of the writer goes in one stream: it knows everything that a record before
// `told` is the consequence of, in whatever stream that was told, by looking up to `known` there.
struct Cut {
  std::uint64_t told = 0;
  std::uint64_t known = 0;
};

// Looks at all streams, and then once more: whoever told something after it had learned of a
// record, of which this sees it, told it after that record, so that the second look sees both.
template <class Streams, class Cuts>
void TakeCuts(const Streams& streams, Cuts& cuts) {
  for (std::size_t i = 0; i < streams.size(); ++i) cuts[i].told = streams[i]->published();
  for (std::size_t i = 0; i < streams.size(); ++i) cuts[i].known = streams[i]->published();
}

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_RECORD_STREAM_H_
