// SPDX-License-Identifier: Apache-2.0
//
// Two schedulers whose tasks submit to, and wait for, each other. WEFT_RANDOM_LIVES says how
// many random trees of them.

#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/from_environment.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class TwoSchedulersTest : public ::testing::TestWithParam<std::tuple<int, int>> {
 protected:
  TwoSchedulersTest()
      : two_{testing::MakeScheduler(std::get<0>(GetParam())),
             testing::MakeScheduler(std::get<1>(GetParam()))} {}

  // A task of one waits for a task of the other, and so on.
  int Chain(std::size_t at, int depth) {
    if (depth == 0) return 0;
    const Task<int> next =
        two_[at]->Submit([this, at, depth] { return 1 + Chain(1 - at, depth - 1); });
    return next.Get().value_or(-1'000'000);
  }
  // The same with two branches, either of which may stay or cross.
  int Tree(std::size_t at, int depth, unsigned seed) {
    if (depth == 0) return 1;
    std::mt19937 random(seed);
    std::array<Task<int>, 2> branches;
    for (Task<int>& branch : branches) {
      const std::size_t to = random() % 2;
      const unsigned next = static_cast<unsigned>(random());
      branch = two_[to]->Submit({.priority = static_cast<int>(random() % 3)},
                                [this, to, depth, next] { return Tree(to, depth - 1, next); });
    }
    if (random() % 2 == 0) std::swap(branches[0], branches[1]);
    static_cast<void>(at);
    return branches[0].Get().value_or(-1'000'000) + branches[1].Get().value_or(-1'000'000);
  }

  std::array<std::unique_ptr<TaskScheduler>, 2> two_;
};
std::string NameOfBoth(const ::testing::TestParamInfo<std::tuple<int, int>>& both) {
  return std::to_string(std::get<0>(both.param)) + "And" + std::to_string(std::get<1>(both.param));
}
INSTANTIATE_TEST_SUITE_P(Engines, TwoSchedulersTest,
                         ::testing::Values(std::tuple(1, 1), std::tuple(1, 8), std::tuple(8, 1),
                                           std::tuple(4, 4)),
                         NameOfBoth);

// 200 of each block at once; 256 may.
TEST_P(TwoSchedulersTest, AChainThatCrossesEachTime) {
  constexpr int kDepth = WEFT_SANITIZED ? 100 : 400;
  EXPECT_EQ(Chain(0, kDepth), kDepth);
  EXPECT_EQ(Chain(1, kDepth), kDepth);
}

TEST_P(TwoSchedulersTest, RandomTrees) {
  const unsigned trees = testing::FromEnvironment("WEFT_RANDOM_LIVES", WEFT_SANITIZED ? 20 : 200);
  for (unsigned seed = 1; seed <= trees; ++seed) {
    const Task<int> root = two_[seed % 2]->Submit([&] { return Tree(seed % 2, 5, seed); });
    ASSERT_EQ(root.Get().value_or(-1), 32) << "seed " << seed;
  }
  for (const auto& scheduler : two_) EXPECT_TRUE(scheduler->WaitAll().ok());
}

TEST_P(TwoSchedulersTest, GraphsOfOneInTasksOfTheOther) {
  std::array<TaskGraph, 2> graphs;
  std::atomic<int> ran{0};
  for (std::size_t i = 0; i < 2; ++i) {
    for (int k = 0; k < 20; ++k) {
      graphs[i].Add(
          [this, i, &ran] { ran += two_[1 - i]->Submit([] { return 1; }).Get().value_or(-1000); });
    }
  }
  std::array<Task<>, 2> runs;
  for (std::size_t i = 0; i < 2; ++i) {
    runs[i] = two_[1 - i]->Submit([this, i, &graphs] { return two_[i]->Run(graphs[i]).status; });
  }
  for (const Task<>& run : runs) EXPECT_TRUE(run.Get().ok()) << run.Get();
  EXPECT_EQ(ran, 40);
}

// In either order, with work under way on both.
TEST_P(TwoSchedulersTest, DestroyedInEitherOrder) {
  const int rounds = WEFT_SANITIZED ? 10 : 100;
  for (int round = 0; round < rounds; ++round) {
    const std::size_t first = static_cast<std::size_t>(round % 2);
    std::atomic<int> ran{0};
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 10; ++i) {
      // The one that goes first may use the other until its end.
      tasks.push_back(two_[first]->Submit([this, first, &ran] {
        ++ran;
        return two_[1 - first]->Submit([&ran] { return ++ran; }).Get().value_or(0);
      }));
    }
    two_[first].reset();
    for (const Task<int>& task : tasks) {
      ASSERT_TRUE(IsTerminal(task.state()));
      if (task.state() == TaskState::kCompleted) {
        ASSERT_GT(task.Get().value_or(0), 0);
      }
    }
    two_[1 - first].reset();
    two_ = {testing::MakeScheduler(std::get<0>(GetParam())),
            testing::MakeScheduler(std::get<1>(GetParam()))};
  }
}

}  // namespace
}  // namespace weft
