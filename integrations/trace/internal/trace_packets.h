// SPDX-License-Identifier: Apache-2.0
//
// The packets of a Perfetto trace, as perfetto.dev/docs/reference/synthetic-track-event describes
// them: tracks, slices, marks, counters, and the texts that these refer to by number.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_PACKETS_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_PACKETS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weft/core/task_state.h"
#include "weft/distribution/ready_order.h"
#include "weft/integrations/trace/internal/packet_buffer.h"

namespace weft::internal {

// A track's number in the trace. Those of workers and rows are counted from the ones named here.
enum class TrackId : std::uint32_t {
  kProcess = 1,
  kScheduler = 2,
  kReady = 3,
  kRunning = 4,
  kMemory = 5,
  kOutside = 6,
  kWorkers = 16,
  kWaits = 1U << 17,
  kParks = 1U << 21,
};
constexpr TrackId operator+(TrackId first, int number) {
  return static_cast<TrackId>(static_cast<std::uint32_t>(first) +
                              static_cast<std::uint32_t>(number));
}

// Texts are numbered: those of here, then those that the encoder adds.
enum class EventName : std::uint32_t {
  kTask = 1,
  kReleases,  // an arrow begins here for a task that is drawn elsewhere
  kMoreArrows,
  kLost,
  kClosed,
  kFirstFree,
};
enum class Category : std::uint32_t { kWait = 1, kParked, kArrows, kFirstFree };

// What a slice or a mark says. Thread safety: a plain value.
struct EventPacket {
  enum class Type : std::uint8_t { kBegin = 1, kEnd = 2, kMark = 3 };

  TrackId track{};
  std::int64_t time_ns = 0;
  Type type = Type::kBegin;
  EventName name{};        // zero: none
  Category category{};     // zero: none
  std::uint64_t task = 0;  // whose it is; 0: nobody's
  // Each number leads from one event to one other that comes later.
  std::span<const std::uint64_t> arrows_from = {};
  std::span<const std::uint64_t> arrows_to = {};
  // Notes that a viewer shows: left out while they say nothing.
  TaskState state = TaskState::kCompleted;  // how it ended; kPending: another attempt will come
  Lane lane = Lane::kNormal;
  int attempt = 1;
  std::int64_t waited_ns = 0;
  std::int64_t lost = 0;
};

// Thread safety: one thread at a time.
class TracePackets {
 public:
  TracePackets();

  // What has been written since Clear.
  std::string_view bytes() const { return out_.bytes(); }
  void Clear() { out_.Clear(); }

  // The first of all.
  void Header(std::string_view process_name, int process_id);
  void WorkerTrack(int slot);
  void OutsideTrack();
  void WaitTrack(int row) { RowTrack(TrackId::kWaits + row, "waiting", kWaitRank); }
  void ParkTrack(int row) { RowTrack(TrackId::kParks + row, "parked", kParkRank); }

  // `text` may be any bytes; what is no UTF-8 is replaced.
  void Name(EventName number, std::string_view text);
  void CategoryName(Category number, std::string_view text);

  void Event(const EventPacket& event);
  void Count(TrackId counter, std::int64_t time_ns, std::int64_t value);

 private:
  static constexpr int kOutsideRank = 100'000;  // workers have their slots
  static constexpr int kWaitRank = -2;
  static constexpr int kParkRank = -1;

  std::size_t OpenPacket(std::int64_t time_ns, bool refers_to_texts);
  std::size_t OpenTrack(TrackId track, TrackId parent, std::string_view name, int rank);
  void RowTrack(TrackId track, std::string_view name, int rank);
  void ThreadTrack(TrackId track, std::string_view name, int rank);
  void CounterTrack(TrackId track, std::string_view name, int rank, bool bytes);
  void Interned(std::uint32_t list, std::uint32_t number, std::string_view text);
  void Notes(const EventPacket& event);
  void Note(std::uint32_t name, std::int64_t value);
  void NoteText(std::uint32_t name, std::uint32_t text);

  PacketBuffer out_;
  std::string valid_;  // a text without what is no UTF-8
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_PACKETS_H_
