// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/reason_groups.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/integrations/codebase/file_record.h"

namespace weft::tools {
namespace {

// Stands for a figure, and counts as one where a reason has it.
constexpr char kFigure = '\x1a';

bool IsDigit(char c) { return '0' <= c && c <= '9'; }

// A reason taken apart: "9,000 bytes, over 8.5 M" has the words "# bytes, over # M" and
// the figures "9,000" and "8.5".
struct Parts {
  std::string words;
  std::vector<std::string> figures;
};

Parts TakeApart(std::string_view reason) {
  Parts parts;
  const auto is_digit = [reason](std::size_t at) {
    return at < reason.size() && IsDigit(reason[at]);
  };
  for (std::size_t at = 0; at < reason.size();) {
    if (!is_digit(at) && reason[at] != kFigure) {
      parts.words += reason[at++];
      continue;
    }
    const std::size_t first = at++;
    while (is_digit(at) || (is_digit(at + 1) && (reason[at] == ',' || reason[at] == '.'))) ++at;
    parts.figures.emplace_back(reason.substr(first, at - first));
    parts.words += kFigure;
  }
  return parts;
}

std::string PutTogether(const Parts& parts) {
  std::string reason;
  std::size_t next = 0;
  for (const char c : parts.words) {
    if (c == kFigure) {
      reason += parts.figures[next++];
    } else {
      reason += c;
    }
  }
  return reason;
}

struct Group {
  Parts parts;  // figures that differ are an N
  ReasonGroup shown;
};

void Add(const FileRecord& file, Parts parts, Group& group) {
  if (group.shown.count == 0) {
    group.parts = std::move(parts);
  } else {
    for (std::size_t i = 0; i < parts.figures.size(); ++i) {
      if (group.parts.figures[i] != parts.figures[i]) group.parts.figures[i] = "N";
    }
  }
  ++group.shown.count;
  if (group.shown.examples.size() < ReasonGroup::kMostExamples) {
    group.shown.examples.push_back(file.path);
  }
}

}  // namespace

std::vector<ReasonGroup> GroupReasons(std::span<const FileRecord> files, FileStatus status) {
  std::map<std::string, Group> groups;
  for (const FileRecord& file : files) {
    if (file.status != status) continue;
    Parts parts = TakeApart(file.reason);
    Group& group = groups[parts.words];
    Add(file, std::move(parts), group);
  }
  std::vector<ReasonGroup> sorted;
  for (auto& [words, group] : groups) {
    group.shown.reason = PutTogether(group.parts);
    sorted.push_back(std::move(group.shown));
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  return sorted;
}

}  // namespace weft::tools
