// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <map>
#include <vector>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_graph.h"
#include "weft/scheduler/internal/item_store.h"

namespace weft::models {
namespace {

using Pool = internal::NodePool<ModelPlatform>;

// A store, and what the model knows of its items: who uses one must be ordered after who
// used it before.
//
// Thread safety: as internal::ItemStore.
template <class Item>
class TestStore {
 public:
  using Store = internal::ItemStore<ModelPlatform, Item>;
  using Cache = typename Store::Cache;

  Item* Take(Cache& cache) {
    Item* const item = store_.Take(cache);
    CheckBound(cache);
    return Use(item);
  }
  Item* TakeOutside() { return Use(store_.TakeOutside()); }
  void Give(Cache& cache, Item* item) {
    Leave(*item);
    store_.Give(cache, item);
    CheckBound(cache);
  }
  void GiveOutside(Item* item) {
    Leave(*item);
    store_.GiveOutside(item);
  }
  // At the end: nothing is lost, and nothing is free that somebody has.
  void CheckUsed(const std::vector<Cache*>& caches) {
    for (Cache* const cache : caches) store_.TakeOver(*cache);
    store_.CountUsed([this](std::int64_t used) {
      Check(used == used_, "what nobody has is free, and only that");
    });
  }
  Store& store() { return store_; }

 private:
  // Not shared, for the model: only one thread runs.
  struct Known {
    ModelPlatform::Plain<int> uses;
    bool taken = false;
  };
  static void CheckBound(const Cache& cache) {
    Check(cache.count < Store::kBatch, "a cache has less than two batches");
  }
  Item* Use(Item* item) {
    Known& known = known_[item];
    Check(!known.taken, "an item has one user");
    known.taken = true;
    ++used_;
    known.uses.Change() += 1;
    return item;
  }
  void Leave(Item& item) {
    Known& known = known_[&item];
    known.uses.Change() += 1;
    known.taken = false;
    --used_;
  }

  Pool pool_;
  Store store_{pool_, &pool_};
  std::map<const Item*, Known> known_;
  std::int64_t used_ = 0;
};

// One gives items back that another has taken, more than its cache holds; two take what
// comes of that, or the last of the slab, or of the next one.
template <class Item>
void GiveBackWhatAnotherTook(Model& m) {
  TestStore<Item> items;
  typename TestStore<Item>::Cache first;
  typename TestStore<Item>::Cache caches[3];
  std::vector<Item*> taken;
  for (int i = 0; i < 6; ++i) taken.push_back(items.Take(first));
  m.Thread([&] {
    for (Item* const item : taken) items.Give(caches[0], item);
    items.Take(caches[0]);
  });
  for (int taker = 1; taker < 3; ++taker) {
    m.Thread([&, taker] {
      std::vector<Item*> own;
      for (int i = 0; i < 5; ++i) own.push_back(items.Take(caches[taker]));
      for (int i = 0; i < 4; ++i) items.Give(caches[taker], own[static_cast<std::size_t>(i)]);
      for (int i = 0; i < 2; ++i) items.Take(caches[taker]);
    });
  }
  m.Finally([&] { items.CheckUsed({&first, &caches[0], &caches[1], &caches[2]}); });
}

TEST(ItemStoreModel, TasksGivenBackByAnother) {
  CheckModel({.name = "store_tasks"},
             [](Model& m) { GiveBackWhatAnotherTook<internal::TaskNode<ModelPlatform>>(m); });
}

TEST(ItemStoreModel, BlocksGivenBackByAnother) {
  CheckModel({.name = "store_blocks"},
             [](Model& m) { GiveBackWhatAnotherTook<internal::EdgeBlock<ModelPlatform>>(m); });
}

// Threads without a cache share one; a worker's batches come between.
TEST(ItemStoreModel, ThreadsWithoutACacheShareOne) {
  CheckModel({.name = "store_outside"}, [](Model& m) {
    TestStore<internal::EdgeBlock<ModelPlatform>> items;
    TestStore<internal::EdgeBlock<ModelPlatform>>::Cache cache;
    std::vector<internal::EdgeBlock<ModelPlatform>*> taken;
    for (int i = 0; i < 3; ++i) taken.push_back(items.TakeOutside());
    m.Thread([&] {
      for (auto* const item : taken) items.GiveOutside(item);
    });
    m.Thread([&] {
      for (int i = 0; i < 2; ++i) items.GiveOutside(items.TakeOutside());
    });
    m.Thread([&] {
      for (int i = 0; i < 3; ++i) items.Take(cache);
      items.TakeOutside();
    });
    m.Finally([&] { items.CheckUsed({&cache}); });
  });
}

// A look through all that were ever made, while more are being made.
TEST(ItemStoreModel, EveryItemIsVisited) {
  CheckModel({.name = "store_visit"}, [](Model& m) {
    using Task = internal::TaskNode<ModelPlatform>;
    TestStore<Task> items;
    TestStore<Task>::Cache caches[2];
    Task* const known = items.Take(caches[0]);
    for (int i = 1; i < 8; ++i) items.Take(caches[0]);  // the slab is used up
    for (auto& cache : caches) {
      m.Thread([&] {
        Task* const task = items.Take(cache);
        task->word.store(internal::TaskWord::kPin, std::memory_order_release);
      });
    }
    m.Thread([&] {
      int found = 0;
      items.store().ForEach([&](Task& task) {
        task.word.load(std::memory_order_acquire);  // a task that has only been made, at least
        found += &task == known ? 1 : 0;
      });
      Check(found == 1, "what was there before is visited, once");
    });
    m.Finally([&] { items.CheckUsed({&caches[0], &caches[1]}); });
  });
}

}  // namespace
}  // namespace weft::models
