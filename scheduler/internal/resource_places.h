// SPDX-License-Identifier: Apache-2.0
//
// The places of a ResourcePool: who has which, and who waits for one.

#ifndef WEFT_SCHEDULER_INTERNAL_RESOURCE_PLACES_H_
#define WEFT_SCHEDULER_INTERNAL_RESOURCE_PLACES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace weft {

// Thread safety: a plain value.
struct ResourcePoolFigures {
  std::int64_t size = 0;  // the most that can be out at one time
  std::int64_t in_use = 0;
  std::int64_t waiting = 0;  // calls of Acquire

  friend bool operator==(const ResourcePoolFigures&, const ResourcePoolFigures&) = default;
};

namespace internal {

// A place is one's own from Take until GiveBack has returned true: so is the thing in it, and what
// one did with it is visible to who has the place next. Places with a thing are given before empty
// ones, that of the last return first.
//
// Thread safety: every method from any thread.
// Cost: a lock. Nothing allocates but the constructor, and errors.
class ResourcePlaces {
 public:
  // The first `filled` of them have a thing.
  ResourcePlaces(std::size_t size, std::size_t filled);
  ResourcePlaces(const ResourcePlaces&) = delete;
  ResourcePlaces& operator=(const ResourcePlaces&) = delete;

  // Waits in a BlockingScope, in order of arrival.
  //   DeadlineExceeded: none was free by then
  //   FailedPrecondition: closed, or no place is left
  absl::StatusOr<std::size_t> Take(absl::Time deadline);
  // Nothing: none is free, or it is closed.
  std::optional<std::size_t> TryTake();
  // False: it is closed, and keeps no thing; the caller empties the place and gives it back again.
  bool GiveBack(std::size_t place, bool filled);
  // Instead of GiveBack: there is one place less from now on.
  void Retire();

  // Gives no more places. Of those that were free, the ones with a thing: they are the caller's to
  // empty, and are not given back.
  std::vector<std::size_t> Close();

  ResourcePoolFigures figures() const;

 private:
  // In the frame of Take.
  struct Waiter {
    absl::CondVar changed;
    std::optional<std::size_t> place;
    bool is_queued = true;
    Waiter* next = nullptr;
    Waiter* previous = nullptr;
  };

  std::optional<std::size_t> TakeFree() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Append(Waiter& waiter) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Remove(Waiter& waiter) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::size_t> Await(Waiter& waiter, absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);
  void SendAllAway() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status WhyNone() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable absl::Mutex mu_;
  std::size_t size_ ABSL_GUARDED_BY(mu_);
  std::vector<std::size_t> filled_ ABSL_GUARDED_BY(mu_);  // free; the last is the next to go
  std::vector<std::size_t> empty_ ABSL_GUARDED_BY(mu_);
  std::int64_t in_use_ ABSL_GUARDED_BY(mu_) = 0;
  std::int64_t waiting_ ABSL_GUARDED_BY(mu_) = 0;
  Waiter* first_ ABSL_GUARDED_BY(mu_) = nullptr;  // while somebody waits, no place is free
  Waiter* last_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace internal
}  // namespace weft

#endif  // WEFT_SCHEDULER_INTERNAL_RESOURCE_PLACES_H_
