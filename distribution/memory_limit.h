// SPDX-License-Identifier: Apache-2.0
//
// How much memory this process may use, and how much of that is used now: of the smallest limit
// that binds it. topology.h lists all of them, once.

#ifndef WEFT_DISTRIBUTION_MEMORY_LIMIT_H_
#define WEFT_DISTRIBUTION_MEMORY_LIMIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace weft {

// Thread safety: a plain value.
struct MemoryReading {
  std::int64_t limit_bytes = 0;  // at least 1
  // Against that limit. Of a control group: its usage without the contents of files, which the
  // kernel takes back before it refuses memory, of all processes in it. Of the machine: what this process
  // has in memory.
  std::int64_t used_bytes = 0;

  friend bool operator==(const MemoryReading&, const MemoryReading&) = default;
};

// Where to look. The defaults are the running system; tests forge it.
//
// Thread safety: a plain value.
struct MemoryProbeOptions {
  // The directory that holds `proc` and `sys`.
  std::string root = "/";
  // Of the figures in /proc/self/statm; 0 = the system's.
  std::int64_t page_bytes = 0;
};

// Finds at the beginning which limits there are: physical memory, and those of this process's
// control groups, of both versions, and of all groups above. Which is the smallest, and how much it
// is, may change, and is read anew each time.
//
// Thread safety: Read by many at once.
class MemoryProbe {
 public:
  // Error: not even the physical memory can be told.
  static absl::StatusOr<MemoryProbe> Create(const MemoryProbeOptions& options = {});

  // Error: the limit is known, and its usage is not; or no limit any more.
  // Cost: one or two small files for each group with a limit, and two more; about 70 us.
  absl::StatusOr<MemoryReading> Read() const;

  // One text for each source that could not be read, or made no sense, at the beginning, and that
  // is left out.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  // A group that has a limit, or could be given one.
  struct Group {
    std::string folder;
    bool is_v2 = false;
  };

  MemoryProbe() = default;
  absl::StatusOr<std::string> ReadText(const std::string& path) const;
  void FindGroups();
  absl::StatusOr<std::int64_t> PhysicalMemory() const;
  // The smallest that the group itself sets; nothing where it sets none, or is gone.
  absl::StatusOr<std::optional<std::int64_t>> LimitOf(const Group& group) const;
  absl::StatusOr<std::optional<std::int64_t>> LimitIn(const std::string& path) const;
  absl::StatusOr<std::int64_t> UseOf(const Group& group) const;
  absl::StatusOr<std::int64_t> UseOfProcess() const;

  std::string root_;
  std::int64_t page_bytes_ = 0;
  std::int64_t physical_bytes_ = 0;
  std::vector<Group> groups_;  // outermost first in each hierarchy
  std::vector<std::string> warnings_;
};

}  // namespace weft

#endif  // WEFT_DISTRIBUTION_MEMORY_LIMIT_H_
