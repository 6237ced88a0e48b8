// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/memory_limit.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/distribution/internal/limit_files.h"
#include "weft/distribution/internal/whole_file.h"

namespace weft {
namespace {

// The same code, with the place in front.
absl::Status At(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), path + ": " + std::string(status.message()));
}

}  // namespace

absl::StatusOr<std::string> MemoryProbe::ReadText(const std::string& path) const {
  constexpr std::size_t kLongest = std::size_t{16} << 20;
  absl::StatusOr<std::string> text =
      internal::ReadWholeFile(root_ == "/" ? path : root_ + path, kLongest);
  if (!text.ok()) return At(path, text.status());
  return text;
}

absl::StatusOr<std::int64_t> MemoryProbe::PhysicalMemory() const {
  const std::string path = "/proc/meminfo";
  const absl::StatusOr<std::string> text = ReadText(path);
  if (!text.ok()) return text.status();
  const absl::StatusOr<std::int64_t> total = internal::ParseKeyedBytes(*text, "MemTotal:");
  if (!total.ok()) return At(path, total.status());
  if (*total < 1) return absl::InvalidArgumentError(path + ": the machine has no memory");
  return total;
}

void MemoryProbe::FindGroups() {
  const auto read = [this](const char* path) {
    absl::StatusOr<std::string> text = ReadText(path);
    if (text.ok()) return *std::move(text);
    if (!absl::IsNotFound(text.status())) warnings_.emplace_back(text.status().message());
    return std::string();
  };
  const std::string cgroup = read("/proc/self/cgroup");
  const std::string mountinfo = read("/proc/self/mountinfo");
  for (const internal::CgroupHierarchy& hierarchy :
       internal::FindHierarchies(cgroup, mountinfo, "memory")) {
    const std::size_t first = groups_.size();
    for (std::string group = hierarchy.group;; group.erase(group.rfind('/'))) {
      Group found{hierarchy.mount_point + group, hierarchy.is_v2};
      if (const auto limit = LimitOf(found); limit.ok()) {
        groups_.push_back(std::move(found));
      } else {
        warnings_.emplace_back(limit.status().message());
      }
      if (group.empty()) break;
    }
    std::reverse(groups_.begin() + static_cast<std::ptrdiff_t>(first), groups_.end());
  }
}

absl::StatusOr<MemoryProbe> MemoryProbe::Create(const MemoryProbeOptions& options) {
  MemoryProbe probe;
  probe.root_ = options.root;
  probe.page_bytes_ = options.page_bytes > 0 ? options.page_bytes : sysconf(_SC_PAGESIZE);
  const absl::StatusOr<std::int64_t> physical = probe.PhysicalMemory();
  if (!physical.ok()) return physical.status();
  probe.physical_bytes_ = *physical;
  probe.FindGroups();
  return probe;
}

absl::StatusOr<std::optional<std::int64_t>> MemoryProbe::LimitIn(const std::string& path) const {
  const absl::StatusOr<std::string> text = ReadText(path);
  if (absl::IsNotFound(text.status())) return std::optional<std::int64_t>();
  if (!text.ok()) return text.status();
  auto limit = internal::ParseByteLimit(*text);
  if (!limit.ok()) return At(path, limit.status());
  return limit;
}

absl::StatusOr<std::optional<std::int64_t>> MemoryProbe::LimitOf(const Group& group) const {
  if (!group.is_v2) return LimitIn(group.folder + "/memory.limit_in_bytes");
  auto most = LimitIn(group.folder + "/memory.max");
  if (!most.ok()) return most;
  // Above it the kernel slows a group down until it shrinks: a limit as well.
  auto high = LimitIn(group.folder + "/memory.high");
  if (!high.ok() || !high->has_value()) return high.ok() ? most : high;
  return most->has_value() ? std::min(**most, **high) : **high;
}

absl::StatusOr<std::int64_t> MemoryProbe::UseOf(const Group& group) const {
  const std::string path =
      group.folder + (group.is_v2 ? "/memory.current" : "/memory.usage_in_bytes");
  const absl::StatusOr<std::string> text = ReadText(path);
  if (!text.ok()) return text.status();
  const absl::StatusOr<std::int64_t> used = internal::ParseBytes(*text);
  if (!used.ok()) return At(path, used.status());
  const std::string stat_path = group.folder + "/memory.stat";
  const absl::StatusOr<std::string> stat = ReadText(stat_path);
  if (!stat.ok()) return stat.status();
  const absl::StatusOr<std::int64_t> inactive =
      internal::ParseKeyedBytes(*stat, group.is_v2 ? "inactive_file" : "total_inactive_file");
  if (!inactive.ok()) return At(stat_path, inactive.status());
  // Not in every file: then none is taken off.
  const std::int64_t active =
      internal::ParseKeyedBytes(*stat, group.is_v2 ? "active_file" : "total_active_file")
          .value_or(0);
  return *used - std::min(*inactive + active, *used);
}

absl::StatusOr<std::int64_t> MemoryProbe::UseOfProcess() const {
  const std::string path = "/proc/self/statm";
  const absl::StatusOr<std::string> text = ReadText(path);
  if (!text.ok()) return text.status();
  // "<size> <resident> ...", in pages.
  const std::string_view all = *text;
  const std::size_t begin = std::min(all.find(' '), all.size());
  const std::size_t end = std::min(all.find(' ', begin + 1), all.size());
  const absl::StatusOr<std::int64_t> pages = internal::ParseBytes(all.substr(begin, end - begin));
  if (!pages.ok()) return At(path, pages.status());
  return *pages * page_bytes_;
}

absl::StatusOr<MemoryReading> MemoryProbe::Read() const {
  std::int64_t limit = physical_bytes_;
  const Group* binding = nullptr;  // of equal ones the outermost: it counts more processes
  for (const Group& group : groups_) {
    const auto own = LimitOf(group);
    if (!own.ok()) return own.status();
    if (!own->has_value() || **own >= limit) continue;
    limit = **own;
    binding = &group;
  }
  const absl::StatusOr<std::int64_t> used = binding != nullptr ? UseOf(*binding) : UseOfProcess();
  if (!used.ok()) return used.status();
  return MemoryReading{.limit_bytes = std::max<std::int64_t>(limit, 1), .used_bytes = *used};
}

}  // namespace weft
