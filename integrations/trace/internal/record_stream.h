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

  enum class Room : std::uint8_t {
    kThere,
    kTaken,  // there, after a new chunk was taken
    kNone,   // the record is lost
  };

  // Before the `words` times that Put is called, and Publish.
  // Requires: words + 2 <= kWords.
  Room Open(Pool& pool, std::uint32_t words) noexcept {
    if (words <= left_ && untold_ == 0) [[likely]]
      return Room::kThere;
    return MakeRoom(pool, words);
  }
  void Put(std::uint64_t word) noexcept {
    next_->Write(word);
    ++next_;
    --left_;
    ++at_;
  }
  void Publish() noexcept {
    // release: pairs with published(); all words up to here, and the chunks that they lie in.
    published_.store(at_, std::memory_order_release);
  }

  // How many words have been published. Readers may go so far.
  std::uint64_t published() const { return published_.load(std::memory_order_acquire); }
  // relaxed: a figure.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  template <class, std::uint32_t>
  friend class RecordReader;

  Room MakeRoom(Pool& pool, std::uint32_t words) noexcept {
    const std::uint32_t gap = untold_ == 0 ? 0 : 2;
    Room room = Room::kThere;
    if (words + gap > left_) {
      Chunk* const chunk = pool.Take();
      if (chunk == nullptr) {
        ++untold_;
        // relaxed: a figure, written here only.
        lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return Room::kNone;
      }
      GoTo(*chunk);
      room = Room::kTaken;
    }
    if (gap != 0) {
      Put(kGap);
      Put(untold_);
      untold_ = 0;
    }
    return room;
  }
  void GoTo(Chunk& chunk) noexcept {
    if (chunk_ == nullptr) {
      first_.Write(&chunk);
    } else {
      if (left_ > 0) next_->Write(kSkip);
      chunk_->following.Write(&chunk);
      at_ += left_;
    }
    chunk_ = &chunk;
    next_ = chunk.words;
    left_ = kWords;
  }

  // The writing thread's.
  typename P::template Plain<std::uint64_t>* next_ = nullptr;
  std::uint32_t left_ = 0;    // in the chunk
  std::uint64_t at_ = 0;      // words from the beginning, with those that are skipped
  std::uint64_t untold_ = 0;  // lost since the last gap
  Chunk* chunk_ = nullptr;

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
