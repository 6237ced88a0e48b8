// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/internal/limit_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace weft::internal {
namespace {

constexpr std::string_view kBlanks = " \t\n";

absl::Status NotUnderstood(std::string_view text, std::string_view expected) {
  text = text.substr(0, 40);
  return absl::InvalidArgumentError("'" +
                                    absl::CHexEscape(absl::string_view(text.data(), text.size())) +
                                    "' is not " + std::string(expected));
}

// Cuts the next word off the front of `text`; empty at the end.
std::string_view TakeWord(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

// Cuts the next line off the front of `text`, without its line end.
std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

// Decimal digits with an optional '-'. A number too large for the type is cut to
// its largest value: it was a limit that nobody reaches.
std::optional<std::int64_t> ReadNumber(std::string_view word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || end != word.data() + word.size()) return std::nullopt;
  if (error == std::errc()) return value;
  if (error == std::errc::result_out_of_range && word.front() != '-') {
    return std::numeric_limits<std::int64_t>::max();
  }
  return std::nullopt;
}

// The only word of `text`, as a number.
std::optional<std::int64_t> ReadOnlyNumber(std::string_view text) {
  const std::optional<std::int64_t> number = ReadNumber(TakeWord(text));
  return TakeWord(text).empty() ? number : std::nullopt;
}

int RoundUpToCpus(std::int64_t quota, std::int64_t period) {
  const std::int64_t cpus = quota / period + (quota % period == 0 ? 0 : 1);
  return static_cast<int>(std::clamp<std::int64_t>(cpus, 1, std::numeric_limits<int>::max()));
}

struct Mount {
  bool is_v2 = false;
  std::string root;  // which group is visible at the mount point
  std::string mount_point;
  std::string_view options;
};

bool ListHas(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    if (item == name) return true;
    list.remove_prefix(std::min(item.size() + 1, list.size()));
  }
  return false;
}

// mountinfo writes blanks and backslashes as a backslash and three octal digits.
std::string DecodeOctal(std::string_view text) {
  const auto is_octal = [](char c) { return '0' <= c && c <= '7'; };
  std::string decoded;
  while (!text.empty()) {
    const std::string_view digits = text.substr(1, 3);
    if (text.front() == '\\' && digits.size() == 3 &&
        std::all_of(digits.begin(), digits.end(), is_octal)) {
      decoded +=
          static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0'));
      text.remove_prefix(4);
    } else {
      decoded += text.front();
      text.remove_prefix(1);
    }
  }
  return decoded;
}

// "31 23 0:28 <root> <mount point> <options> [tag:value …] - <type> <source> <options>"
std::optional<Mount> ReadMount(std::string_view line) {
  std::array<std::string_view, 5> head;
  for (std::string_view& word : head) word = TakeWord(line);
  std::string_view word = TakeWord(line);
  while (!word.empty() && word != "-") word = TakeWord(line);
  const std::string_view type = TakeWord(line);
  TakeWord(line);
  if (type != "cgroup" && type != "cgroup2") return std::nullopt;
  return Mount{.is_v2 = type == "cgroup2",
               .root = DecodeOctal(head[3]),
               .mount_point = DecodeOctal(head[4]),
               .options = TakeWord(line)};
}

// The part of `group` that lies below `root`; nothing when it lies elsewhere.
std::optional<std::string> BelowRoot(std::string_view group, std::string_view root) {
  if (root == "/") root = "";
  if (!group.starts_with(root)) return std::nullopt;
  group.remove_prefix(root.size());
  if (group == "/" || group.empty()) return std::string();
  if (group.front() != '/') return std::nullopt;
  return std::string(group);
}

bool ClimbsOut(std::string_view group) { return group == "/.." || group.starts_with("/../"); }

// Takes the mount that shows `group`. When none does, as in a container that sees only
// its own group under another name, the top of the first mount is our group.
std::optional<CgroupHierarchy> PlaceGroup(std::string_view group, std::string_view mountinfo,
                                          std::string_view controller) {
  std::optional<CgroupHierarchy> fallback;
  while (!mountinfo.empty()) {
    const std::optional<Mount> mount = ReadMount(TakeLine(mountinfo));
    if (!mount.has_value() || mount->is_v2 != controller.empty()) continue;
    if (!mount->is_v2 && !ListHas(mount->options, controller)) continue;
    const std::optional<std::string> below =
        ClimbsOut(group) ? std::nullopt : BelowRoot(group, mount->root);
    if (below.has_value()) return CgroupHierarchy{mount->is_v2, mount->mount_point, *below};
    if (!fallback.has_value()) fallback = CgroupHierarchy{mount->is_v2, mount->mount_point, ""};
  }
  return fallback;
}

}  // namespace

