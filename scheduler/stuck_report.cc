// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/stuck_report.h"

#include "absl/strings/str_cat.h"

#include "weft/core/internal/counted.h"

namespace weft {
namespace {

using internal::Counted;

absl::string_view NameOf(TaskState state) {
  switch (state) {
    case TaskState::kReady: return "ready";
    case TaskState::kRunning: return "running";
    case TaskState::kParked: return "parked";
    default: return "pending";
  }
}

std::string Label(TaskId id, const std::string& name) {
  return name.empty() ? "task " + ToString(id) : absl::StrCat("'", name, "' (", ToString(id), ")");
}

std::string Describe(const StuckTask::Reason& reason) {
  switch (reason.kind) {
    case StuckTask::Reason::Kind::kTask: return Label(reason.task, reason.name);
    case StuckTask::Reason::Kind::kName:
      return absl::StrCat("'", reason.name, "', which was never submitted");
    case StuckTask::Reason::Kind::kGroup:
      return absl::StrCat("a group with ", Counted(reason.count, "unfinished task"));
    case StuckTask::Reason::Kind::kGraph:
      return absl::StrCat("the run of a graph of ", Counted(reason.count, "node"));
    case StuckTask::Reason::Kind::kResource:
      return absl::StrCat("resource '", reason.name, "', of which it needs ", reason.count);
    case StuckTask::Reason::Kind::kMemory:
      return absl::StrCat(Counted(reason.count, "byte"), " of memory");
    case StuckTask::Reason::Kind::kInFlight:
      return absl::StrCat("the end of another task: no more than ", reason.count,
                          " may run or be parked at once (max_tasks_in_flight)");
    case StuckTask::Reason::Kind::kOneByOne:
      return "memory: too much is in use, and one task runs at a time (max_memory_percent)";
    case StuckTask::Reason::Kind::kThreads:
      return absl::StrCat("a thread for bodies that block: there are no more than ", reason.count,
                          " (blocking_threads)");
  }
  return {};
}

std::string Describe(const StuckTask& task) {
  std::string text = absl::StrCat(task.is_node ? "node " : "", Label(task.id, task.name), " is ",
                                  NameOf(task.state));
  if (task.since != absl::InfiniteDuration()) {
    absl::StrAppend(&text, " for ", absl::FormatDuration(task.since));
  }
  if (task.state == TaskState::kParked) {
    absl::StrAppend(&text, ", until in ", absl::FormatDuration(task.wakes_in));
  }
  const char* before = ", waits for ";
  for (const StuckTask::Reason& reason : task.waits_for) {
    absl::StrAppend(&text, before, Describe(reason));
    before = ", ";
  }
  const auto more = task.waits_for_count - static_cast<std::int64_t>(task.waits_for.size());
  if (more > 0) absl::StrAppend(&text, " and ", more, " more");
  return text;
}

}  // namespace

std::string StuckReport::ToString() const {
  std::string text = absl::StrCat(
      Counted(unfinished(), "task"), unfinished() == 1 ? " has" : " have", " not ended: ", running,
      " running, ", parked, " parked, ", ready, " ready, ", pending, " pending");
  if (graph_runs > 0) absl::StrAppend(&text, "; runs of graphs: ", graph_runs);
  if (quiet_for > absl::ZeroDuration()) {
    absl::StrAppend(&text, "; none has for ", absl::FormatDuration(quiet_for));
  }
  if (!status.ok()) absl::StrAppend(&text, "; incomplete: ", status.message());
  for (const StuckTask& task : tasks) absl::StrAppend(&text, "\n  ", Describe(task));
  const std::int64_t more = unfinished() - static_cast<std::int64_t>(tasks.size());
  if (more > 0) absl::StrAppend(&text, "\n  and ", more, " more");
  return text;
}

}  // namespace weft
