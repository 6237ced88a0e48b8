// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/internal/trace_packets.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

#include "weft/integrations/trace/internal/valid_utf8.h"

namespace weft::internal {
namespace {

// Messages and fields of the format by their names there.
namespace trace {
constexpr std::uint32_t kPacket = 1;
}
namespace trace_packet {
constexpr std::uint32_t kTimestamp = 8;
constexpr std::uint32_t kTrustedPacketSequenceId = 10;
constexpr std::uint32_t kTrackEvent = 11;
constexpr std::uint32_t kInternedData = 12;
constexpr std::uint32_t kSequenceFlags = 13;
constexpr std::uint32_t kTrackDescriptor = 60;

constexpr std::uint64_t kIncrementalStateCleared = 1;
constexpr std::uint64_t kNeedsIncrementalState = 2;
}  // namespace trace_packet
namespace track_descriptor {
constexpr std::uint32_t kUuid = 1;
constexpr std::uint32_t kName = 2;
constexpr std::uint32_t kProcess = 3;
constexpr std::uint32_t kParentUuid = 5;
constexpr std::uint32_t kCounter = 8;
constexpr std::uint32_t kChildOrdering = 11;
constexpr std::uint32_t kSiblingOrderRank = 12;
constexpr std::uint32_t kSiblingMergeBehavior = 15;

constexpr std::uint64_t kExplicitOrder = 3;
constexpr std::uint64_t kMergeNone = 2;
}  // namespace track_descriptor
namespace process_descriptor {
constexpr std::uint32_t kPid = 1;
constexpr std::uint32_t kProcessName = 6;
}  // namespace process_descriptor
namespace counter_descriptor {
constexpr std::uint32_t kUnit = 3;
constexpr std::uint32_t kUnitName = 6;

constexpr std::uint64_t kSizeBytes = 3;
}  // namespace counter_descriptor
namespace track_event {
constexpr std::uint32_t kCategoryIids = 3;
constexpr std::uint32_t kDebugAnnotations = 4;
constexpr std::uint32_t kType = 9;
constexpr std::uint32_t kNameIid = 10;
constexpr std::uint32_t kTrackUuid = 11;
constexpr std::uint32_t kCounterValue = 30;
constexpr std::uint32_t kFlowIds = 47;
constexpr std::uint32_t kTerminatingFlowIds = 48;
constexpr std::uint32_t kCorrelationId = 52;

constexpr std::uint64_t kTypeCounter = 4;
}  // namespace track_event
namespace debug_annotation {
constexpr std::uint32_t kNameIid = 1;
constexpr std::uint32_t kIntValue = 4;
constexpr std::uint32_t kStringValueIid = 17;
}  // namespace debug_annotation
namespace interned_data {
constexpr std::uint32_t kEventCategories = 1;
constexpr std::uint32_t kEventNames = 2;
constexpr std::uint32_t kDebugAnnotationNames = 3;
constexpr std::uint32_t kDebugAnnotationStringValues = 29;

constexpr std::uint32_t kIid = 1;  // in each of them
constexpr std::uint32_t kText = 2;
}  // namespace interned_data

constexpr std::uint64_t kSequence = 1;  // one writer: one sequence of packets

enum NoteName : std::uint32_t { kState = 1, kLane, kAttempt, kWaited, kLost };
constexpr std::string_view kNoteNames[] = {"state", "lane", "attempt", "waited_ns", "lost_records"};

constexpr std::string_view kLaneNames[] = {"low", "normal", "high", "urgent"};
constexpr std::uint32_t kFirstLane = 1 + kTaskStateCount;  // among the texts; states come first
constexpr std::string_view kParkedState = "parked";        // in the place of "pending"

constexpr std::string_view kEventNames[] = {"task", "releases", "more arrows", "records lost",
                                            "end of trace"};
constexpr std::string_view kCategoryNames[] = {"wait", "parked", "arrows"};

constexpr std::uint64_t Number(TrackId track) { return static_cast<std::uint64_t>(track); }

}  // namespace

TracePackets::TracePackets() : out_(std::size_t{1} << 16) {}

std::size_t TracePackets::OpenPacket(std::int64_t time_ns, bool refers_to_texts) {
  const std::size_t packet = out_.Open(trace::kPacket);
  out_.Number(trace_packet::kTimestamp, static_cast<std::uint64_t>(time_ns));
  out_.Number(trace_packet::kTrustedPacketSequenceId, kSequence);
  if (refers_to_texts) {
    out_.Number(trace_packet::kSequenceFlags, trace_packet::kNeedsIncrementalState);
  }
  return packet;
}

void TracePackets::Header(std::string_view process_name, int process_id) {
  const std::size_t packet = out_.Open(trace::kPacket);
  out_.Number(trace_packet::kTimestamp, 0);
  out_.Number(trace_packet::kTrustedPacketSequenceId, kSequence);
  out_.Number(trace_packet::kSequenceFlags, trace_packet::kIncrementalStateCleared);
  const std::size_t track = out_.Open(trace_packet::kTrackDescriptor);
  out_.Number(track_descriptor::kUuid, Number(TrackId::kProcess));
  const std::size_t process = out_.Open(track_descriptor::kProcess);
  out_.Number(process_descriptor::kPid, static_cast<std::uint64_t>(process_id));
  out_.Text(process_descriptor::kProcessName, ValidUtf8(process_name, valid_));
  out_.Shut(process);
  out_.Shut(track);
  out_.Shut(packet);

  // A track of its own: those directly below a process are in no order.
  const std::size_t scheduler = out_.Open(trace::kPacket);
  const std::size_t order = OpenTrack(TrackId::kScheduler, TrackId::kProcess, "weft", 0);
  out_.Number(track_descriptor::kChildOrdering, track_descriptor::kExplicitOrder);
  out_.Shut(order);
  out_.Shut(scheduler);
  CounterTrack(TrackId::kReady, "ready tasks", kWaitRank - 3, /*bytes=*/false);
  CounterTrack(TrackId::kRunning, "running tasks", kWaitRank - 2, /*bytes=*/false);
  CounterTrack(TrackId::kMemory, "resident memory", kWaitRank - 1, /*bytes=*/true);

  std::uint32_t number = 0;
  for (const std::string_view text : kEventNames) Name(EventName{++number}, text);
  number = 0;
  for (const std::string_view text : kCategoryNames) CategoryName(Category{++number}, text);
  number = 0;
  for (const std::string_view text : kNoteNames) {
    Interned(interned_data::kDebugAnnotationNames, ++number, text);
  }
  number = 0;
  for (int state = 0; state < kTaskStateCount; ++state) {
    const auto value = static_cast<TaskState>(state);
    Interned(interned_data::kDebugAnnotationStringValues, ++number,
             value == TaskState::kPending ? kParkedState : TaskStateName(value));
  }
  for (const std::string_view text : kLaneNames) {
    Interned(interned_data::kDebugAnnotationStringValues, ++number, text);
  }
}

std::size_t TracePackets::OpenTrack(TrackId track, TrackId parent, std::string_view name,
                                    int rank) {
  out_.Number(trace_packet::kTrustedPacketSequenceId, kSequence);
  const std::size_t descriptor = out_.Open(trace_packet::kTrackDescriptor);
  out_.Number(track_descriptor::kUuid, Number(track));
  out_.Number(track_descriptor::kParentUuid, Number(parent));
  out_.Text(track_descriptor::kName, name);
  out_.Number(track_descriptor::kSiblingOrderRank, static_cast<std::uint64_t>(std::int64_t{rank}));
  return descriptor;
}

// Those of one name are drawn as one, with as many rows as it takes.
void TracePackets::RowTrack(TrackId track, std::string_view name, int rank) {
  const std::size_t packet = out_.Open(trace::kPacket);
  out_.Shut(OpenTrack(track, TrackId::kScheduler, name, rank));
  out_.Shut(packet);
}

// A track by itself, in which marks lie within slices.
void TracePackets::ThreadTrack(TrackId track, std::string_view name, int rank) {
  const std::size_t packet = out_.Open(trace::kPacket);
  const std::size_t descriptor = OpenTrack(track, TrackId::kScheduler, name, rank);
  out_.Number(track_descriptor::kSiblingMergeBehavior, track_descriptor::kMergeNone);
  out_.Shut(descriptor);
  out_.Shut(packet);
}

void TracePackets::WorkerTrack(int slot) {
  ThreadTrack(TrackId::kWorkers + slot, absl::StrCat("worker ", slot), slot);
}

void TracePackets::OutsideTrack() { ThreadTrack(TrackId::kOutside, "other threads", kOutsideRank); }

void TracePackets::CounterTrack(TrackId track, std::string_view name, int rank, bool bytes) {
  const std::size_t packet = out_.Open(trace::kPacket);
  const std::size_t descriptor = OpenTrack(track, TrackId::kScheduler, name, rank);
  const std::size_t counter = out_.Open(track_descriptor::kCounter);
  if (bytes) {
    out_.Number(counter_descriptor::kUnit, counter_descriptor::kSizeBytes);
  } else {
    out_.Text(counter_descriptor::kUnitName, "tasks");
  }
  out_.Shut(counter);
  out_.Shut(descriptor);
  out_.Shut(packet);
}

void TracePackets::Interned(std::uint32_t list, std::uint32_t number, std::string_view text) {
  const std::size_t packet = out_.Open(trace::kPacket);
  out_.Number(trace_packet::kTrustedPacketSequenceId, kSequence);
  out_.Number(trace_packet::kSequenceFlags, trace_packet::kNeedsIncrementalState);
  const std::size_t data = out_.Open(trace_packet::kInternedData);
  const std::size_t entry = out_.Open(list);
  out_.Number(interned_data::kIid, number);
  out_.Text(interned_data::kText, text);
  out_.Shut(entry);
  out_.Shut(data);
  out_.Shut(packet);
}

void TracePackets::Name(EventName number, std::string_view text) {
  Interned(interned_data::kEventNames, static_cast<std::uint32_t>(number), ValidUtf8(text, valid_));
}

void TracePackets::CategoryName(Category number, std::string_view text) {
  Interned(interned_data::kEventCategories, static_cast<std::uint32_t>(number),
           ValidUtf8(text, valid_));
}

void TracePackets::Event(const EventPacket& event) {
  const std::size_t packet = OpenPacket(event.time_ns, /*refers_to_texts=*/true);
  const std::size_t inside = out_.Open(trace_packet::kTrackEvent);
  out_.Number(track_event::kType, static_cast<std::uint64_t>(event.type));
  out_.Number(track_event::kTrackUuid, Number(event.track));
  if (event.name != EventName{}) {
    out_.Number(track_event::kNameIid, static_cast<std::uint64_t>(event.name));
  }
  if (event.category != Category{}) {
    out_.Number(track_event::kCategoryIids, static_cast<std::uint64_t>(event.category));
  }
  if (event.task != 0) out_.Number(track_event::kCorrelationId, event.task);
  for (const std::uint64_t arrow : event.arrows_from) out_.Fixed(track_event::kFlowIds, arrow);
  for (const std::uint64_t arrow : event.arrows_to) {
    out_.Fixed(track_event::kTerminatingFlowIds, arrow);
  }
  Notes(event);
  out_.Shut(inside);
  out_.Shut(packet);
}

void TracePackets::Notes(const EventPacket& event) {
  if (event.state != TaskState::kCompleted) {
    NoteText(kState, 1 + static_cast<std::uint32_t>(event.state));
  }
  if (event.lane != Lane::kNormal)
    NoteText(kLane, kFirstLane + static_cast<std::uint32_t>(event.lane));
  if (event.attempt > 1) Note(kAttempt, event.attempt);
  if (event.waited_ns != 0) Note(kWaited, event.waited_ns);
  if (event.lost != 0) Note(kLost, event.lost);
}

void TracePackets::Note(std::uint32_t name, std::int64_t value) {
  const std::size_t note = out_.Open(track_event::kDebugAnnotations);
  out_.Number(debug_annotation::kNameIid, name);
  out_.Number(debug_annotation::kIntValue, static_cast<std::uint64_t>(value));
  out_.Shut(note);
}

void TracePackets::NoteText(std::uint32_t name, std::uint32_t text) {
  const std::size_t note = out_.Open(track_event::kDebugAnnotations);
  out_.Number(debug_annotation::kNameIid, name);
  out_.Number(debug_annotation::kStringValueIid, text);
  out_.Shut(note);
}

void TracePackets::Count(TrackId counter, std::int64_t time_ns, std::int64_t value) {
  const std::size_t packet = OpenPacket(time_ns, /*refers_to_texts=*/false);
  const std::size_t inside = out_.Open(trace_packet::kTrackEvent);
  out_.Number(track_event::kType, track_event::kTypeCounter);
  out_.Number(track_event::kTrackUuid, Number(counter));
  out_.Number(track_event::kCounterValue, static_cast<std::uint64_t>(value));
  out_.Shut(inside);
  out_.Shut(packet);
}

}  // namespace weft::internal
