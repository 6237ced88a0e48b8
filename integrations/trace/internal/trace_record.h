// SPDX-License-Identifier: Apache-2.0
//
// What a worker writes down of an event: two words, three, or as many as names need.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_RECORD_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_RECORD_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "weft/core/task_id.h"
#include "weft/core/task_state.h"
#include "weft/distribution/ready_order.h"
#include "weft/scheduler/task_observer.h"

namespace weft::internal {

// Words of a chunk: 32 KiB.
inline constexpr std::uint32_t kChunkWords = 4096;

// Longer texts are cut.
inline constexpr std::size_t kMostNameBytes = 16 * 1024;
inline constexpr std::size_t kMostKindBytes = 1024;

// An id as one word; 0: none.
constexpr std::uint64_t Packed(TaskId id) {
  return (std::uint64_t{id.generation} << 32) | id.index;
}

// The first word: time_ns << 8 | attempt << 6 | state << 3 | kind. Two years fit. The lowest three
// bits are never all set, as in the stream's own marks.
//
// Thread safety: a plain value.
class RecordHead {
 public:
  static constexpr std::uint32_t kManyAttempts = 3;  // this or more: in a word of its own

  explicit constexpr RecordHead(std::uint64_t word) : word_(word) {}
  // Requires: attempt <= kManyAttempts.
  static RecordHead Of(const TaskEvent& event, std::uint32_t attempt) {
    return RecordHead(
        (static_cast<std::uint64_t>(event.time_ns) << 8) | (std::uint64_t{attempt} << 6) |
        (static_cast<std::uint64_t>(event.state) << 3) | static_cast<std::uint64_t>(event.kind));
  }

  std::uint64_t word() const { return word_; }
  TaskEventKind kind() const { return static_cast<TaskEventKind>(word_ & 7); }
  TaskState state() const { return static_cast<TaskState>((word_ >> 3) & 7); }
  std::uint32_t attempt() const { return (word_ >> 6) & 3; }
  // Of a record that is no kSubmitted.
  bool has_third_word() const {
    return kind() == TaskEventKind::kReleased ||
           (kind() == TaskEventKind::kStarted && attempt() == kManyAttempts);
  }
  std::int64_t time_ns() const { return static_cast<std::int64_t>(word_ >> 8); }

 private:
  std::uint64_t word_;
};

// The third word of a kSubmitted. The texts follow, each from a word of its own on.
//
// Thread safety: a plain value.
class TextHead {
 public:
  explicit constexpr TextHead(std::uint64_t word) : word_(word) {}
  static TextHead Of(std::uint64_t kind_size, std::uint64_t name_size, Lane lane) {
    return TextHead((name_size << 32) | (kind_size << 8) | static_cast<std::uint64_t>(lane));
  }

  std::uint64_t word() const { return word_; }
  std::size_t name_size() const { return word_ >> 32; }
  std::size_t kind_size() const { return (word_ >> 8) & 0xff'ffff; }
  Lane lane() const { return static_cast<Lane>(word_ & 0xff); }
  std::uint32_t text_words() const { return WordsOf(name_size()) + WordsOf(kind_size()); }

  static std::uint32_t WordsOf(std::size_t bytes) {
    return static_cast<std::uint32_t>((bytes + 7) / 8);
  }

 private:
  std::uint64_t word_;
};

// Texts lie in words as they lie in memory: the first byte is the lowest.
static_assert(std::endian::native == std::endian::little);

// A text of 1 to 7 bytes as a word, the rest of which is zero: by loads of fixed sizes, which may
// overlap, in place of a loop.
inline std::uint64_t ShortText(std::string_view text) {
  const auto bytes = [](const char* from, auto word) {
    std::memcpy(&word, from, sizeof(word));
    return std::uint64_t{word};
  };
  const char* const begin = text.data();
  const std::size_t size = text.size();
  if (size >= 4) {
    const std::uint64_t end = bytes(begin + size - 4, std::uint32_t{});
    return bytes(begin, std::uint32_t{}) | end << (8 * (size - 4));
  }
  const std::uint64_t middle = bytes(begin + size / 2, std::uint8_t{});
  const std::uint64_t end = bytes(begin + size - 1, std::uint8_t{});
  return bytes(begin, std::uint8_t{}) | middle << (8 * (size / 2)) | end << (8 * (size - 1));
}

// Writes `text` to `words`, which have a method Write. Returns where they end.
template <class Word>
Word* PutText(std::string_view text, Word* words) {
  if (text.empty()) return words;
  if (text.size() < 8) {
    words->Write(ShortText(text));
    return words + 1;
  }
  std::uint64_t word = 0;
  std::size_t left = text.size();
  const char* at = text.data();
  for (; left >= 8; left -= 8, at += 8) {
    std::memcpy(&word, at, 8);
    (words++)->Write(word);
  }
  if (left == 0) return words;
  std::memcpy(&word, at + left - 8, 8);
  words->Write(word >> (8 * (8 - left)));
  return words + 1;
}

// The other way round: into `text`, from words of `reader` from `first` on.
template <class Reader>
void ReadText(const Reader& reader, std::uint32_t first, std::size_t size, std::string& text) {
  const std::uint32_t words = TextHead::WordsOf(size);
  text.resize(std::size_t{8} * words);
  for (std::uint32_t i = 0; i < words; ++i) {
    const std::uint64_t word = reader.Word(first + i);
    std::memcpy(text.data() + std::size_t{8} * i, &word, 8);
  }
  text.resize(size);
}

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_RECORD_H_
