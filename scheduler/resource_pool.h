// SPDX-License-Identifier: Apache-2.0
//
// A few things that are dear to make and that one at a time may use: parsers, connections.
// WorkerLocal makes one for each worker; a pool has as many as it is told.

#ifndef WEFT_SCHEDULER_RESOURCE_POOL_H_
#define WEFT_SCHEDULER_RESOURCE_POOL_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/resource_places.h"
#include "weft/sync/failure_log.h"

namespace weft {

// Lends things of type T, each to one at a time, those that wait in order of arrival. A thing that
// is free is lent before a new one is made, the last that came back first.
//
// Leases may outlive the pool. What is free is destroyed when the pool closes or is destroyed, what
// is out when its lease goes. Whoever waits for a lease while he has one may wait for ever.
//
// Thread safety: every method from any thread; the destructor by the owner alone, beside calls that
// wait: they return as after Close. A lease belongs to one thread at a time.
// Cost: a lock for each lease, and a wake-up where somebody waits. T is made, used and destroyed
// outside of it.
template <class T>
class ResourcePool {
 public:
  static constexpr int kMostThings = 1'000'000;

  class Lease;

  // InvalidArgument: no things, or more than kMostThings. Unknown: moving one threw.
  // ResourceExhausted, here and below: there is no memory.
  static absl::StatusOr<std::unique_ptr<ResourcePool>> Create(std::vector<T> things);
  // Makes at most `most` things, 1 to kMostThings, each when it is first needed. `make` is any
  // callable without parameters that returns T or absl::StatusOr<T>, and is called by several
  // threads at once. InvalidArgument: `most` is out of range. Unknown: copying `make` threw.
  template <class F>
  static absl::StatusOr<std::unique_ptr<ResourcePool>> Create(int most, F make);

  ResourcePool(const ResourcePool&) = delete;
  ResourcePool& operator=(const ResourcePool&) = delete;
  // As Close.
  ~ResourcePool() { Close(); }

  // Blocks until there is one; on a worker another one stands in meanwhile (BlockingScope). A
  // cancel, or the deadline, of the task that calls does not end it: give a time, or Close.
  //   DeadlineExceeded: none was free by `deadline`
  //   FailedPrecondition: the pool is closed, or all its things were discarded
  //   what the factory returned, or Unknown with what it threw: the place is free again
  absl::StatusOr<Lease> Acquire(absl::Time deadline = absl::InfiniteFuture());
  // Nothing: none is free, or the pool is closed; or the factory failed, which is in failures().
  std::optional<Lease> TryAcquire();

  // Acquire is FailedPrecondition from now on, also where it waits. Leases stay as they are.
  void Close();

  // What there is at the moment.
  ResourcePoolFigures figures() const { return shared_->places.figures(); }
  // What destructors of things have thrown, and the factory in TryAcquire: how often, and the first
  // 1,000.
  std::int64_t failed_count() const { return shared_->failures.count(); }
  std::vector<absl::Status> failures() const;

 private:
  // Lives until the last lease has gone.
  //
  // Thread safety: `things` [place]: who has the place, or any when the last has gone.
  struct Shared {
    Shared(std::size_t size, std::size_t filled) : places(size, filled), things(size) {}
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() {
      for (std::size_t place = 0; place < things.size(); ++place) Destroy(place);
    }

    // A T in the place. Otherwise the place is given back.
    absl::Status Fill(std::size_t place);
    void Destroy(std::size_t place) noexcept;
    void GiveBack(std::size_t place) noexcept;
    void Record(absl::Status failure) noexcept;

    internal::ResourcePlaces places;
    std::vector<T*> things;
    std::function<absl::StatusOr<T*>()> make;
    FailureLog failures;
  };

  explicit ResourcePool(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  static absl::Status CheckSize(std::int64_t size);
  // What is being thrown, for use where it is caught.
  static absl::Status Thrown(std::string_view what);

  const std::shared_ptr<Shared> shared_;
};

// Gives the thing back when it goes.
//
// Thread safety: one thread at a time.
template <class T>
class ResourcePool<T>::Lease {
 public:
  Lease(Lease&& other) noexcept : shared_(std::move(other.shared_)), place_(other.place_) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this == &other) return *this;
    GiveBack();
    shared_ = std::move(other.shared_);
    place_ = other.place_;
    return *this;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { GiveBack(); }

  // Whether it has a thing: not after it was moved from, or Discard.
  explicit operator bool() const { return shared_ != nullptr; }
  // Requires: it has a thing.
  T& operator*() const { return *shared_->things[place_]; }
  T* operator->() const { return shared_->things[place_]; }

  // The thing is broken: it is destroyed, now, and another may be made in its place. Where there is
  // no factory the pool is smaller by one from then on: its place is never lent again.
  void Discard() {
    if (shared_ == nullptr) return;
    shared_->Destroy(place_);
    GiveBack();
  }

 private:
  friend class ResourcePool;
  Lease(std::shared_ptr<Shared> shared, std::size_t place)
      : shared_(std::move(shared)), place_(place) {}

  void GiveBack() noexcept {
    if (shared_ != nullptr) std::exchange(shared_, nullptr)->GiveBack(place_);
  }

