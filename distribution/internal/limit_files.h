// SPDX-License-Identifier: Apache-2.0
//
// The texts in which Linux states limits, read as pure functions: the same answer
// for the same text, nothing opened. Each refuses what it does not understand, so
// that the caller can warn and go on.

#ifndef WEFT_DISTRIBUTION_INTERNAL_LIMIT_FILES_H_
#define WEFT_DISTRIBUTION_INTERNAL_LIMIT_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace weft::internal {

// CPUs that a quota grants, rounded up, at least 1; nothing when it grants all.
// cpu.max of cgroup v2: "<quota|max> [<period>]", the period is 100000 when left out.
absl::StatusOr<std::optional<int>> ParseCpuMax(std::string_view text);
// cpu.cfs_quota_us (-1 = all) and cpu.cfs_period_us of cgroup v1.
absl::StatusOr<std::optional<int>> ParseCfsQuota(std::string_view quota, std::string_view period);

// A limit in bytes; nothing for "max", -1, and the huge number by which cgroup v1
// says "none".
absl::StatusOr<std::optional<std::int64_t>> ParseByteLimit(std::string_view text);

// A plain count of bytes.
absl::StatusOr<std::int64_t> ParseBytes(std::string_view text);

// The number after `key` in lines such as "MemTotal:  16 kB" (kibibytes become
// bytes) or "inactive_file 4096". NotFound: no such line.
absl::StatusOr<std::int64_t> ParseKeyedBytes(std::string_view text, std::string_view key);

// A control group hierarchy as this process sees it.
struct CgroupHierarchy {
  bool is_v2 = false;
  std::string mount_point;
  // The group of this process below `mount_point`, "" or "/a/b".
  std::string group;
};

// Finds the hierarchies that can limit `controller` ("cpu", "memory"): the v1 one
// that carries it, and the v2 one. The arguments are the texts of
// /proc/self/cgroup and /proc/self/mountinfo; lines of other shapes are passed over.
std::vector<CgroupHierarchy> FindHierarchies(std::string_view cgroup, std::string_view mountinfo,
                                             std::string_view controller);

}  // namespace weft::internal

#endif  // WEFT_DISTRIBUTION_INTERNAL_LIMIT_FILES_H_
