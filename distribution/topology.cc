// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/topology.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sched.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <hwloc.h>

#include "weft/distribution/internal/limit_files.h"

namespace weft {
namespace {

absl::StatusOr<int> CountUnitsByHwloc() {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) {
    return absl::ErrnoToStatus(errno, "hwloc_topology_init");
  }
  const std::unique_ptr<hwloc_topology, decltype(&hwloc_topology_destroy)> owner(
      topology, &hwloc_topology_destroy);
  // Only the count is wanted: caches, cores and devices are left out of the search.
  hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE);
  if (hwloc_topology_load(topology) != 0) {
    return absl::ErrnoToStatus(errno, "hwloc_topology_load");
  }
  // What is not allowed is not part of a topology that was loaded without flags.
  return hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
}

absl::StatusOr<int> CountAffinityCpus() {
  // The kernel refuses a mask smaller than its own, so the mask grows until it fits.
  constexpr int kMostCpus = 1 << 20;
  for (int cpus = CPU_SETSIZE; cpus <= kMostCpus; cpus *= 2) {
    std::vector<cpu_set_t> mask(CPU_ALLOC_SIZE(cpus) / sizeof(cpu_set_t));
    const std::size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, mask.data()) == 0) return CPU_COUNT_S(bytes, mask.data());
    if (errno != EINVAL) break;
  }
  return absl::ErrnoToStatus(errno, "sched_getaffinity");
}

// A file that does not exist, or that a vanished group left behind, is NotFound.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  constexpr std::size_t kLongest = std::size_t{16} << 20;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) return absl::NotFoundError(path);
  if (file < 0) return absl::ErrnoToStatus(errno, "open");
  std::string text;
  std::array<char, 4096> block;
  ssize_t size = 0;
  do {
    size = read(file, block.data(), block.size());
    if (size > 0) text.append(block.data(), static_cast<std::size_t>(size));
  } while ((size > 0 && text.size() < kLongest) || (size < 0 && errno == EINTR));
  const int error = size < 0 ? errno : 0;
  close(file);
  if (error == ENODEV) return absl::NotFoundError(path);
  if (error != 0) return absl::ErrnoToStatus(error, "read");
  return text;
}

// Collects one Topology: what is read goes into the limits, what makes no sense into
// the warnings.
//
// Thread safety: one thread at a time.
class TopologyReader {
 public:
  explicit TopologyReader(const TopologyOptions& options) : options_(options) {}

  Topology Read() &&;

 private:
  void ReadProcessors();
  void ReadMeminfo();
  void ReadHierarchies(std::string_view controller);
  void ReadCpuGroup(LimitSource source, const std::string& folder);
  void ReadMemoryGroup(LimitSource source, const std::string& folder);
  void ReadMemoryUse(const std::string& folder, MemoryLimit& limit);
  void Summarize();

  void Warn(const std::string& where, const absl::Status& why) {
    topology_.warnings.push_back(where + ": " + std::string(why.message()) + "; ignored");
  }
  // The text of `path` below the root; a warning and nothing when it cannot be read,
  // nothing when it does not exist.
  std::optional<std::string> ReadText(const std::string& path);
  // What `parse` makes of the file; a warning and nothing when it makes no sense.
  template <class Parse>
  auto ReadParsed(const std::string& path, Parse parse)
      -> std::optional<typename decltype(parse(std::string_view()))::value_type> {
    const std::optional<std::string> text = ReadText(path);
    if (!text.has_value()) return std::nullopt;
    auto parsed = parse(*text);
    if (parsed.ok()) return *std::move(parsed);
    Warn(path, parsed.status());
    return std::nullopt;
  }

  const TopologyOptions& options_;
  std::string cgroup_;     // which groups this process is in
  std::string mountinfo_;  // where groups are visible
  Topology topology_;
};

std::optional<std::string> TopologyReader::ReadText(const std::string& path) {
  const std::string& root = options_.root;
  absl::StatusOr<std::string> text = ReadSmallFile(root == "/" ? path : root + path);
  if (text.ok()) return *std::move(text);
  if (!absl::IsNotFound(text.status())) Warn(path, text.status());
  return std::nullopt;
}

void TopologyReader::ReadProcessors() {
  const auto take = [this](LimitSource source, const char* where,
                           const absl::StatusOr<int>& count) {
    if (count.ok() && *count > 0) {
      topology_.worker_limits.push_back({source, where, *count});
    } else {
      Warn(where, count.ok() ? absl::InternalError("found no processor") : count.status());
    }
  };
  take(LimitSource::kHwloc, "hwloc",
       options_.count_allowed_units ? options_.count_allowed_units() : CountUnitsByHwloc());
  take(LimitSource::kAffinity, "sched_getaffinity",
       options_.count_affinity_cpus ? options_.count_affinity_cpus() : CountAffinityCpus());
}

void TopologyReader::ReadMeminfo() {
  const std::string path = "/proc/meminfo";
  const std::optional<std::string> text = ReadText(path);
  if (!text.has_value()) return;
  const absl::StatusOr<std::int64_t> total = internal::ParseKeyedBytes(*text, "MemTotal:");
  if (!total.ok()) return Warn(path, total.status());
  // Kernels before 3.14 do not estimate what is available.
  const absl::StatusOr<std::int64_t> available = internal::ParseKeyedBytes(*text, "MemAvailable:");
  if (!available.ok()) Warn(path, available.status());
  topology_.memory_limits.push_back({LimitSource::kMeminfo, path, *total,
                                     available.ok() ? std::min(*available, *total) : *total});
}

