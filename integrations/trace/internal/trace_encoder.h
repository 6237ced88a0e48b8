// SPDX-License-Identifier: Apache-2.0
//
// From records to packets: which task is where, since when, and which arrows lead from it and to
// it.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_ENCODER_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_ENCODER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "weft/core/task_state.h"
#include "weft/integrations/trace/internal/counter_track.h"
#include "weft/integrations/trace/internal/task_table.h"
#include "weft/integrations/trace/internal/trace_packets.h"
#include "weft/integrations/trace/internal/wait_rows.h"

namespace weft::internal {

// Each record comes here twice: first to the methods that learn, which need no order among streams,
// then to those that draw, in the order of time, as far as cause and effect allow: Ready says
// whether what comes before has come. An arrow ends later than it begins, by a nanosecond at
// least, whatever the clocks of two workers say.
//
// Streams are numbered: 0 is that of threads which are no workers, then the slots.
//
// Thread safety: one thread at a time.
// Memory: as TaskTable says, and the texts of kinds, up to 64 KiB.
class TraceEncoder {
 public:
  static constexpr int kOutside = 0;

  struct Counts {
    std::int64_t arrows = 0;
    std::int64_t tasks_left_out = 0;  // they have no name, no wait and no arrows
    std::int64_t arrows_left_out = 0;
    std::int64_t waits_left_out = 0;  // no row was free
  };

  TraceEncoder(std::size_t most_tasks, int wait_rows);

  void Begin(std::string_view process_name, int process_id);

  void LearnSubmitted(std::uint64_t task, std::string_view kind, std::string_view name, Lane lane);
  void LearnReleased(std::uint64_t task, std::uint64_t arrow);
  void LearnReady(std::uint64_t task);

  // Whether the start, or the end, of the task can be drawn: all that released it has been, and
  // that it became ready for the first time.
  bool Ready(std::uint64_t task);

  void Released(int stream, std::int64_t time_ns, std::uint64_t task, std::uint64_t by,
                std::uint64_t arrow);
  void BecameReady(int stream, std::int64_t time_ns, std::uint64_t task);
  void Started(int stream, std::int64_t time_ns, std::uint64_t task, int attempt);
  void Parked(int stream, std::int64_t time_ns, std::uint64_t task);
  void Ended(int stream, std::int64_t time_ns, std::uint64_t task, TaskState state);
  // Records of the stream are missing here.
  void Lost(int stream, std::int64_t count);
  void Memory(std::int64_t time_ns, std::int64_t bytes);

  // What counters keep back until more comes.
  void FlushCounters();
  // Nothing follows. `lost` records in all.
  void Finish(std::int64_t lost);

  TracePackets& packets() { return packets_; }
  const Counts& counts() const { return counts_; }
  // The latest of all.
  std::int64_t time_ns() const { return time_ns_; }

 private:
  // The last event of a track, which is kept back until the next: arrows may begin there.
  struct LastEvent {
    bool there = false;
    std::uint64_t task = 0;
    EventPacket packet;
    std::vector<std::uint64_t> from;
    std::vector<std::uint64_t> to;
  };
  struct Stream {
    TrackId track{};
    bool known = false;               // the trace has its track
    std::int64_t time_ns = 0;         // of the last event; those of kOutside may fall
    std::vector<std::uint64_t> open;  // tasks that have slices here, the innermost last
    LastEvent last;
  };
  struct Kind {
    Category category{};
    EventName name{};
  };

  Stream& At(int stream);
  std::int64_t Time(int stream, std::int64_t time_ns);
  Kind Intern(std::string_view kind);
  // The event that `stream` keeps back from now on; what it kept before is written.
  LastEvent& Keep(Stream& stream, std::uint64_t task, const EventPacket& packet);
  void Write(Stream& stream);
  // The end of what `task` waited for: a slice in some row. `start` says so where none is free.
  void EndWait(LiveTask& task, std::uint64_t id, std::int64_t time_ns, EventPacket* start);
  // False: it has no open slice there.
  bool EndSlice(int stream, std::int64_t time_ns, std::uint64_t task, TaskState state);
  // Ends the innermost slice, of which nobody knows when it ended.
  void Cut(Stream& worker, std::int64_t time_ns);
  // For a task that ends and has no open slice.
  void MarkEnd(int stream, std::int64_t time_ns, std::uint64_t id, LiveTask* task, TaskState state);
  // Writes marks for all arrows but as many as one event takes; those are left in `arrows`.
  void WriteSurplus(const EventPacket& event, std::vector<std::uint64_t>& arrows);
  void ChangeReady(std::int64_t time_ns, int by);
  void ChangeRunning(std::int64_t time_ns, int by);

  TracePackets packets_;
  TaskTable tasks_;
  std::vector<Stream> streams_;
  WaitRows wait_rows_;
  WaitRows park_rows_;
  std::vector<bool> wait_tracks_;  // by row: the trace has it
  std::vector<bool> park_tracks_;
  CounterTrack ready_;
  CounterTrack running_;
  std::int64_t memory_time_ns_ = 0;
  absl::flat_hash_map<std::string, Kind> kinds_;
  std::size_t kind_bytes_ = 0;
  std::uint32_t next_name_ = static_cast<std::uint32_t>(EventName::kFirstFree);
  std::uint32_t next_category_ = static_cast<std::uint32_t>(Category::kFirstFree);
  std::vector<std::uint64_t> arrows_;  // room for those of one task
  std::int64_t time_ns_ = 0;
  Counts counts_;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_TRACE_ENCODER_H_
