// SPDX-License-Identifier: Apache-2.0
//
// A CostModel that many threads use at once; tests/models has its protocols in every order.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/barrier.h"
#include "gtest/gtest.h"

#include "weft/core/task_kind.h"
#include "weft/distribution/cost_model.h"
#include "weft/distribution/kind_cost.h"

namespace weft {
namespace {

std::string Numbered(std::size_t number) { return "kind" + std::to_string(number); }

TaskKind Named(const std::string& name) { return TaskKind::Named(name); }

// Equal runs have one mean in every order; counts and bounds are exact.
TEST(CostModelThreadsTest, EveryRunIsCountedOnce) {
  constexpr int kThreads = 4;
  constexpr int kRuns = WEFT_SANITIZED ? 5'000 : 100'000;
  constexpr std::size_t kKinds = 3;
  CostModel model;
  absl::Barrier* const start = new absl::Barrier(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&model, start] {
      if (start->Block()) delete start;
      for (int i = 0; i < kRuns; ++i) {
        const std::size_t kind = static_cast<std::size_t>(i) % kKinds;
        const std::string name = Numbered(kind);
        const KindId id = model.Intern(Named(name));
        model.Observe(id, static_cast<double>(kind) + 1);
        if (model.Predict(id) != static_cast<double>(kind) + 1) ADD_FAILURE() << name;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<KindCost> kept = model.Snapshot();
  ASSERT_EQ(kept.size(), kKinds);
  std::uint64_t runs = 0;
  for (const KindCost& cost : kept) runs += cost.count;
  EXPECT_EQ(runs, std::uint64_t{kThreads} * kRuns);
}

TEST(CostModelThreadsTest, NamesThatComeTogetherHaveOneIdEach) {
  constexpr int kThreads = 4;
  constexpr std::size_t kNames = kMostKinds + 50;
  CostModel model;
  std::vector<std::vector<KindId>> ids(kThreads);
  std::vector<std::thread> threads;
  for (std::vector<KindId>& mine : ids) {
    threads.emplace_back([&model, &mine] {
      for (std::size_t i = 0; i < kNames; ++i) {
        const std::string name = Numbered(i);
        mine.push_back(model.Intern(Named(name)));
        if (mine.back().remembered()) model.Observe(mine.back(), static_cast<double>(i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<KindCost> kept = model.Snapshot();
  EXPECT_EQ(kept.size(), kMostKinds);
  for (const KindCost& cost : kept) {
    EXPECT_EQ(cost.kind, Numbered(static_cast<std::size_t>(cost.mean)));
    EXPECT_EQ(cost.min, cost.max);
  }
  for (std::size_t i = 0; i < kNames; ++i) {
    const std::string name = Numbered(i);
    const KindId now = model.Intern(Named(name));
    for (const std::vector<KindId>& mine : ids) EXPECT_EQ(mine[i], now) << name;
  }
}

// What is read beside runs is sound, and so can be kept at any moment.
TEST(CostModelThreadsTest, ASnapshotBesideRunsIsSound) {
  constexpr int kRuns = WEFT_SANITIZED ? 2'000 : 50'000;
  CostModel model({{"kind1", 1, 50, 50, 50}});
  absl::Barrier* const start = new absl::Barrier(3);
  std::vector<std::thread> threads;
  for (unsigned seed : {1U, 2U}) {
    threads.emplace_back([&model, start, seed] {
      if (start->Block()) delete start;
      std::mt19937 random(seed);
      for (int i = 0; i < kRuns; ++i) {
        const std::string name = Numbered(random() % 2);
        model.Observe(model.Intern(Named(name)), static_cast<double>(random() % 100'000));
      }
    });
  }
  if (start->Block()) delete start;
  for (int i = 0; i < kRuns / 100; ++i) {
    for (const KindCost& cost : model.History()) ASSERT_TRUE(IsSound(cost)) << cost.kind;
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace weft
