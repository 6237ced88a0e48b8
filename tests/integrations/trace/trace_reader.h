// SPDX-License-Identifier: Apache-2.0
//
// Imports a trace as a viewer does, and lists what a strict one would refuse. Shares no code with
// what writes traces.

#ifndef WEFT_TESTS_INTEGRATIONS_TRACE_TRACE_READER_H_
#define WEFT_TESTS_INTEGRATIONS_TRACE_TRACE_READER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/core/task_id.h"

namespace weft::testing {

struct TraceSlice {
  std::string track;
  std::string name;
  std::string category;
  TaskId task;  // invalid: nobody's
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = -1;  // -1: still open; a mark's is its beginning
  bool mark = false;
  int depth = 0;  // in its track
  std::map<std::string, std::string> notes;
};

struct TracePoint {
  std::int64_t time_ns = 0;
  std::int64_t value = 0;
  friend bool operator==(const TracePoint&, const TracePoint&) = default;
};

struct ReadTrace {
  std::vector<TraceSlice> slices;                         // in the order of their beginnings
  std::vector<std::pair<TaskId, TaskId>> arrows;          // from, to
  std::map<std::string, std::vector<TracePoint>> curves;  // by the counter's name
  std::set<std::string> tracks;
  std::vector<std::string> faults;  // "rule: what", the first hundred
  std::int64_t packets = 0;
  bool cut_short = false;  // the last packet is not whole

  // Those with that category, or of a task, or of a track.
  std::vector<const TraceSlice*> OfCategory(std::string_view category) const;
  std::vector<const TraceSlice*> OfTask(TaskId task) const;
  std::vector<const TraceSlice*> Named(std::string_view name) const;
  // What ran: the slices of workers that are no marks.
  std::vector<const TraceSlice*> Runs() const;
};

ReadTrace ParseTrace(std::string_view bytes);
ReadTrace ReadTraceFile(const std::string& path);

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_TRACE_TRACE_READER_H_
