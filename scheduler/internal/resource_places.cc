// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/resource_places.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/blocking_scope.h"

namespace weft::internal {

absl::Status ResourcePlaces::WhyNone() const {
  return absl::FailedPreconditionError(
      closed_ ? "the resource pool is closed: nothing is lent any more"
              : "the resource pool is empty: all things were discarded, and it makes no others");
}

ResourcePlaces::ResourcePlaces(std::size_t size, std::size_t filled) : size_(size) {
  filled_.reserve(size);
  empty_.reserve(size);
  for (std::size_t place = size; place-- > 0;) {
    (place < filled ? filled_ : empty_).push_back(place);
  }
}

std::optional<std::size_t> ResourcePlaces::TakeFree() {
  if (closed_) return std::nullopt;
  std::vector<std::size_t>& free = filled_.empty() ? empty_ : filled_;
  if (free.empty()) return std::nullopt;
  const std::size_t place = free.back();
  free.pop_back();
  ++in_use_;
  return place;
}

std::optional<std::size_t> ResourcePlaces::TryTake() {
  absl::MutexLock lock(&mu_);
  return TakeFree();
}

absl::StatusOr<std::size_t> ResourcePlaces::Take(absl::Time deadline) {
  Waiter self;
  {
    absl::MutexLock lock(&mu_);
    if (closed_ || size_ == 0) return WhyNone();
    if (const std::optional<std::size_t> place = TakeFree()) return *place;
    // Before the scope is entered, which may take a while: this is its place in the order.
    Append(self);
  }
  const BlockingScope blocking;
  return Await(self, deadline);
}

absl::StatusOr<std::size_t> ResourcePlaces::Await(Waiter& waiter, absl::Time deadline) {
  absl::MutexLock lock(&mu_);
  bool is_late = false;
  while (waiter.is_queued && !is_late) is_late = waiter.changed.WaitWithDeadline(&mu_, deadline);
  if (waiter.is_queued) {
    Remove(waiter);
    return absl::DeadlineExceededError("nothing in the resource pool was free in time: all " +
                                       std::to_string(size_) + " are in use");
  }
  if (!waiter.place.has_value()) return WhyNone();
  return *waiter.place;
}

bool ResourcePlaces::GiveBack(std::size_t place, bool filled) {
  absl::MutexLock lock(&mu_);
  if (closed_ && filled) return false;
  if (first_ != nullptr) {
    Waiter& waiter = *first_;
    Remove(waiter);
    waiter.place = place;
    waiter.changed.Signal();
    return true;
  }
  --in_use_;
  (filled ? filled_ : empty_).push_back(place);
  return true;
}

std::vector<std::size_t> ResourcePlaces::Close() {
  absl::MutexLock lock(&mu_);
  closed_ = true;
  SendAllAway();
  return std::exchange(filled_, {});
}

void ResourcePlaces::Retire() {
  absl::MutexLock lock(&mu_);
  --in_use_;
  if (--size_ == 0) SendAllAway();
}

void ResourcePlaces::SendAllAway() {
  while (first_ != nullptr) {
    Waiter& waiter = *first_;
    Remove(waiter);
    waiter.changed.Signal();
  }
}

void ResourcePlaces::Append(Waiter& waiter) {
  waiter.previous = last_;
  (last_ == nullptr ? first_ : last_->next) = &waiter;
  last_ = &waiter;
  ++waiting_;
}

void ResourcePlaces::Remove(Waiter& waiter) {
  (waiter.previous == nullptr ? first_ : waiter.previous->next) = waiter.next;
  (waiter.next == nullptr ? last_ : waiter.next->previous) = waiter.previous;
  waiter.is_queued = false;
  --waiting_;
}

ResourcePoolFigures ResourcePlaces::figures() const {
  absl::MutexLock lock(&mu_);
  return {.size = static_cast<std::int64_t>(size_), .in_use = in_use_, .waiting = waiting_};
}

}  // namespace weft::internal
