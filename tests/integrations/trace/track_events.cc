// SPDX-License-Identifier: Apache-2.0

#include "integrations/trace/track_events.h"

#include <functional>
#include <utility>

#include "integrations/trace/wire_message.h"

namespace weft::testing {
namespace {

// The field numbers of perfetto.protos, from the published descriptions.
constexpr std::uint32_t kTracePacket = 1;
constexpr std::string_view kOtherThreads = "other threads";  // whose times may fall

enum Interned : std::uint32_t { kCategories = 1, kNames = 2, kNoteNames = 3, kNoteTexts = 29 };

class Packets {
 public:
  explicit Packets(std::string_view bytes) : bytes_(bytes) {}

  TrackEvents Read() {
    WireReader reader(bytes_);
    while (!reader.done()) {
      WireField field;
      if (!reader.Next(field)) {
        out_.cut_short = true;
        break;
      }
      if (field.number != kTracePacket || field.type != WireType::kSized) {
        Fault("only_packets", field.number);
        break;
      }
      ++out_.packets;
      ReadPacket(field.bytes);
    }
    return std::move(out_);
  }

 private:
  void Fault(std::string_view rule, std::uint64_t what) {
    if (out_.faults.size() < 100) {
      out_.faults.push_back(std::string(rule) + ": " + std::to_string(what) + " in packet " +
                            std::to_string(out_.packets));
    }
  }

  // Calls take(field) for each; false from it: the field is none of ours.
  void ForEach(std::string_view message, const std::function<bool(const WireField&)>& take) {
    WireReader reader(message);
    WireField field;
    while (!reader.done()) {
      if (!reader.Next(field)) return Fault("well_formed", reader.done());
      if (!take(field)) Fault("known_field", field.number);
    }
  }

  void ReadPacket(std::string_view packet) {
    std::uint64_t sequence = 0;
    std::uint64_t flags = 0;
    time_ns_ = -1;
    uses_texts_ = false;
    std::string_view event;
    std::string_view track;
    std::string_view texts;
    ForEach(packet, [&](const WireField& field) {
      switch (field.number) {
        case 8: time_ns_ = static_cast<std::int64_t>(field.value); return true;
        case 10: sequence = field.value; return true;
        case 11: event = field.bytes; return true;
        case 12: texts = field.bytes; return true;
        case 13: flags = field.value; return true;
        case 60: track = field.bytes; return true;
        default: return false;
      }
    });
    if (sequence != 1) Fault("one_sequence", sequence);
    if ((out_.packets == 1) != ((flags & 1) != 0)) Fault("first_packet_clears_state", flags);
    if (!texts.empty()) ReadTexts(texts);
    if (!track.empty()) ReadTrack(track);
    if (!event.empty()) ReadEvent(event);
    if (uses_texts_ && (flags & 2) == 0) Fault("needs_incremental_state", flags);
  }

  void ReadTexts(std::string_view data) {
    uses_texts_ = true;
    ForEach(data, [&](const WireField& list) {
      std::uint64_t number = 0;
      std::string text;
      ForEach(list.bytes, [&](const WireField& field) {
        if (field.number == 1) number = field.value;
        if (field.number == 2) text = field.bytes;
        return field.number <= 2;
      });
      if (number == 0) Fault("texts_count_from_one", list.number);
      if (!IsUtf8(text)) Fault("utf8", number);
      if (!texts_[list.number].emplace(number, text).second) Fault("text_comes_once", number);
      return list.number == kCategories || list.number == kNames || list.number == kNoteNames ||
             list.number == kNoteTexts;
    });
  }

  void ReadTrack(std::string_view descriptor) {
    std::uint64_t id = 0;
    Track track;
    bool process = false;
    ForEach(descriptor, [&](const WireField& field) {
      switch (field.number) {
        case 1: id = field.value; return true;
        case 2: track.name = field.bytes; return true;
        case 3: process = true; return true;
        case 5: track.parent = field.value; return true;
        case 8: track.counter = true; return true;
        case 11: return true;  // order of its children
        case 12: return true;  // rank among its siblings
        case 15: return true;  // merged with those of its name, or not
        default: return false;
      }
    });
    if (process ? !track.name.empty() : track.name.empty()) Fault("tracks_have_names", id);
    if (!process && !out_.tracks.contains(track.parent)) Fault("parents_come_first", id);
    if (id == 0 || !out_.tracks.emplace(id, track).second) Fault("track_comes_once", id);
  }

  void ReadEvent(std::string_view message) {
    TrackEventPacket event;
    event.time_ns = time_ns_;
    ForEach(message, [&](const WireField& field) {
      switch (field.number) {
        case 3: event.category = Text(kCategories, field.value); return true;
        case 4: ReadNote(field.bytes, event); return true;
        case 9: event.type = field.value; return true;
        case 10: event.name = Text(kNames, field.value); return true;
        case 11: event.track = field.value; return true;
        case 30: event.value = static_cast<std::int64_t>(field.value); return true;
        case 47: event.flows.push_back(field.value); return field.type == WireType::kEightBytes;
        case 48:
          event.ending_flows.push_back(field.value);
          return field.type == WireType::kEightBytes;
        case 52: event.correlation = field.value; return true;
        default: return false;
      }
    });
    if (event.time_ns < 0) Fault("events_have_times", event.track);
    if (event.type < 1 || event.type > 4) Fault("known_type", event.type);
    const auto track = out_.tracks.find(event.track);
    if (track == out_.tracks.end()) return Fault("track_comes_first", event.track);
    if (track->second.name != kOtherThreads && event.time_ns < track->second.last_ns) {
      Fault("times_do_not_fall", event.track);
    }
    track->second.last_ns = event.time_ns;
    out_.events.push_back(std::move(event));
  }

  void ReadNote(std::string_view message, TrackEventPacket& event) {
    std::string name;
    std::string value;
    ForEach(message, [&](const WireField& field) {
      switch (field.number) {
        case 1: name = Text(kNoteNames, field.value); return true;
        case 4: value = std::to_string(static_cast<std::int64_t>(field.value)); return true;
        case 17: value = Text(kNoteTexts, field.value); return true;
        default: return false;
      }
    });
    if (!event.notes.emplace(name, value).second) Fault("notes_come_once", out_.packets);
  }

  std::string Text(Interned list, std::uint64_t number) {
    uses_texts_ = true;
    const auto found = texts_[list].find(number);
    if (found != texts_[list].end()) return found->second;
    Fault("text_comes_first", number);
    return {};
  }

  static bool IsUtf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const auto first = static_cast<std::uint8_t>(text[at]);
      const std::size_t size = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : 4;
      if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || at + size > text.size()) return false;
      std::uint32_t code = size == 1 ? first : first & (0x7fu >> size);
      for (std::size_t i = 1; i < size; ++i) {
        const auto next = static_cast<std::uint8_t>(text[at + i]);
        if (next >> 6 != 2) return false;
        code = (code << 6) | (next & 0x3f);
      }
      constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
      if (code < kLeast[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
      at += size;
    }
    return true;
  }

  const std::string_view bytes_;
  TrackEvents out_;
  std::unordered_map<std::uint32_t, std::unordered_map<std::uint64_t, std::string>> texts_;
  std::int64_t time_ns_ = -1;  // of the packet
  bool uses_texts_ = false;    // it does
};

}  // namespace

TrackEvents ReadTrackEvents(std::string_view bytes) { return Packets(bytes).Read(); }

}  // namespace weft::testing
