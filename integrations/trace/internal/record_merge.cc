// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/internal/record_merge.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>

namespace weft::internal {
namespace {

constexpr std::size_t kWriteFrom = std::size_t{48} << 10;  // bytes of packets

// Chunks that a round takes of all streams together, if they are told of no faster than they are
// drawn: what it learns from is still in the cache when it draws, and few tasks are kept at once.
constexpr std::uint32_t kRoundChunks = 16;

// More than the clocks of two workers differ, in nanoseconds: so much further a round learns.
constexpr std::int64_t kClocksApart = 100'000;
constexpr std::int64_t kNoHorizon = std::numeric_limits<std::int64_t>::max() / 4;

bool IsGap(std::uint64_t word) { return word == TraceStream::kGap; }

}  // namespace

void RecordMerge::Add(const TraceStream& stream) {
  streams_.push_back(&stream);
  sources_.emplace_back();
  cuts_.emplace_back();
}

std::uint64_t RecordMerge::ArrowOf(std::size_t stream, const Reader& reader) const {
  return (std::uint64_t{stream + 1} << 44) | reader.at();
}

std::uint32_t RecordMerge::WordsOf(const Reader& reader, RecordHead head) {
  if (head.kind() == TaskEventKind::kSubmitted) return 3 + TextHead(reader.Word(2)).text_words();
  return head.has_third_word() ? 3 : 2;
}

std::uint64_t RecordMerge::Round() {
  TakeCuts(streams_, cuts_);
  const std::int64_t until_ns = Horizon();
  horizon_ = OrderOf(until_ns, TaskEventKind::kStarted);
  learn_until_ns_ = until_ns + kClocksApart;
  std::uint64_t words = 0;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Learn(i);
    words += cuts_[i].told - sources_[i].draw.at();
    Queue(i);
  }
  Draw();
  return words;
}

// The first record of a chunk tells how far it is in time. Those of other threads may be out of
// order by what a thread was held up for between its clock and the stream: the latest counts.
std::int64_t RecordMerge::Horizon() const {
  const std::uint32_t chunks =
      std::max(1U, kRoundChunks / static_cast<std::uint32_t>(streams_.size()));
  std::int64_t horizon_ns = kNoHorizon;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const Reader& reader = sources_[i].draw;
    if (cuts_[i].told < reader.at() + (chunks + 1) * kChunkWords) continue;
    std::int64_t latest_ns = sources_[i].order / 2;
    reader.ForChunksAhead(*streams_[i], chunks, [&latest_ns](std::uint64_t first_word) {
      if (!IsGap(first_word)) latest_ns = std::max(latest_ns, RecordHead(first_word).time_ns());
    });
    horizon_ns = std::min(horizon_ns, latest_ns + kClocksApart);
  }
  // What a round has learned the next one draws: else a start would wait for longer than EndWaits
  // lets it.
  return std::max(horizon_ns, learned_ns_);
}

void RecordMerge::Discard() {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const std::uint64_t end = streams_[i]->published();
    sources_[i].learn.Jump(*streams_[i], end, nullptr);
    sources_[i].draw.Jump(*streams_[i], end, &pool_);
  }
}

void RecordMerge::Learn(std::size_t stream) {
  Reader& reader = sources_[stream].learn;
  while (reader.Seek(*streams_[stream], cuts_[stream].known, nullptr)) {
    if (IsGap(reader.Word(0))) {
      reader.Advance(2);
      continue;
    }
    const RecordHead head(reader.Word(0));
    if (head.time_ns() > learn_until_ns_) break;
    learned_ns_ = std::max(learned_ns_, head.time_ns());
    if (head.kind() == TaskEventKind::kSubmitted) {
      const TextHead texts(reader.Word(2));
      ReadText(reader, 3, texts.kind_size(), kind_);
      ReadText(reader, 3 + TextHead::WordsOf(texts.kind_size()), texts.name_size(), name_);
      encoder_.LearnSubmitted(reader.Word(1), kind_, name_, texts.lane());
    } else if (head.kind() == TaskEventKind::kReleased) {
      encoder_.LearnReleased(reader.Word(1), ArrowOf(stream, reader));
    } else if (head.kind() == TaskEventKind::kReady) {
      encoder_.LearnReady(reader.Word(1));
    }
    reader.Advance(WordsOf(reader, head));
  }
}

