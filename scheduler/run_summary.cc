// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/run_summary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "weft/core/internal/counted.h"

namespace weft {
namespace {

using internal::Counted;

constexpr std::size_t kMostLines = 5;  // of failures, of unresolved names; steps of the path
constexpr std::size_t kMostNameBytes = 60;
constexpr std::size_t kMostMessageBytes = 200;

// In one line, and no longer than that; a character of UTF-8 stays whole.
std::string OneLine(std::string_view text, std::size_t most_bytes) {
  std::size_t end = std::min(text.size(), most_bytes);
  const auto goes_on = [text](std::size_t at) { return (text[at] & 0xC0) == 0x80; };
  // No character has more than four bytes: where more go on the text is none.
  for (int i = 0; i < 3 && end < text.size() && end > 0 && goes_on(end); ++i) --end;
  std::string line(text.substr(0, end));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  if (end < text.size()) line += "...";
  return line;
}

std::string Label(TaskId task, const std::string& name) {
  if (!name.empty()) return "'" + OneLine(name, kMostNameBytes) + "'";
  return task.valid() ? "task " + ToString(task) : "a task without a name";
}

// Four to six digits say enough.
std::string Rounded(absl::Duration duration) {
  const auto unit = duration >= absl::Seconds(1)        ? absl::Milliseconds(1)
                    : duration >= absl::Milliseconds(1) ? absl::Microseconds(1)
                                                        : absl::Nanoseconds(1);
  return absl::FormatDuration(absl::Trunc(duration, unit));
}

std::string Described(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ",
                      OneLine(std::string_view(status.message().data(), status.message().size()),
                              kMostMessageBytes));
}

void AppendCounts(const RunSummary& summary, std::string& text) {
  absl::StrAppend(&text, Counted(summary.submitted, "task"));
  if (summary.submitted > 0) absl::StrAppend(&text, " in ", Rounded(summary.elapsed));
  const char* before = ": ";
  const auto append = [&](std::int64_t count, std::string_view what, std::int64_t part,
                          std::string_view of_those) {
    if (count == 0) return;
    absl::StrAppend(&text, before, count, " ", absl::string_view(what.data(), what.size()));
    if (part > 0) {
      absl::StrAppend(&text, " (", part, " ", absl::string_view(of_those.data(), of_those.size()),
                      ")");
    }
    before = ", ";
  };
  append(summary.completed, "completed", summary.degraded, "degraded");
  append(summary.failed, "failed", 0, "");
  append(summary.cancelled, "cancelled", 0, "");
  append(summary.skipped, "skipped", 0, "");
  append(summary.pending, "pending", 0, "");
  append(summary.under_way, "under way", summary.parked, "parked");
  if (summary.refused > 0) absl::StrAppend(&text, "; ", summary.refused, " refused");
  if (!summary.status.ok()) absl::StrAppend(&text, "\n  incomplete: ", Described(summary.status));
}

// A worker may have come late, or gone: the share is of the time of all that are told of.
void AppendWorkers(const RunSummary& summary, std::string& text) {
  if (!summary.busy.empty()) {
    absl::Duration busy;
    for (const absl::Duration each : summary.busy) busy += each;
    const auto workers = static_cast<std::int64_t>(summary.busy.size());
    absl::StrAppend(&text, "\n  busy: ", Rounded(busy), " of ", Counted(workers, "worker"));
    if (summary.elapsed > absl::ZeroDuration()) {
      const double share = absl::FDivDuration(busy, summary.elapsed * workers);
      absl::StrAppend(&text, ", ", std::round(100 * share), "% of their time");
    }
  }
  if (const QueueWaits& waits = summary.queue_waits; waits.count > 0) {
    absl::StrAppend(&text, "\n  waited for a worker: p50 ", Rounded(waits.p50), ", p99 ",
                    Rounded(waits.p99), ", at most ", Rounded(waits.max));
  }
  if (summary.spare_threads > 0) {
    absl::StrAppend(
        &text, "\n  spare threads, for workers that oneTBB did not bring: ", summary.spare_threads);
  }
}

void AppendPath(const RunSummary& summary, std::string& text) {
  if (summary.critical_path.empty()) return;
  const std::vector<CriticalStep>& path = summary.critical_path;
  absl::StrAppend(&text, "\n  critical path: ", Counted(summary.critical_path_tasks, "task"), ", ",
                  Rounded(summary.critical_path_took));
  const char* before = ": ";
  const auto earlier = summary.critical_path_tasks - static_cast<std::int64_t>(path.size());
  if (earlier > 0) {
    absl::StrAppend(&text, before, earlier, " earlier");
    before = " -> ";
  }
  const std::size_t shown = std::min(path.size(), kMostLines);
  for (std::size_t i = 0; i < shown; ++i) {
    absl::StrAppend(&text, before, Label(path[i].task, path[i].name), " ", Rounded(path[i].took));
    if (path[i].waited > absl::ZeroDuration()) {
      absl::StrAppend(&text, " (waited ", Rounded(path[i].waited), ")");
    }
    before = " -> ";
  }
  if (path.size() > shown) absl::StrAppend(&text, " -> and ", path.size() - shown, " more");
}

void AppendFailures(const RunSummary& summary, std::string& text) {
  const std::size_t shown = std::min(summary.failures.size(), kMostLines);
  for (std::size_t i = 0; i < shown; ++i) {
    const TaskFailure& failure = summary.failures[i];
    absl::StrAppend(&text, "\n  failed: ", Label(failure.id, failure.name), ": ",
                    Described(failure.status));
  }
  // Those that are listed besides (a classifier that throws) are few; beyond the limit of the list
  // the counts alone know.
  const auto all = std::max(static_cast<std::int64_t>(summary.failures.size()),
                            summary.failed + summary.refused);
  const auto more = all - static_cast<std::int64_t>(shown);
  if (shown > 0 && more > 0) absl::StrAppend(&text, "\n  and ", more, " more");
}

void AppendUnresolved(const RunSummary& summary, std::string& text) {
  const std::size_t shown = std::min(summary.unresolved.size(), kMostLines);
  for (std::size_t i = 0; i < shown; ++i) {
    const UnresolvedDependency& open = summary.unresolved[i];
    absl::StrAppend(&text, "\n  pending: ", Label(open.task, open.task_name), " waits for '",
                    OneLine(open.waits_for, kMostNameBytes), "', which was never submitted");
  }
  if (summary.unresolved.size() == shown) return;
  absl::StrAppend(&text, "\n  and ",
                  summary.unresolved.size() == RunSummary::kListedLimit ? "at least " : "",
                  summary.unresolved.size() - shown, " more");
}

}  // namespace

std::string RunSummary::ToString() const {
  std::string text;
  AppendCounts(*this, text);
  AppendWorkers(*this, text);
  AppendPath(*this, text);
  AppendFailures(*this, text);
  AppendUnresolved(*this, text);
  return text;
}

}  // namespace weft
