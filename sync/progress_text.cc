// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/progress_text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "nlohmann/json.hpp"

#include "weft/sync/escape_bytes.h"
#include "weft/sync/progress_snapshot.h"
#include "weft/sync/terminal_text.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

// ProgressSnapshot::Text with thousands separators, and fit for a terminal.
std::string Describe(const ProgressLevel& level) {
  std::string text = MakePrintable(level.label);
  if (level.total > 0) {
    text += " " + FormatCount(level.completed) + "/" + FormatCount(level.total);
  } else {
    text += ": " + FormatCount(level.completed);
  }
  if (level.failed > 0) text += " (" + FormatCount(level.failed) + " failed)";
  return text;
}

// Levels of which nothing is known are left out, but for the last.
std::string DescribeCounts(const ProgressSnapshot& snapshot) {
  std::string text;
  for (const ProgressLevel& level : snapshot.levels) {
    const bool known = level.total > 0 || level.completed > 0 || level.failed > 0;
    if (!known && &level != &snapshot.levels.back()) continue;
    if (!text.empty()) text += ", ";
    text += Describe(level);
  }
  return text;
}

std::string Completed(const ProgressSnapshot& snapshot) {
  return !snapshot.levels.empty() && snapshot.levels.back().total > 0 ? " completed" : "";
}

// The fraction says nothing before it is known how much there is.
bool KnowsTheWhole(const ProgressSnapshot& snapshot) {
  return !snapshot.levels.empty() && snapshot.levels.front().total > 0;
}

// Rounded down: 100% is the end.
std::string Percent(const ProgressSnapshot& snapshot) {
  return std::to_string(static_cast<int>(snapshot.fraction * 100)) + "%";
}

// "0:12 left", "1:02:03 left"; empty when it is not known.
std::string Left(const ProgressSnapshot& snapshot) {
  if (!snapshot.remaining.has_value()) return "";
  const std::int64_t seconds =
      absl::ToInt64Seconds(absl::Ceil(*snapshot.remaining, absl::Seconds(1)));
  const auto two_digits = [](std::int64_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
  };
  const std::string end = ":" + two_digits(seconds % 60) + " left";
  if (seconds < 3600) return std::to_string(seconds / 60) + end;
  return FormatCount(seconds / 3600) + ":" + two_digits(seconds / 60 % 60) + end;
}

// `width` columns, brackets included. Green, or yellow as soon as something has failed.
std::string Bar(const ProgressSnapshot& snapshot, std::size_t width) {
  const bool failed = std::any_of(snapshot.levels.begin(), snapshot.levels.end(),
                                  [](const ProgressLevel& level) { return level.failed > 0; });
  const std::size_t cells = width - 2;
  const std::size_t full =
      std::min(cells, static_cast<std::size_t>(snapshot.fraction * static_cast<double>(cells)));
  return std::string("[") + (failed ? "\x1b[33m" : "\x1b[32m") + std::string(full, '#') +
         "\x1b[0m" + std::string(cells - full, '-') + "]";
}

Json ToJson(const ProgressLevel& level) {
  Json json;
  json["label"] = EscapeBytes(level.label);
  json["completed"] = level.completed;
  json["failed"] = level.failed;
  json["total"] = level.total > 0 ? Json(level.total) : Json(nullptr);
  return json;
}

// More digits would be noise.
double Round(double value, double unit) { return std::round(value * unit) / unit; }

}  // namespace

ProgressBar FormatProgressBar(const ProgressSnapshot& snapshot, std::size_t columns) {
  constexpr std::size_t kLeastBar = 12;
  const std::string counts = DescribeCounts(snapshot);
  const std::string text = counts + Completed(snapshot);
  if (!KnowsTheWhole(snapshot)) {
    const std::string front = KeepFront(text, columns);
    return {front, CountColumns(front)};
  }
  const std::string percent = Percent(snapshot);
  const std::string padded = " " + PadLeft(percent, 4);
  const std::string left = Left(snapshot).empty() ? "" : " " + Left(snapshot);
  const std::size_t fixed = CountColumns(text) + 1 + padded.size() + left.size();
  if (fixed + kLeastBar <= columns) {
    return {text + " " + Bar(snapshot, columns - fixed) + padded + left, columns};
  }
  for (const std::string& line : {text + padded + left, text + padded, counts + padded, percent}) {
    if (CountColumns(line) <= columns) return {line, CountColumns(line)};
  }
  return {};
}

std::string FormatProgressLine(const ProgressSnapshot& snapshot) {
  std::string text = DescribeCounts(snapshot) + Completed(snapshot);
  if (KnowsTheWhole(snapshot)) text += ", " + Percent(snapshot);
  const std::string left = Left(snapshot);
  return left.empty() ? text : text + ", " + left;
}

std::string FormatProgressJson(const ProgressSnapshot& snapshot) {
  Json json;
  json["schema"] = "weft.progress/1";
  json["finished"] = snapshot.finished;
  json["fraction"] = KnowsTheWhole(snapshot) ? Json(Round(snapshot.fraction, 1e4)) : Json(nullptr);
  json["elapsed_seconds"] = Round(absl::ToDoubleSeconds(snapshot.elapsed), 1e3);
  json["remaining_seconds"] = snapshot.remaining.has_value()
                                  ? Json(Round(absl::ToDoubleSeconds(*snapshot.remaining), 1e3))
                                  : Json(nullptr);
  json["levels"] = Json::array();
  for (const ProgressLevel& level : snapshot.levels) json["levels"].push_back(ToJson(level));
  return json.dump();
}

}  // namespace weft
