// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/task_queue.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "weft/distribution/ready_order.h"

namespace weft {
namespace {

TEST(ReadyOrderTest, LanesSplitAtZeroOneAndTen) {
  EXPECT_EQ(LaneOf(-2147483647), Lane::kLow);
  EXPECT_EQ(LaneOf(-1), Lane::kLow);
  EXPECT_EQ(LaneOf(0), Lane::kNormal);
  EXPECT_EQ(LaneOf(1), Lane::kHigh);
  EXPECT_EQ(LaneOf(9), Lane::kHigh);
  EXPECT_EQ(LaneOf(10), Lane::kUrgent);
  EXPECT_EQ(LaneOf(2147483647), Lane::kUrgent);
}

TEST(TaskQueueTest, EmptyQueueGivesNothing) {
  TaskQueue<int> queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.Peek(), nullptr);
  EXPECT_FALSE(queue.Pop().has_value());
}

// Against a plain list, sorted stably by lane.
TEST(TaskQueueTest, EqualsAStableSort) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    TaskQueue<int> queue;
    std::vector<std::pair<Lane, int>> model;
    for (int step = 0; step < 500; ++step) {
      if (random() % 3 != 0) {
        const int priority = static_cast<int>(random() % 30) - 10;
        queue.Push(step, priority);
        model.emplace_back(LaneOf(priority), step);
        std::stable_sort(model.begin(), model.end(),
                         [](const auto& a, const auto& b) { return a.first > b.first; });
      } else if (!model.empty()) {
        ASSERT_EQ(*queue.Peek(), model.front().second) << "seed " << seed;
        ASSERT_EQ(queue.Pop(), model.front().second) << "seed " << seed;
        model.erase(model.begin());
      }
      ASSERT_EQ(queue.size(), model.size()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace weft
