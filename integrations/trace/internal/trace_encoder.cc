// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/internal/trace_encoder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/string_view.h"

namespace weft::internal {
namespace {

using Phase = LiveTask::Phase;
using Type = EventPacket::Type;

constexpr std::size_t kMostArrows = 4096;  // of one event: 40 KiB
constexpr std::size_t kMostKindBytesKept = std::size_t{64} << 10;

}  // namespace

TraceEncoder::TraceEncoder(std::size_t most_tasks, int wait_rows)
    : tasks_(most_tasks),
      wait_rows_(wait_rows),
      park_rows_(wait_rows),
      wait_tracks_(static_cast<std::size_t>(wait_rows)),
      park_tracks_(static_cast<std::size_t>(wait_rows)) {}

void TraceEncoder::Begin(std::string_view process_name, int process_id) {
  packets_.Header(process_name, process_id);
}

TraceEncoder::Stream& TraceEncoder::At(int stream) {
  const auto index = static_cast<std::size_t>(stream);
  if (index >= streams_.size()) streams_.resize(index + 1);
  Stream& found = streams_[index];
  if (!std::exchange(found.known, true)) {
    if (stream == kOutside) {
      found.track = TrackId::kOutside;
      packets_.OutsideTrack();
    } else {
      found.track = TrackId::kWorkers + (stream - 1);
      packets_.WorkerTrack(stream - 1);
    }
  }
  return found;
}

std::int64_t TraceEncoder::Time(int stream, std::int64_t time_ns) {
  Stream& at = streams_[static_cast<std::size_t>(stream)];
  time_ns = std::max<std::int64_t>(time_ns, stream == kOutside ? 0 : at.time_ns);
  at.time_ns = std::max(at.time_ns, time_ns);
  time_ns_ = std::max(time_ns_, time_ns);
  return time_ns;
}

TraceEncoder::Kind TraceEncoder::Intern(std::string_view kind) {
  if (kind.empty()) return {Category{}, EventName::kTask};
  const auto known = kinds_.find(absl::string_view(kind.data(), kind.size()));
  if (known != kinds_.end()) return known->second;
  if (kind_bytes_ + kind.size() > kMostKindBytesKept) {
    // They stay in the trace; those that come again get other numbers.
    kinds_.clear();
    kind_bytes_ = 0;
  }
  Kind added{Category{}, EventName{next_name_++}};
  packets_.Name(added.name, kind);
  if (next_category_ <= std::numeric_limits<std::uint16_t>::max()) {
    added.category = Category{next_category_++};
    packets_.CategoryName(added.category, kind);
  }
  kind_bytes_ += kind.size();
  kinds_.emplace(std::string(kind), added);
  return added;
}

void TraceEncoder::LearnSubmitted(std::uint64_t task, std::string_view kind, std::string_view name,
                                  Lane lane) {
  LiveTask* const added = tasks_.FindOrAdd(task);
  if (added == nullptr) {
    ++counts_.tasks_left_out;
    return;
  }
  const Kind known = Intern(kind);
  added->category = static_cast<std::uint16_t>(known.category);
  added->name = static_cast<std::uint32_t>(known.name);
  added->lane = lane;
  if (name.empty()) return;
  added->name = next_name_++;
  packets_.Name(EventName{added->name}, name);
}

void TraceEncoder::LearnReleased(std::uint64_t task, std::uint64_t arrow) {
  LiveTask* const released = tasks_.FindOrAdd(task);
  if (released != nullptr) ++released->awaited;
  if (released == nullptr || !tasks_.AddArrow(*released, arrow)) ++counts_.arrows_left_out;
}

void TraceEncoder::LearnReady(std::uint64_t task) {
  LiveTask* const ready = tasks_.FindOrAdd(task);
  if (ready == nullptr || std::exchange(ready->ready_known, true)) return;
  ready->ready_awaited = true;
  ++ready->awaited;
}

bool TraceEncoder::Ready(std::uint64_t task) {
  const LiveTask* const known = tasks_.Find(task);
  return known == nullptr || known->awaited == 0;
}

TraceEncoder::LastEvent& TraceEncoder::Keep(Stream& stream, std::uint64_t task,
                                            const EventPacket& packet) {
  Write(stream);
  stream.last.there = true;
  stream.last.task = task;
  stream.last.packet = packet;
  return stream.last;
}

void TraceEncoder::Write(Stream& stream) {
  LastEvent& last = stream.last;
  if (!std::exchange(last.there, false)) return;
  last.packet.arrows_from = last.from;
  last.packet.arrows_to = last.to;
  packets_.Event(last.packet);
  last.from.clear();
  last.to.clear();
}

void TraceEncoder::Released(int stream, std::int64_t time_ns, std::uint64_t task, std::uint64_t by,
                            std::uint64_t arrow) {
  Stream& teller = At(stream);
  time_ns = Time(stream, time_ns);
  LiveTask* const released = tasks_.Find(task);
  if (released == nullptr) return;  // left out
  if (released->awaited > 0) --released->awaited;
  LastEvent* last = &teller.last;
  if (!last->there || last->task != by || last->from.size() == kMostArrows) {
    last = &Keep(teller, by,
                 {.track = teller.track,
                  .time_ns = time_ns,
                  .type = Type::kMark,
                  .name = EventName::kReleases,
                  .category = Category::kArrows,
                  .task = by});
  }
  last->from.push_back(arrow);
  ++counts_.arrows;
  if (released->phase == Phase::kPending) {
    released->since_ns = std::max({released->since_ns, time_ns, last->packet.time_ns});
  }
}

void TraceEncoder::BecameReady(int stream, std::int64_t time_ns, std::uint64_t task) {
  At(stream);
  time_ns = Time(stream, time_ns);
  LiveTask* const ready = tasks_.Find(task);
  if (ready == nullptr) return;  // left out
  if (std::exchange(ready->ready_awaited, false)) --ready->awaited;
  if (ready->phase != Phase::kPending && ready->phase != Phase::kParked) {
    return;  // the start of another attempt has come first: it hardly waited
  }
  EndWait(*ready, task, time_ns, nullptr);
  ready->phase = Phase::kReady;
  ready->since_ns = std::max(ready->since_ns, time_ns);
  ChangeReady(time_ns, 1);
}

void TraceEncoder::Started(int stream, std::int64_t time_ns, std::uint64_t task, int attempt) {
  Stream& worker = At(stream);
  Write(worker);
  LiveTask* const started = tasks_.Find(task);
  if (started != nullptr && started->arrows != 0) {
    time_ns = std::max(time_ns, started->since_ns + 1);
  }
  time_ns = Time(stream, time_ns);
  EventPacket begin{.track = worker.track,
                    .time_ns = time_ns,
                    .name = EventName::kTask,
                    .task = task,
                    .attempt = attempt};
  arrows_.clear();
  if (started != nullptr) {
    begin.name = EventName{started->name};
    begin.category = Category{started->category};
    begin.lane = started->lane;
    EndWait(*started, task, time_ns, &begin);
    tasks_.TakeArrows(*started, arrows_);
    started->phase = Phase::kRunning;
    started->since_ns = time_ns;
    started->stream = static_cast<std::uint16_t>(stream);
  }
  begin.arrows_to = std::span(arrows_).first(std::min(arrows_.size(), kMostArrows));
  packets_.Event(begin);
  WriteSurplus(begin, arrows_);
  worker.open.push_back(task);
  ChangeRunning(time_ns, 1);
}

void TraceEncoder::WriteSurplus(const EventPacket& event, std::vector<std::uint64_t>& arrows) {
  for (std::size_t at = kMostArrows; at < arrows.size(); at += kMostArrows) {
    const std::size_t size = std::min(arrows.size() - at, kMostArrows);
    packets_.Event({.track = event.track,
                    .time_ns = event.time_ns,
                    .type = Type::kMark,
                    .name = EventName::kMoreArrows,
                    .category = Category::kArrows,
                    .task = event.task,
                    .arrows_to = std::span(arrows).subspan(at, size)});
  }
  arrows.resize(std::min(arrows.size(), kMostArrows));
}

void TraceEncoder::Parked(int stream, std::int64_t time_ns, std::uint64_t task) {
  EndSlice(stream, time_ns, task, TaskState::kPending);
  LiveTask* const parked = tasks_.Find(task);
  if (parked == nullptr) return;
  parked->phase = Phase::kParked;
  parked->since_ns = streams_[static_cast<std::size_t>(stream)].time_ns;
}

void TraceEncoder::Ended(int stream, std::int64_t time_ns, std::uint64_t task, TaskState state) {
  LiveTask* const ended = tasks_.Find(task);
  // Who tells that something has ended is who ran it; if not, the slice lies elsewhere.
  const bool runs = ended != nullptr && ended->phase == Phase::kRunning;
  const bool cut = ended != nullptr && ended->phase == Phase::kCut;
  if (!EndSlice(runs ? ended->stream : stream, time_ns, task, state) && !cut) {
    MarkEnd(stream, time_ns, task, ended, state);
  }
  tasks_.Erase(task);
}

bool TraceEncoder::EndSlice(int stream, std::int64_t time_ns, std::uint64_t task, TaskState state) {
  Stream& worker = At(stream);
  time_ns = Time(stream, time_ns);
  const auto found = std::find(worker.open.rbegin(), worker.open.rend(), task);
  if (found == worker.open.rend()) return false;
  // Slices nest: of what began later the end was lost.
  while (worker.open.back() != task) Cut(worker, time_ns);
  worker.open.pop_back();
  Keep(worker, task,
       {.track = worker.track, .time_ns = time_ns, .type = Type::kEnd, .state = state});
  ChangeRunning(time_ns, -1);
  return true;
}

void TraceEncoder::Cut(Stream& worker, std::int64_t time_ns) {
  const std::uint64_t task = worker.open.back();
  worker.open.pop_back();
  Keep(worker, task, {.track = worker.track, .time_ns = time_ns, .type = Type::kEnd});
  if (LiveTask* const cut = tasks_.Find(task)) cut->phase = Phase::kCut;
  ChangeRunning(time_ns, -1);
}

void TraceEncoder::MarkEnd(int stream, std::int64_t time_ns, std::uint64_t id, LiveTask* task,
                           TaskState state) {
  Stream& teller = At(stream);
  if (task != nullptr && task->arrows != 0) time_ns = std::max(time_ns, task->since_ns + 1);
  EventPacket mark{.track = teller.track,
                   .time_ns = Time(stream, time_ns),
                   .type = Type::kMark,
                   .name = EventName::kTask,
                   .task = id,
                   .state = state};
  if (task != nullptr) {
    mark.name = EventName{task->name};
    mark.category = Category{task->category};
    mark.lane = task->lane;
    EndWait(*task, id, mark.time_ns, nullptr);
  }
  LastEvent& last = Keep(teller, id, mark);
  if (task != nullptr) tasks_.TakeArrows(*task, last.to);
  WriteSurplus(mark, last.to);
}

void TraceEncoder::EndWait(LiveTask& task, std::uint64_t id, std::int64_t time_ns,
                           EventPacket* start) {
  const bool ready = task.phase == Phase::kReady;
  if (!ready && task.phase != Phase::kParked) return;
  if (ready) ChangeReady(time_ns, -1);
  const std::int64_t since = std::min(task.since_ns, time_ns);
  const int row = (ready ? wait_rows_ : park_rows_).Take(since, time_ns);
  if (row == WaitRows::kNone) {
    ++counts_.waits_left_out;
    if (start != nullptr) start->waited_ns = time_ns - since;
    return;
  }
  std::vector<bool>& tracks = ready ? wait_tracks_ : park_tracks_;
  if (!tracks[static_cast<std::size_t>(row)]) {
    tracks[static_cast<std::size_t>(row)] = true;
    ready ? packets_.WaitTrack(row) : packets_.ParkTrack(row);
  }
  EventPacket slice{.track = (ready ? TrackId::kWaits : TrackId::kParks) + row,
                    .time_ns = since,
                    .name = EventName{task.name},
                    .category = ready ? Category::kWait : Category::kParked,
                    .task = id};
  packets_.Event(slice);
  packets_.Event({.track = slice.track, .time_ns = time_ns, .type = Type::kEnd});
}

void TraceEncoder::Lost(int stream, std::int64_t count) {
  Stream& teller = At(stream);
  const std::int64_t time_ns = Time(stream, teller.time_ns);
  while (!teller.open.empty()) Cut(teller, time_ns);
  Keep(teller, 0,
       {.track = teller.track,
        .time_ns = time_ns,
        .type = Type::kMark,
        .name = EventName::kLost,
        .lost = count});
}

void TraceEncoder::Memory(std::int64_t time_ns, std::int64_t bytes) {
  memory_time_ns_ = std::max(memory_time_ns_, time_ns);
  packets_.Count(TrackId::kMemory, memory_time_ns_, bytes);
}

void TraceEncoder::ChangeReady(std::int64_t time_ns, int by) {
  ready_.Add(time_ns, by, [this](std::int64_t at_ns, std::int64_t value) {
    packets_.Count(TrackId::kReady, at_ns, value);
  });
}

void TraceEncoder::ChangeRunning(std::int64_t time_ns, int by) {
  running_.Add(time_ns, by, [this](std::int64_t at_ns, std::int64_t value) {
    packets_.Count(TrackId::kRunning, at_ns, value);
  });
}

void TraceEncoder::FlushCounters() {
  ready_.Flush([this](std::int64_t at_ns, std::int64_t value) {
    packets_.Count(TrackId::kReady, at_ns, value);
  });
  running_.Flush([this](std::int64_t at_ns, std::int64_t value) {
    packets_.Count(TrackId::kRunning, at_ns, value);
  });
}

void TraceEncoder::Finish(std::int64_t lost) {
  for (Stream& stream : streams_) Write(stream);
  FlushCounters();
  packets_.Event({.track = TrackId::kScheduler,
                  .time_ns = time_ns_,
                  .type = Type::kMark,
                  .name = EventName::kClosed,
                  .lost = lost});
}

}  // namespace weft::internal
