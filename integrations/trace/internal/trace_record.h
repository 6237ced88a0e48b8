// SPDX-License-Identifier: Apache-2.0
//
// What a worker writes down of an event: two words, three, or as many as names need.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_RECORD_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_RECORD_H_

#include <algorithm>
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
  static constexpr int kManyAttempts = 3;  // this or more: in a word of its own

  explicit constexpr RecordHead(std::uint64_t word) : word_(word) {}
  static RecordHead Of(const TaskEvent& event) {
    const auto attempt = static_cast<std::uint64_t>(std::clamp(event.attempt, 0, kManyAttempts));
    return RecordHead((static_cast<std::uint64_t>(event.time_ns) << 8) | (attempt << 6) |
                      (static_cast<std::uint64_t>(event.state) << 3) |
                      static_cast<std::uint64_t>(event.kind));
  }

  std::uint64_t word() const { return word_; }
  TaskEventKind kind() const { return static_cast<TaskEventKind>(word_ & 7); }
  TaskState state() const { return static_cast<TaskState>((word_ >> 3) & 7); }
  int attempt() const { return static_cast<int>((word_ >> 6) & 3); }
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
  static TextHead Of(const TaskInfo& info) {
    const std::uint64_t name = std::min(info.name.size(), kMostNameBytes);
    const std::uint64_t kind = std::min(info.kind.name().size(), kMostKindBytes);
    return TextHead((name << 32) | (kind << 8) | static_cast<std::uint64_t>(LaneOf(info.priority)));
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

// Calls put(word) for `size` bytes of `text`, the last word filled up with zeros.
template <class F>
void PutText(std::string_view text, std::size_t size, F put) {
  for (std::size_t at = 0; at < size; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, std::min<std::size_t>(8, size - at));
    put(word);
  }
}

// The other way round: into `text`, from words of `reader` from `first` on.
template <class Reader>
void ReadText(const Reader& reader, std::uint32_t first, std::size_t size, std::string& text) {
  text.resize(size);
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = reader.Word(first + static_cast<std::uint32_t>(at / 8));
    std::memcpy(text.data() + at, &word, std::min<std::size_t>(8, size - at));
  }
}

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_RECORD_H_