void TopologyReader::ReadHierarchies(std::string_view controller) {
  for (const internal::CgroupHierarchy& hierarchy :
       internal::FindHierarchies(cgroup_, mountinfo_, controller)) {
    const LimitSource source = hierarchy.is_v2 ? LimitSource::kCgroupV2 : LimitSource::kCgroupV1;
    // A group is bound by the limits of all groups above it as well.
    for (std::string group = hierarchy.group;; group.erase(group.rfind('/'))) {
      const std::string folder = hierarchy.mount_point + group;
      if (controller == "cpu") {
        ReadCpuGroup(source, folder);
      } else {
        ReadMemoryGroup(source, folder);
      }
      if (group.empty()) break;
    }
  }
}

void TopologyReader::ReadCpuGroup(LimitSource source, const std::string& folder) {
  const bool is_v2 = source == LimitSource::kCgroupV2;
  const std::string path = folder + (is_v2 ? "/cpu.max" : "/cpu.cfs_quota_us");
  const auto workers = ReadParsed(path, [&](std::string_view text) {
    if (is_v2) return internal::ParseCpuMax(text);
    return internal::ParseCfsQuota(text, ReadText(folder + "/cpu.cfs_period_us").value_or(""));
  });
  if (workers.has_value() && workers->has_value()) {
    topology_.worker_limits.push_back({source, path, **workers});
  }
}

void TopologyReader::ReadMemoryGroup(LimitSource source, const std::string& folder) {
  const bool is_v2 = source == LimitSource::kCgroupV2;
  // Above memory.high the kernel slows a group down until it shrinks: a limit as well.
  const std::vector<const char*> names =
      is_v2 ? std::vector{"/memory.max", "/memory.high"} : std::vector{"/memory.limit_in_bytes"};
  for (const char* name : names) {
    const std::string path = folder + name;
    const auto bytes = ReadParsed(path, internal::ParseByteLimit);
    if (!bytes.has_value() || !bytes->has_value()) continue;
    MemoryLimit limit{source, path, **bytes, **bytes};
    ReadMemoryUse(folder, limit);
    topology_.memory_limits.push_back(std::move(limit));
  }
}

// Leaves the whole limit available when the usage cannot be read.
void TopologyReader::ReadMemoryUse(const std::string& folder, MemoryLimit& limit) {
  const bool is_v2 = limit.source == LimitSource::kCgroupV2;
  const auto used = ReadParsed(folder + (is_v2 ? "/memory.current" : "/memory.usage_in_bytes"),
                               internal::ParseBytes);
  if (!used.has_value()) return;
  const auto inactive = ReadParsed(folder + "/memory.stat", [&](std::string_view text) {
    return internal::ParseKeyedBytes(text, is_v2 ? "inactive_file" : "total_inactive_file");
  });
  const std::int64_t held = *used - std::min(inactive.value_or(0), *used);
  limit.available_bytes = limit.limit_bytes - std::min(held, limit.limit_bytes);
}

void TopologyReader::Summarize() {
  // A quota says how much time we get, not that there is a processor: without a
  // count of processors one worker is all that is known to be right.
  const auto counts = [](const WorkerLimit& limit) {
    return limit.source == LimitSource::kHwloc || limit.source == LimitSource::kAffinity;
  };
  const std::vector<WorkerLimit>& workers = topology_.worker_limits;
  if (std::any_of(workers.begin(), workers.end(), counts)) {
    const auto fewest =
        std::min_element(workers.begin(), workers.end(),
                         [](const auto& a, const auto& b) { return a.workers < b.workers; });
    topology_.usable_workers = std::max(1, fewest->workers);
  }
  bool first = true;
  for (const MemoryLimit& limit : topology_.memory_limits) {
    const auto lower = [first](std::int64_t& value, std::int64_t bound) {
      value = first ? bound : std::min(value, bound);
    };
    lower(topology_.memory_limit_bytes, limit.limit_bytes);
    lower(topology_.available_memory_bytes, limit.available_bytes);
    first = false;
  }
  if (topology_.memory_limits.empty()) {
    topology_.warnings.emplace_back(
        "memory: neither /proc/meminfo nor a control group tells how much there is");
  }
}

Topology TopologyReader::Read() && {
  cgroup_ = ReadText("/proc/self/cgroup").value_or("");
  mountinfo_ = ReadText("/proc/self/mountinfo").value_or("");
  ReadProcessors();
  ReadHierarchies("cpu");
  ReadMeminfo();
  ReadHierarchies("memory");
  Summarize();
  return std::move(topology_);
}

}  // namespace

std::string_view LimitSourceName(LimitSource source) {
  switch (source) {
    case LimitSource::kHwloc: return "hwloc";
    case LimitSource::kAffinity: return "affinity mask";
    case LimitSource::kCgroupV1: return "cgroup v1";
    case LimitSource::kCgroupV2: return "cgroup v2";
    case LimitSource::kMeminfo: return "meminfo";
  }
  return "unknown";
}

Topology ReadTopology(const TopologyOptions& options) { return TopologyReader(options).Read(); }

}  // namespace weft
