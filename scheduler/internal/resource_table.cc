// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/resource_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "weft/core/resource_need.h"
#include "weft/scheduler/internal/resource_claim.h"

namespace weft::internal {
namespace {

std::string Quoted(std::string_view name) { return "resource '" + std::string(name) + "'"; }

// A sum that stays at the largest number.
std::int64_t Sum(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return a > kMost - b ? kMost : a + b;
}

absl::Status TooFew(std::string_view name, std::int64_t units, std::string_view what) {
  return absl::InvalidArgumentError(Quoted(name) + ": " + std::to_string(units) +
                                    " units are not allowed; " + std::string(what) +
                                    " is at least 1");
}

}  // namespace

absl::StatusOr<ResourceTable> ResourceTable::Create(std::vector<ResourceLimit> limits) {
  ResourceTable table;
  for (const ResourceLimit& limit : limits) {
    const std::size_t resource = ResourceClaim::kFirstNamed + table.resources_.size();
    if (limit.name.empty()) {
      return absl::InvalidArgumentError("resource number " +
                                        std::to_string(table.resources_.size() + 1) +
                                        " has no name; give it one, by which tasks need it");
    }
    if (limit.units < 1) return TooFew(limit.name, limit.units, "a limit");
    if (!table.resources_.emplace(limit.name, resource).second) {
      return absl::AlreadyExistsError(Quoted(limit.name) +
                                      " has two limits; name it once, with all its units");
    }
  }
  table.limits_ = std::move(limits);
  return table;
}

absl::Status ResourceTable::Unknown(std::string_view name) const {
  std::string known;
  for (const ResourceLimit& limit : limits_) {
    known += (known.empty() ? "it has '" : ", '") + limit.name + "'";
  }
  if (known.empty()) known = "it has none";
  return absl::NotFoundError(Quoted(name) + " is none of the scheduler's: " + known +
                             "; set a limit for it where the scheduler is made");
}

absl::StatusOr<ResourceClaim> ResourceTable::Resolve(
    std::span<const ResourceNeed> needs, std::optional<std::int64_t> memory_bytes) const {
  std::vector<ResourceShare> shares;
  for (const ResourceNeed& need : needs) {
    const auto found = resources_.find(need.name);
    if (found == resources_.end()) return Unknown(need.name);
    if (need.units < 1) return TooFew(need.name, need.units, "a need");
    const std::size_t resource = found->second;
    const auto same =
        std::find_if(shares.begin(), shares.end(),
                     [resource](const ResourceShare& share) { return share.resource == resource; });
    ResourceShare& share =
        same == shares.end() ? shares.emplace_back(ResourceShare{resource, 0}) : *same;
    share.units = Sum(share.units, need.units);
    const std::int64_t limit = LimitOf(resource).units;
    if (share.units > limit) {
      return absl::InvalidArgumentError(
          Quoted(need.name) + ": the task needs " + std::to_string(share.units) +
          " units, and there are " + std::to_string(limit) +
          "; it could never run: let it need less, or raise the limit");
    }
  }
  if (memory_bytes.value_or(0) < 0) {
    return absl::InvalidArgumentError("memory_bytes: " + std::to_string(*memory_bytes) +
                                      " is not allowed; it is at least 0");
  }
  if (memory_bytes.value_or(0) > 0) {
    shares.push_back({ResourceClaim::kMemory, std::min(*memory_bytes, ResourceClaim::kMostBytes)});
  } else if (memory_bytes.has_value() && shares.empty()) {
    shares.push_back({ResourceClaim::kGate, 0});
  }
  std::sort(shares.begin(), shares.end(),
            [](const ResourceShare& a, const ResourceShare& b) { return a.resource < b.resource; });
  shares.shrink_to_fit();
  return ResourceClaim(std::move(shares), memory_bytes.has_value());
}

absl::StatusOr<std::size_t> ResourceTable::Find(std::string_view name) const {
  const auto found = resources_.find(absl::string_view(name.data(), name.size()));
  if (found == resources_.end()) return Unknown(name);
  return found->second;
}

std::string_view ResourceTable::NameOf(std::size_t resource) const {
  return LimitOf(resource).name;
}

std::vector<std::int64_t> ResourceTable::units() const {
  std::vector<std::int64_t> units;
  units.reserve(limits_.size());
  for (const ResourceLimit& limit : limits_) units.push_back(limit.units);
  return units;
}

}  // namespace weft::internal
