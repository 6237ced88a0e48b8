// SPDX-License-Identifier: Apache-2.0
//
// What one task needs of the resources, by number instead of by name.

#ifndef WEFT_SCHEDULER_INTERNAL_RESOURCE_CLAIM_H_
#define WEFT_SCHEDULER_INTERNAL_RESOURCE_CLAIM_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace weft::internal {

struct ResourceShare {
  std::size_t resource = 0;
  std::int64_t units = 0;

  friend bool operator==(const ResourceShare&, const ResourceShare&) = default;
};

// Made by a ResourceTable.
//
// Thread safety: a value that does not change; share it.
class ResourceClaim {
 public:
  // Memory is the first resource. The second is the gate that closes when memory runs short: of
  // what needs neither memory nor a resource, and has to wait all the same. Named ones follow.
  static constexpr std::size_t kMemory = 0;
  static constexpr std::size_t kGate = 1;
  static constexpr std::size_t kFirstNamed = 2;
  // More memory than any machine has; 100,000 times as much can still be added up.
  static constexpr std::int64_t kMostBytes = std::int64_t{1} << 46;

  ResourceClaim() = default;
  // Requires: `shares` are sorted by resource, each at most once.
  ResourceClaim(std::vector<ResourceShare> shares, bool minds_memory)
      : shares_(std::move(shares)), minds_memory_(minds_memory) {}

  std::span<const ResourceShare> shares() const { return shares_; }
  // Whether it waits, too, while memory runs short.
  bool minds_memory() const { return minds_memory_; }
  // Nothing to acquire.
  bool empty() const { return shares_.empty(); }

  friend bool operator==(const ResourceClaim&, const ResourceClaim&) = default;

 private:
  std::vector<ResourceShare> shares_;
  bool minds_memory_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RESOURCE_CLAIM_H_
