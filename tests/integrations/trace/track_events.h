// SPDX-License-Identifier: Apache-2.0
//
// The packets of a trace, as they lie in the file, with the texts that they refer to.

#ifndef WEFT_TESTS_INTEGRATIONS_TRACE_TRACK_EVENTS_H_
#define WEFT_TESTS_INTEGRATIONS_TRACE_TRACK_EVENTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft::testing {

struct Track {
  std::string name;
  std::uint64_t parent = 0;
  bool counter = false;
  std::int64_t last_ns = 0;  // of its last event in the file
};

struct TrackEventPacket {
  enum Type : std::uint64_t { kBegin = 1, kEnd = 2, kMark = 3, kCounter = 4 };

  std::int64_t time_ns = 0;
  std::uint64_t type = 0;
  std::uint64_t track = 0;
  std::string name;
  std::string category;
  std::uint64_t correlation = 0;
  std::int64_t value = 0;
  std::vector<std::uint64_t> flows;
  std::vector<std::uint64_t> ending_flows;
  std::map<std::string, std::string> notes;
};

struct TrackEvents {
  std::unordered_map<std::uint64_t, Track> tracks;
  std::vector<TrackEventPacket> events;
  std::vector<std::string> faults;  // "rule: what"; see trace_reader.h
  std::int64_t packets = 0;
  bool cut_short = false;
};

// Faults are: bytes that are no such message; a field that the writer has no business with; a
// packet outside the sequence, or before its first; a text or a track that is used before it is
// there, or comes twice; a text that is no UTF-8; times that fall in a track.
TrackEvents ReadTrackEvents(std::string_view bytes);

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_TRACE_TRACK_EVENTS_H_
