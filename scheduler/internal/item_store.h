// SPDX-License-Identifier: Apache-2.0
//
// Cells for tasks and for blocks of edges: taken and given back by workers without a
// lock, whoever took them.

#ifndef WEFT_SCHEDULER_INTERNAL_ITEM_STORE_H_
#define WEFT_SCHEDULER_INTERNAL_ITEM_STORE_H_

#include <cstdint>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "weft/scheduler/internal/edge_list.h"
#include "weft/scheduler/internal/node_pool.h"
#include "weft/scheduler/internal/task_node.h"

namespace weft::internal {

// How free items are linked: through themselves.
template <class P>
struct FreeLinks {
  static TaskNode<P>* Next(const TaskNode<P>& item) {
    return reinterpret_cast<TaskNode<P>*>(item.edges);
  }
  static void SetNext(TaskNode<P>& item, TaskNode<P>* next) {
    item.edges = reinterpret_cast<std::uintptr_t>(next);
  }
  static TaskNode<P>*& NextBatch(TaskNode<P>& item) {
    return *std::launder(reinterpret_cast<TaskNode<P>**>(item.payload));
  }
  static void MakeBatch(TaskNode<P>& item) {
    ::new (static_cast<void*>(item.payload)) TaskNode<P>*(nullptr);
  }
  static EdgeBlock<P>* Next(const EdgeBlock<P>& item) { return item.next; }
  static void SetNext(EdgeBlock<P>& item, EdgeBlock<P>* next) { item.next = next; }
  static EdgeBlock<P>*& NextBatch(EdgeBlock<P>& item) { return item.next_batch; }
  static void MakeBatch(EdgeBlock<P>&) {}
};

// The items that a worker has at hand: less than two batches.
//
// Thread safety: the owner.
template <class Item>
struct ItemCache {
  Item* first = nullptr;
  std::uint32_t count = 0;  // of the list that begins with `first`
  Item* spare = nullptr;    // another list, a whole batch
};

// Slabs of the pool, cut into items, which move in batches between it and its caches.
// Slabs go back to the pool with the store.
//
// Thread safety: Take and Give by the owner of the cache; the others any thread.
// Cost: a lock per batch; an allocation when all slabs are in use.
template <class P, class Item>
class ItemStore {
 public:
  using Cache = ItemCache<Item>;
  static constexpr std::uint32_t kBatch = EngineShape<P>::kCacheBatch;

  // `owner`: what NodePool::OwnerOf says of the items.
  ItemStore(NodePool<P>& pool, void* owner) : pool_(pool), owner_(owner) {}
  ItemStore(const ItemStore&) = delete;
  ItemStore& operator=(const ItemStore&) = delete;
  ~ItemStore() {
    for (const Slab<P> slab : slabs_) pool_.Release(slab);
  }

  // Throws std::bad_alloc. The item is as it was left, or new.
  Item* Take(Cache& cache) {
    if (cache.first == nullptr) [[unlikely]]
      Refill(cache);
    Item* const item = cache.first;
    cache.first = FreeLinks<P>::Next(*item);
    --cache.count;
    return item;
  }
  void Give(Cache& cache, Item* item) {
    FreeLinks<P>::SetNext(*item, cache.first);
    cache.first = item;
    if (++cache.count == kBatch) [[unlikely]]
      Spill(cache);
  }
  // The same for threads without a cache.
  Item* TakeOutside() {
    std::lock_guard lock(outside_lock_);
    return Take(outside_);
  }
  // Up to `count` items, in one turn; `taken` says how many there were before an exception.
  void TakeOutside(Item** items, std::size_t count, std::size_t& taken) {
    std::lock_guard lock(outside_lock_);
    for (taken = 0; taken < count; ++taken) items[taken] = Take(outside_);
  }
  void GiveOutside(Item* item) {
    GiveOutside(item, [] {});
  }
  // `also` is called under the same lock.
  template <class F>
  void GiveOutside(Item* item, F also) {
    std::lock_guard lock(outside_lock_);
    Give(outside_, item);
    also();
  }

  // This cache is used no more: its items go to those of threads without one.
  void TakeOver(Cache& cache) {
    std::lock_guard outside(outside_lock_);
    if (cache.spare != nullptr) Shelve(cache.spare);
    while (cache.first != nullptr) Give(outside_, Take(cache));
    cache = {};
  }
  // Calls note(items in use) when every other cache has been taken over, under the lock of
  // GiveOutside.
  template <class F>
  void CountUsed(F note) {
    std::lock_guard outside(outside_lock_);
    std::int64_t free = 0;
    const auto count = [&free](const Item* item) {
      for (; item != nullptr; item = FreeLinks<P>::Next(*item)) ++free;
    };
    std::lock_guard lock(lock_);
    count(outside_.first);
    count(outside_.spare);
    for (Item* batch = batches_; batch != nullptr; batch = FreeLinks<P>::NextBatch(*batch)) {
      count(batch);
    }
    note(static_cast<std::int64_t>(slabs_.size()) * NodePool<P>::kSlabNodes - free);
  }

  // Calls visit(Item&) for every item that was ever made, free or not.
  template <class Visit>
  void ForEach(Visit visit) {
    for (std::size_t i = 0;; ++i) {
      Slab<P> slab = nullptr;
      {
        std::lock_guard lock(lock_);
        if (i == slabs_.size()) return;
        slab = slabs_[i];
      }
      for (std::uint32_t k = 0; k < NodePool<P>::kSlabNodes; ++k) {
        visit(slab[k].template As<Item>());
      }
    }
  }

 private:
  [[gnu::noinline]] void Spill(Cache& cache) {
    if (cache.spare != nullptr) Shelve(cache.spare);
    cache.spare = std::exchange(cache.first, nullptr);
    cache.count = 0;
  }
  void Shelve(Item* batch) {
    FreeLinks<P>::MakeBatch(*batch);
    std::lock_guard lock(lock_);
    FreeLinks<P>::NextBatch(*batch) = batches_;
    batches_ = batch;
  }
  [[gnu::noinline]] void Refill(Cache& cache) {
    if (cache.spare != nullptr) {
      cache.first = std::exchange(cache.spare, nullptr);
    } else {
      std::lock_guard lock(lock_);
      if (batches_ == nullptr) Grow();
      cache.first = batches_;
      batches_ = FreeLinks<P>::NextBatch(*batches_);
    }
    cache.count = kBatch;
  }
  void Grow() {  // requires lock_
    static_assert(NodePool<P>::kSlabNodes % kBatch == 0);
    slabs_.reserve(slabs_.size() + 1);
    const Slab<P> slab = pool_.Acquire();
    slabs_.push_back(slab);
    for (std::uint32_t end = NodePool<P>::kSlabNodes; end != 0; end -= kBatch) {
      Item* first = nullptr;
      for (std::uint32_t i = end; i != end - kBatch; --i) {
        Item* const item = ::new (static_cast<void*>(&slab[i - 1])) Item;
        FreeLinks<P>::SetNext(*item, first);
        first = item;
      }
      FreeLinks<P>::MakeBatch(*first);
      FreeLinks<P>::NextBatch(*first) = batches_;
      batches_ = first;
    }
    NodePool<P>::SetOwner(slab, owner_);
  }

  NodePool<P>& pool_;
  void* const owner_;
  typename P::Lock lock_;
  std::vector<Slab<P>> slabs_;  // guarded by lock_, as is batches_
  Item* batches_ = nullptr;
  typename P::Lock outside_lock_;
  Cache outside_;  // guarded by outside_lock_
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ITEM_STORE_H_
