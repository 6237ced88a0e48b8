// SPDX-License-Identifier: Apache-2.0
//
// The names of the resources, and what they mean to the ledger (resource_ledger.h).

#ifndef WEFT_SCHEDULER_INTERNAL_RESOURCE_TABLE_H_
#define WEFT_SCHEDULER_INTERNAL_RESOURCE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/resource_need.h"
#include "weft/scheduler/internal/resource_claim.h"

namespace weft::internal {

// Thread safety: does not change; share it.
class ResourceTable {
 public:
  // No resources.
  ResourceTable() = default;
  // InvalidArgument: a limit without a name, or of less than one unit. AlreadyExists: two of one
  // name.
  static absl::StatusOr<ResourceTable> Create(std::vector<ResourceLimit> limits);

  // What `needs` are together. `memory_bytes` is nothing where memory is not bounded.
  //   NotFound: a name that no limit has
  //   InvalidArgument: less than one unit, more than there is, or less than no memory
  // More memory than there is is no error: such a task runs when nothing else does.
  absl::StatusOr<ResourceClaim> Resolve(std::span<const ResourceNeed> needs,
                                        std::optional<std::int64_t> memory_bytes) const;

  // NotFound: there is none of that name.
  absl::StatusOr<std::size_t> Find(std::string_view name) const;
  // Requires: kFirstNamed <= resource < kFirstNamed + limits().size().
  std::string_view NameOf(std::size_t resource) const;
  std::span<const ResourceLimit> limits() const { return limits_; }
  // [limit], as a ledger takes them.
  std::vector<std::int64_t> units() const;

 private:
  absl::Status Unknown(std::string_view name) const;
  const ResourceLimit& LimitOf(std::size_t resource) const {
    return limits_[resource - ResourceClaim::kFirstNamed];
  }

  std::vector<ResourceLimit> limits_;
  absl::flat_hash_map<std::string, std::size_t> resources_;  // by name
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RESOURCE_TABLE_H_