absl::StatusOr<std::optional<int>> ParseCpuMax(std::string_view text) {
  constexpr std::string_view kExpected = "a quota ('max' or microseconds) and a period";
  std::string_view rest = text;
  const std::string_view quota_word = TakeWord(rest);
  const std::string_view period_word = TakeWord(rest);
  if (!TakeWord(rest).empty()) return NotUnderstood(text, kExpected);
  const std::optional<std::int64_t> period =
      period_word.empty() ? 100'000 : ReadNumber(period_word);
  if (!period.has_value() || *period <= 0) return NotUnderstood(text, kExpected);
  if (quota_word == "max") return std::optional<int>();
  const std::optional<std::int64_t> quota = ReadNumber(quota_word);
  if (!quota.has_value() || *quota <= 0) return NotUnderstood(text, kExpected);
  return RoundUpToCpus(*quota, *period);
}

absl::StatusOr<std::optional<int>> ParseCfsQuota(std::string_view quota, std::string_view period) {
  const std::optional<std::int64_t> quota_us = ReadOnlyNumber(quota);
  if (quota_us == -1) return std::optional<int>();
  if (!quota_us.has_value() || *quota_us <= 0) {
    return NotUnderstood(quota, "-1 or a quota in microseconds");
  }
  const std::optional<std::int64_t> period_us = ReadOnlyNumber(period);
  if (!period_us.has_value() || *period_us <= 0) {
    return NotUnderstood(period, "a period in microseconds");
  }
  return RoundUpToCpus(*quota_us, *period_us);
}

absl::StatusOr<std::optional<std::int64_t>> ParseByteLimit(std::string_view text) {
  std::string_view rest = text;
  if (TakeWord(rest) == "max" && TakeWord(rest).empty()) return std::optional<std::int64_t>();
  const std::optional<std::int64_t> bytes = ReadOnlyNumber(text);
  if (bytes == -1) return std::optional<std::int64_t>();
  if (!bytes.has_value() || *bytes < 0) {
    return NotUnderstood(text, "'max' or a number of bytes");
  }
  // cgroup v1 shows "none" as the largest number, rounded down to whole pages.
  constexpr std::int64_t kBeyondAnyMachine = std::int64_t{1} << 62;
  if (*bytes >= kBeyondAnyMachine) return std::optional<std::int64_t>();
  return bytes;
}

absl::StatusOr<std::int64_t> ParseBytes(std::string_view text) {
  const std::optional<std::int64_t> bytes = ReadOnlyNumber(text);
  if (!bytes.has_value() || *bytes < 0) return NotUnderstood(text, "a number of bytes");
  return *bytes;
}

absl::StatusOr<std::int64_t> ParseKeyedBytes(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    std::string_view rest = line;
    if (TakeWord(rest) != key) continue;
    const std::optional<std::int64_t> number = ReadNumber(TakeWord(rest));
    const std::string_view unit = TakeWord(rest);
    const std::int64_t scale = unit == "kB" ? 1024 : 1;
    const bool understood = number.has_value() && *number >= 0 && (unit.empty() || unit == "kB") &&
                            TakeWord(rest).empty() &&
                            *number <= std::numeric_limits<std::int64_t>::max() / scale;
    if (!understood) return NotUnderstood(line, "a name and a number of bytes");
    return *number * scale;
  }
  return absl::NotFoundError("no line begins with " + std::string(key));
}

std::vector<CgroupHierarchy> FindHierarchies(std::string_view cgroup, std::string_view mountinfo,
                                             std::string_view controller) {
  std::vector<CgroupHierarchy> found;
  while (!cgroup.empty()) {
    // "<id>:<controllers>:<group>"; v2 is the line with id 0 and no controllers.
    const std::string_view line = TakeLine(cgroup);
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool is_v2 = controllers.empty();
    if (!is_v2 && !ListHas(controllers, controller)) continue;
    std::optional<CgroupHierarchy> hierarchy =
        PlaceGroup(line.substr(second + 1), mountinfo, is_v2 ? std::string_view() : controller);
    if (hierarchy.has_value()) found.push_back(*std::move(hierarchy));
  }
  return found;
}

}  // namespace weft::internal
