// SPDX-License-Identifier: Apache-2.0
//
// How much of the machine we may use: workers and memory, each the smallest of all
// that the machine, the affinity mask and the control groups grant. A container that
// is granted one CPU of 64 must not start 64 workers.

#ifndef WEFT_DISTRIBUTION_TOPOLOGY_H_
#define WEFT_DISTRIBUTION_TOPOLOGY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace weft {

// Who sets a limit.
enum class LimitSource : std::uint8_t {
  kHwloc,     // processing units that the machine has and allows us
  kAffinity,  // the affinity mask of the calling thread, which its threads inherit
  kCgroupV1,
  kCgroupV2,
  kMeminfo,
};

// "hwloc", "affinity mask", "cgroup v1", "cgroup v2", "meminfo".
std::string_view LimitSourceName(LimitSource source);

// Workers that one source grants; a CPU quota is rounded up.
//
// Thread safety: a plain value.
struct WorkerLimit {
  LimitSource source = LimitSource::kHwloc;
  std::string where;  // the file, or the call, that said so
  int workers = 0;

  friend bool operator==(const WorkerLimit&, const WorkerLimit&) = default;
};

// Memory that one source grants.
//
// Thread safety: a plain value.
struct MemoryLimit {
  LimitSource source = LimitSource::kMeminfo;
  std::string where;
  std::int64_t limit_bytes = 0;
  // What is left below the limit. meminfo: MemAvailable. Control groups: the limit
  // minus the usage, where pages of inactive files do not count as used because the
  // kernel takes them back before it refuses memory; never below 0.
  std::int64_t available_bytes = 0;

  friend bool operator==(const MemoryLimit&, const MemoryLimit&) = default;
};

// What was found, and where: every limit that applies, not only the smallest.
//
// Thread safety: a value; share it read-only, or copy it.
struct Topology {
  // The smallest of `worker_limits`; at least 1.
  int usable_workers = 1;
  // The smallest of `memory_limits`; 0 = unknown.
  std::int64_t memory_limit_bytes = 0;
  std::int64_t available_memory_bytes = 0;

  std::vector<WorkerLimit> worker_limits;
  std::vector<MemoryLimit> memory_limits;
  // One text for each source that could not be read or made no sense, and that was
  // therefore left out.
  std::vector<std::string> warnings;
};

// Where to look. The defaults are the running system; tests forge it.
//
// Thread safety: a plain value.
struct TopologyOptions {
  // The directory that holds `proc` and `sys`.
  std::string root = "/";
  // Empty = hwloc.
  std::function<absl::StatusOr<int>()> count_allowed_units = {};
  // Empty = sched_getaffinity.
  std::function<absl::StatusOr<int>()> count_affinity_cpus = {};
};

// Reads all sources anew; never fails, whatever the files hold: see `warnings`.
// Control groups are followed from the group of this process up to the root of the
// hierarchy that is visible here.
//
// Thread safety: may be called from any thread.
// Cost: about 15 small files and a topology load, a few milliseconds; keep the result.
Topology ReadTopology(const TopologyOptions& options = {});

}  // namespace weft

#endif  // WEFT_DISTRIBUTION_TOPOLOGY_H_
