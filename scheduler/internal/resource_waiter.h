// SPDX-License-Identifier: Apache-2.0
//
// One who acquires what a claim says: a task, or a worker on behalf of its tasks. It brings the
// memory that its waiting needs.

#ifndef WEFT_SCHEDULER_INTERNAL_RESOURCE_WAITER_H_
#define WEFT_SCHEDULER_INTERNAL_RESOURCE_WAITER_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "weft/scheduler/internal/resource_claim.h"

namespace weft::internal {

class GrantedWaiters;
class ResourceLines;

// May acquire again once it has released. Its owner keeps it from TryAcquire on until it has been
// released or withdrawn, and, where it was queued and granted, taken from the list of the granted.
//
// Thread safety: the ledger's lock guards it.
class ResourceWaiter {
 public:
  // Allocates, for as many lines as it may stand in.
  explicit ResourceWaiter(const ResourceClaim& claim) : minds_memory_(claim.minds_memory()) {
    links_.reserve(claim.shares().size());
    for (const ResourceShare& share : claim.shares()) links_.push_back(Link{share, this});
  }
  ResourceWaiter(const ResourceWaiter&) = delete;
  ResourceWaiter& operator=(const ResourceWaiter&) = delete;
  ~ResourceWaiter() = default;

 private:
  friend class GrantedWaiters;
  friend class ResourceLines;

  enum class State : std::uint8_t {
    kNone,
    kQueued,
    kGranted,
    kBlocked,  // granted, and its body is blocked in a wait
  };
  // In the line of one resource.
  struct Link {
    ResourceShare share;
    ResourceWaiter* waiter = nullptr;
    Link* next = nullptr;
    Link* previous = nullptr;
  };

  std::vector<Link> links_;
  const bool minds_memory_;
  bool counts_ = false;  // among those that hold memory back from others, once granted
  State state_ = State::kNone;
  std::uint64_t ticket_ = 0;  // the order of arrival
  ResourceWaiter* next_granted_ = nullptr;
};

// Those that have been given what they waited for, oldest first: whoever has the list makes each
// of them go on, outside all locks.
//
// Thread safety: handed over whole.
class [[nodiscard]] GrantedWaiters {
 public:
  GrantedWaiters() = default;
  GrantedWaiters(GrantedWaiters&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), last_(other.last_) {}
  GrantedWaiters& operator=(GrantedWaiters&&) = delete;
  GrantedWaiters(const GrantedWaiters&) = delete;
  GrantedWaiters& operator=(const GrantedWaiters&) = delete;
  ~GrantedWaiters() { assert(empty()); }  // else somebody waits for ever

  bool empty() const { return first_ == nullptr; }
  // The next one, which may release, acquire again and go from now on; null: there is none.
  ResourceWaiter* TakeFirst() {
    ResourceWaiter* const waiter = first_;
    if (waiter != nullptr) first_ = waiter->next_granted_;
    return waiter;
  }
  void Append(GrantedWaiters others) {
    if (others.empty()) return;
    (first_ == nullptr ? first_ : last_->next_granted_) = others.first_;
    last_ = others.last_;
    others.first_ = nullptr;
  }

 private:
  friend class ResourceLines;

  void Append(ResourceWaiter& waiter) {
    waiter.next_granted_ = nullptr;
    (first_ == nullptr ? first_ : last_->next_granted_) = &waiter;
    last_ = &waiter;
  }

  ResourceWaiter* first_ = nullptr;
  ResourceWaiter* last_ = nullptr;  // meaningless when empty
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RESOURCE_WAITER_H_