void RecordMerge::Queue(std::size_t stream) {
  Source& source = sources_[stream];
  if (!source.draw.Seek(*streams_[stream], cuts_[stream].told, &pool_)) return;
  const std::uint64_t word = source.draw.Word(0);
  if (!IsGap(word)) source.order = OrderOf(RecordHead(word));
  if (source.order > horizon_) return;
  queue_.push_back({source.order, stream});
  std::ranges::push_heap(queue_, std::ranges::greater(), &Next::order);
}

void RecordMerge::Draw() {
  while (!queue_.empty()) {
    std::ranges::pop_heap(queue_, std::ranges::greater(), &Next::order);
    const std::size_t stream = queue_.back().stream;
    queue_.pop_back();
    // For as long as no other stream has something earlier.
    const std::int64_t until = queue_.empty() ? horizon_ : queue_.front().order;
    Reader& reader = sources_[stream].draw;
    while (true) {
      if (!DrawOne(stream, /*may_wait=*/true)) {
        waiting_.push_back(stream);
        break;
      }
      if (!reader.Seek(*streams_[stream], cuts_[stream].told, &pool_)) break;
      if (retry_ || IsGap(reader.Word(0)) || OrderOf(RecordHead(reader.Word(0))) > until) {
        Queue(stream);
        break;
      }
    }
    if (retry_) Retry();
  }
  EndWaits();
}

void RecordMerge::Retry() {
  retry_ = false;
  for (const std::size_t stream : waiting_) Queue(stream);
  waiting_.clear();
}

// What still waits at the end of the next round, too, waits for something that nobody will tell:
// all that was told before it has been drawn by then.
void RecordMerge::EndWaits() {
  for (const std::size_t stream : waiting_) {
    Source& source = sources_[stream];
    if (source.stuck_at == source.draw.at()) DrawOne(stream, /*may_wait=*/false);
    source.stuck_at = source.draw.at();
  }
  waiting_.clear();
}

bool RecordMerge::DrawOne(std::size_t stream, bool may_wait) {
  Reader& reader = sources_[stream].draw;
  const std::uint64_t word = reader.Word(0);
  if (IsGap(word)) {
    encoder_.Lost(static_cast<int>(stream), static_cast<std::int64_t>(reader.Word(1)));
    reader.Advance(2);
    return true;
  }
  const RecordHead head(word);
  const std::uint64_t task = reader.Word(1);
  const bool needs_all =
      head.kind() == TaskEventKind::kStarted || head.kind() == TaskEventKind::kEnded;
  if (needs_all && may_wait && !encoder_.Ready(task)) return false;
  DrawEvent(stream, head, task);
  reader.Advance(WordsOf(reader, head));
  ++records_;
  if (encoder_.packets().bytes().size() >= kWriteFrom) {
    file_.Write(encoder_.packets().bytes());
    encoder_.packets().Clear();
  }
  return true;
}

void RecordMerge::DrawEvent(std::size_t stream, RecordHead head, std::uint64_t task) {
  const Reader& reader = sources_[stream].draw;
  const int number = static_cast<int>(stream);
  const std::int64_t time_ns = head.time_ns();
  switch (head.kind()) {
    case TaskEventKind::kSubmitted: break;
    case TaskEventKind::kReleased:
      encoder_.Released(number, time_ns, task, reader.Word(2), ArrowOf(stream, reader));
      retry_ = !waiting_.empty();
      break;
    case TaskEventKind::kReady:
      encoder_.BecameReady(number, time_ns, task);
      retry_ = !waiting_.empty();
      break;
    case TaskEventKind::kStarted: {
      const bool many = head.attempt() == RecordHead::kManyAttempts;
      encoder_.Started(number, time_ns, task,
                       static_cast<int>(many ? reader.Word(2) : head.attempt()));
      break;
    }
    case TaskEventKind::kParked: encoder_.Parked(number, time_ns, task); break;
    case TaskEventKind::kEnded: encoder_.Ended(number, time_ns, task, head.state()); break;
  }
}

}  // namespace weft::internal
