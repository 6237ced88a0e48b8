// SPDX-License-Identifier: Apache-2.0

#include "integrations/trace/trace_reader.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <unordered_map>

#include "integrations/trace/track_events.h"
#include "integrations/trace/wire_message.h"

namespace weft::testing {
namespace {

TaskId IdOf(std::uint64_t packed) {
  return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
}

// Takes the events as an importer does: by time, and those of one time as they come in the file.
class Importer {
 public:
  Importer(const TrackEvents& events, ReadTrace& out) : events_(events), out_(out) {}

  void Run() {
    std::vector<const TrackEventPacket*> order;
    for (const TrackEventPacket& event : events_.events) order.push_back(&event);
    std::ranges::stable_sort(order, {}, &TrackEventPacket::time_ns);
    for (const TrackEventPacket* event : order) Take(*event);
    for (const auto& [id, flow] : flows_) {
      if (!flow.ended) Fault("arrow_ends", id);
    }
  }

 private:
  struct Flow {
    std::int64_t begin_ns = 0;
    bool ended = false;
    TaskId from;
  };

  void Fault(std::string_view rule, std::uint64_t what) {
    if (out_.faults.size() < 100) {
      out_.faults.push_back(std::string(rule) + ": " + std::to_string(what));
    }
  }
  const Track& TrackOf(const TrackEventPacket& event) { return events_.tracks.at(event.track); }

  void Take(const TrackEventPacket& event) {
    const bool counts = event.type == TrackEventPacket::kCounter;
    if (counts != TrackOf(event).counter) return Fault("counters_on_their_tracks", event.track);
    if (counts) {
      out_.curves[TrackOf(event).name].push_back({event.time_ns, event.value});
      if (event.value < 0) Fault("counters_not_negative", event.track);
    } else {
      TakeSlice(event);
    }
  }

  void TakeSlice(const TrackEventPacket& event) {
    std::vector<std::size_t>& open = open_[event.track];
    std::size_t slice = out_.slices.size();
    if (event.type == TrackEventPacket::kEnd) {
      if (open.empty())
        return Fault("ends_have_beginnings", static_cast<std::uint64_t>(event.time_ns));
      slice = open.back();
      open.pop_back();
      out_.slices[slice].end_ns = event.time_ns;
      for (const auto& [name, value] : event.notes) out_.slices[slice].notes[name] = value;
    } else {
      const bool mark = event.type == TrackEventPacket::kMark;
      out_.slices.push_back({.track = TrackOf(event).name,
                             .name = event.name,
                             .category = event.category,
                             .task = IdOf(event.correlation),
                             .begin_ns = event.time_ns,
                             .end_ns = mark ? event.time_ns : -1,
                             .mark = mark,
                             .depth = static_cast<int>(open.size()),
                             .notes = event.notes});
      if (!mark) open.push_back(slice);
    }
    TakeArrows(event, out_.slices[slice].task);
  }

  void TakeArrows(const TrackEventPacket& event, TaskId task) {
    for (const std::uint64_t id : event.flows) {
      if (!flows_.emplace(id, Flow{event.time_ns, false, task}).second)
        Fault("arrow_begins_once", id);
    }
    for (const std::uint64_t id : event.ending_flows) {
      const auto flow = flows_.find(id);
      if (flow == flows_.end() || flow->second.ended) {
        Fault("arrow_begins_before_it_ends", id);
        continue;
      }
      if (flow->second.begin_ns >= event.time_ns) Fault("arrow_goes_forward", id);
      flow->second.ended = true;
      out_.arrows.emplace_back(flow->second.from, task);
    }
  }

  const TrackEvents& events_;
  ReadTrace& out_;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> open_;
  std::unordered_map<std::uint64_t, Flow> flows_;
};

template <class Wanted>
std::vector<const TraceSlice*> Select(const std::vector<TraceSlice>& slices, Wanted wanted) {
  std::vector<const TraceSlice*> found;
  for (const TraceSlice& slice : slices) {
    if (wanted(slice)) found.push_back(&slice);
  }
  return found;
}

}  // namespace

std::vector<const TraceSlice*> ReadTrace::OfCategory(std::string_view category) const {
  return Select(slices, [category](const TraceSlice& s) { return s.category == category; });
}

std::vector<const TraceSlice*> ReadTrace::OfTask(TaskId task) const {
  return Select(slices, [task](const TraceSlice& s) { return s.task == task; });
}

std::vector<const TraceSlice*> ReadTrace::Named(std::string_view name) const {
  return Select(slices, [name](const TraceSlice& s) { return s.name == name; });
}

std::vector<const TraceSlice*> ReadTrace::Runs() const {
  return Select(slices,
                [](const TraceSlice& s) { return !s.mark && s.track.starts_with("worker "); });
}

ReadTrace ParseTrace(std::string_view bytes) {
  ReadTrace trace;
  const TrackEvents events = ReadTrackEvents(bytes);
  trace.faults = events.faults;
  trace.packets = events.packets;
  trace.cut_short = events.cut_short;
  for (const auto& [id, track] : events.tracks) trace.tracks.insert(track.name);
  Importer(events, trace).Run();
  return trace;
}

ReadTrace ReadTraceFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  return ParseTrace(bytes);
}

}  // namespace weft::testing
