// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/name_table.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "weft/scheduler/internal/graph.h"
#include "weft/scheduler/internal/item_store.h"

namespace weft::internal {
namespace {

class NameTableTest : public testing::Test {
 protected:
  // A task that has only its name. `hash`: as if the text had it.
  EngineTask& Make(const std::string& name, std::uint32_t hash) {
    EngineTask& task = *store_.TakeOutside();
    TaskExtras& extras = extras_.emplace_back();
    extras.name = name;
    extras.name_hash = hash;
    task.edges = reinterpret_cast<std::uintptr_t>(&extras);
    task.word.store(TaskWord::kHasExtras);
    return task;
  }
  EngineTask& Add(NameTable& table, const std::string& name, std::uint32_t hash) {
    EngineTask& task = Make(name, hash);
    table.MakeRoom();
    table.Add(task);
    return task;
  }
  static NameKey Key(const std::string& name, std::uint32_t hash) {
    NameKey key(name);
    key.hash = hash;
    return key;
  }
  static std::vector<std::string> Names(const NameTable& table) {
    std::vector<std::string> names;
    table.ForEach([&](EngineTask& task) { names.emplace_back(NameIn(task)); });
    return names;
  }
  using Texts = std::vector<std::string>;

  const std::shared_ptr<EnginePool> pool_ = SharedNodePool();
  ItemStore<StdPlatform, EngineTask> store_{*pool_, nullptr};
  std::deque<TaskExtras> extras_;
};

TEST_F(NameTableTest, TextsWithOneHashAreToldApart) {
  NameTable table(*pool_);
  EngineTask& a = Add(table, "a", 7);
  EngineTask& b = Add(table, "b", 7);
  EXPECT_EQ(table.Find(Key("a", 7)), &a);
  EXPECT_EQ(table.Find(Key("b", 7)), &b);
  EXPECT_EQ(table.Find(Key("c", 7)), nullptr);
  EXPECT_EQ(table.Find(Key("a", 8)), nullptr) << "a text has one hash";
  table.Remove(a);
  EXPECT_EQ(table.Find(Key("a", 7)), nullptr);
  EXPECT_EQ(table.Find(Key("b", 7)), &b);
}

TEST_F(NameTableTest, NamesComeInTheOrderInWhichTheyWereAdded) {
  NameTable table(*pool_);
  EXPECT_EQ(Names(table), Texts());
  EngineTask& first = Add(table, "z", 1);
  EngineTask& middle = Add(table, "y", 2);
  EngineTask& last = Add(table, "x", 3);
  EXPECT_EQ(Names(table), (Texts{"z", "y", "x"}));
  table.Remove(middle);
  EXPECT_EQ(Names(table), (Texts{"z", "x"}));
  table.Remove(last);
  Add(table, "w", 4);
  EXPECT_EQ(Names(table), (Texts{"z", "w"}));
  table.Remove(first);
  EXPECT_EQ(Names(table), (Texts{"w"}));
}

TEST_F(NameTableTest, AllMayBeTakenAndTheTableUsedAgain) {
  NameTable table(*pool_);
  EngineTask& a = Add(table, "a", 1);
  NameTable taken(*pool_);
  taken.TakeAll(table);
  EXPECT_EQ(Names(table), Texts());
  EXPECT_EQ(table.Find(Key("a", 1)), nullptr);
  EXPECT_EQ(taken.Find(Key("a", 1)), &a);
  Add(table, "b", 1);
  EXPECT_EQ(Names(table), (Texts{"b"}));
  EXPECT_EQ(Names(taken), (Texts{"a"}));
}

// Against a map and a list, with hashes of few values so that many names share one.
TEST_F(NameTableTest, AsAMapAndAList) {
  std::mt19937 random(20'261'122);
  const auto below = [&](std::uint32_t end) { return random() % end; };
  NameTable table(*pool_);
  std::map<std::string, EngineTask*> known;
  Texts order;
  for (int step = 0; step < 20'000; ++step) {
    const std::string name = "name " + std::to_string(below(2'000));
    const std::uint32_t hash = static_cast<std::uint32_t>(name.size() + name.back()) << 25;
    const auto found = known.find(name);
    ASSERT_EQ(table.Find(Key(name, hash)), found == known.end() ? nullptr : found->second);
    if (found == known.end()) {
      known[name] = &Add(table, name, hash);
      order.push_back(name);
    } else if (below(2) == 0) {
      table.Remove(*found->second);
      known.erase(found);
      std::erase(order, name);
    }
  }
  EXPECT_EQ(Names(table), order);
}

}  // namespace
}  // namespace weft::internal