  std::shared_ptr<Shared> shared_;
  std::size_t place_ = 0;
};

template <class T>
absl::Status ResourcePool<T>::CheckSize(std::int64_t size) {
  if (1 <= size && size <= kMostThings) return absl::OkStatus();
  return absl::InvalidArgumentError("a resource pool of " + std::to_string(size) +
                                    " things is not allowed; it has 1 to " +
                                    std::to_string(kMostThings));
}

template <class T>
absl::StatusOr<std::unique_ptr<ResourcePool<T>>> ResourcePool<T>::Create(std::vector<T> things) {
  const auto count = static_cast<std::int64_t>(things.size());
  if (absl::Status valid = CheckSize(count); !valid.ok()) return valid;
  try {
    auto shared = std::make_shared<Shared>(things.size(), things.size());
    for (std::size_t place = 0; place < things.size(); ++place) {
      shared->things[place] = new T(std::move(things[place]));
    }
    return std::unique_ptr<ResourcePool>(new ResourcePool(std::move(shared)));
  } catch (...) {
    return Thrown("a thing of a resource pool could not be moved: ");
  }
}

template <class T>
template <class F>
absl::StatusOr<std::unique_ptr<ResourcePool<T>>> ResourcePool<T>::Create(int most, F make) {
  if (absl::Status valid = CheckSize(most); !valid.ok()) return valid;
  try {
    auto shared = std::make_shared<Shared>(static_cast<std::size_t>(most), 0);
    shared->make = [make = std::move(make)]() mutable -> absl::StatusOr<T*> {
      if constexpr (std::is_same_v<std::invoke_result_t<F&>, absl::StatusOr<T>>) {
        absl::StatusOr<T> made = std::invoke(make);
        if (!made.ok()) return made.status();
        return new T(*std::move(made));
      } else {
        return new T(std::invoke(make));
      }
    };
    return std::unique_ptr<ResourcePool>(new ResourcePool(std::move(shared)));
  } catch (...) {
    return Thrown("the factory of a resource pool could not be copied or moved: ");
  }
}

template <class T>
absl::Status ResourcePool<T>::Thrown(std::string_view what) {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return internal::OutOfMemory();
  } catch (...) {
    return internal::Explained(what, internal::StatusOfException(std::current_exception()));
  }
}

template <class T>
absl::StatusOr<typename ResourcePool<T>::Lease> ResourcePool<T>::Acquire(absl::Time deadline) {
  std::shared_ptr<Shared> shared = shared_;  // the pool may go while this waits
  const absl::StatusOr<std::size_t> place = shared->places.Take(deadline);
  if (!place.ok()) return place.status();
  if (absl::Status filled = shared->Fill(*place); !filled.ok()) return filled;
  return Lease(std::move(shared), *place);
}

template <class T>
std::optional<typename ResourcePool<T>::Lease> ResourcePool<T>::TryAcquire() {
  const std::optional<std::size_t> place = shared_->places.TryTake();
  if (!place.has_value()) return std::nullopt;
  if (absl::Status filled = shared_->Fill(*place); !filled.ok()) {
    shared_->Record(std::move(filled));
    return std::nullopt;
  }
  return Lease(shared_, *place);
}

template <class T>
void ResourcePool<T>::Close() {
  for (const std::size_t place : shared_->places.Close()) shared_->Destroy(place);
}

template <class T>
std::vector<absl::Status> ResourcePool<T>::failures() const {
  std::vector<absl::Status> failures;
  for (TaskFailure& failure : shared_->failures.kept()) {
    failures.push_back(std::move(failure.status));
  }
  return failures;
}

template <class T>
absl::Status ResourcePool<T>::Shared::Fill(std::size_t place) {
  if (things[place] != nullptr) return absl::OkStatus();
  absl::Status failure;
  try {
    const absl::StatusOr<T*> made = make();
    if (made.ok()) {
      things[place] = *made;
      return absl::OkStatus();
    }
    failure = made.status();
  } catch (...) {
    failure = Thrown("the factory of a resource pool ");
  }
  places.GiveBack(place, /*filled=*/false);
  return failure;
}

template <class T>
void ResourcePool<T>::Shared::Destroy(std::size_t place) noexcept {
  try {
    delete std::exchange(things[place], nullptr);
  } catch (...) {
    Record(Thrown("a thing of a resource pool, when destroyed, "));
  }
}

template <class T>
void ResourcePool<T>::Shared::GiveBack(std::size_t place) noexcept {
  const bool filled = things[place] != nullptr;
  if (!filled && !make) return places.Retire();
  if (places.GiveBack(place, filled)) return;
  Destroy(place);
  places.GiveBack(place, /*filled=*/false);
}

template <class T>
void ResourcePool<T>::Shared::Record(absl::Status failure) noexcept {
  try {
    failures.Record({.id = {}, .name = {}, .status = std::move(failure)});
  } catch (const std::bad_alloc&) {
    return;  // it is counted; there is no room for its text
  }
}

}  // namespace weft

#endif  // WEFT_SCHEDULER_RESOURCE_POOL_H_
