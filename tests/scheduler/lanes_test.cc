// SPDX-License-Identifier: Apache-2.0
//
// The order of ready tasks: lanes, and what has waited too long.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

constexpr std::array<int, 4> kPriorities = {-1, 0, 5, 10};

// What one worker must take next, by the rule alone.
class LaneOracle {
 public:
  void Push(std::size_t lane, int what) { lanes_[lane].push_back(what); }
  bool empty() const {
    for (const auto& lane : lanes_) {
      if (!lane.empty()) return false;
    }
    return true;
  }
  int Pop() {
    std::size_t from = lanes_.size();
    for (std::size_t lane = 0; lane + 1 < lanes_.size() && from == lanes_.size(); ++lane) {
      if (passed_[lane] >= 64 && !lanes_[lane].empty()) from = lane;
    }
    for (std::size_t lane = lanes_.size(); lane-- > 0 && from == lanes_.size();) {
      if (!lanes_[lane].empty()) from = lane;
    }
    const int what = lanes_[from].front();
    lanes_[from].pop_front();
    passed_[from] = 0;
    for (std::size_t lane = 0; lane < from; ++lane) passed_[lane] += lanes_[lane].empty() ? 0 : 1;
    return what;
  }

 private:
  std::array<std::deque<int>, 4> lanes_;
  std::array<int, 4> passed_{};
};

// Engines on which bodies run one after the other.
class LanesTest : public testing::EngineTest {
 protected:
  // Submits while nothing can start.
  template <class F>
  void Held(F submit) {
    if (!has_threads()) return submit();
    testing::BusyWorkers busy(*scheduler_, 1);
    submit();
    busy.LetGo();
  }

  std::vector<int> started_;
};
INSTANTIATE_TEST_SUITE_P(Engines, LanesTest, ::testing::Values(testing::kInline, -1, 1),
                         testing::EngineName);

TEST_P(LanesTest, OrderIsThatOfTheRule) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 random(seed);
    TaskGroup group(*scheduler_);
    LaneOracle oracle;
    started_.clear();
    const int tasks = 1 + static_cast<int>(random() % 600);
    std::discrete_distribution<std::size_t> lanes({1.0, 1.0 + static_cast<double>(random() % 10),
                                                   1.0 + static_cast<double>(random() % 10),
                                                   1.0 + static_cast<double>(random() % 10)});
    Held([&] {
      for (int i = 0; i < tasks; ++i) {
        const std::size_t lane = lanes(random);
        // Of the normal lane a worker takes what others gave it before what it has itself, now and
        // then: which of them it is does not matter here.
        const int what = lane == 1 ? -1 : i;
        oracle.Push(lane, what);
        group.Submit({.priority = kPriorities[lane]}, [this, what] { started_.push_back(what); });
      }
    });
    group.Wait();
    std::vector<int> expected;
    while (!oracle.empty()) expected.push_back(oracle.Pop());
    ASSERT_EQ(started_.size(), expected.size());
    for (std::size_t at = 0; at < expected.size(); ++at) {
      ASSERT_EQ(started_[at], expected[at]) << "start " << at << ", seed " << seed;
    }
  }
}

// Each urgent task submits the next one: without a bound the low one would never start.
TEST_P(LanesTest, LowTaskStartsAfterSoManyUrgentOnes) {
  for (const int priority : {-1, 0, 5}) {
    TaskGroup group(*scheduler_);
    int urgent = 0;
    int before = -1;
    struct Stream {
      TaskGroup& group;
      int& urgent;
      void operator()() {
        if (++urgent < 1000) group.Detach({.priority = 10}, *this);
      }
    };
    Held([&] {
      group.Detach({.priority = priority}, [&] { before = urgent; });
      group.Detach({.priority = 10}, Stream{group, urgent});
    });
    group.Wait();
    EXPECT_EQ(urgent, 1000);
    EXPECT_EQ(before, 64) << "priority " << priority;
  }
}

TEST_P(LanesTest, UrgentTaskGoesBeforeTheRestOfAChain) {
  TaskGroup group(*scheduler_);
  Task<> last;
  Held([&] {
    for (int i = 0; i < 100; ++i) {
      last = group.Submit(
          [this, &group, i] {
            started_.push_back(i);
            if (i == 3) group.Detach({.priority = 10}, [this] { started_.push_back(1000); });
          },
          i == 0 ? After(std::vector<AnyTask>{}) : After(std::vector<AnyTask>{last}));
    }
  });
  group.Wait();
  ASSERT_EQ(started_.size(), 101U);
  EXPECT_EQ(started_[4], 1000);
  EXPECT_EQ(started_[5], 4);
}

// A successor that is urgent goes before those that were ready before it.
TEST_P(LanesTest, UrgentSuccessorGoesFirst) {
  TaskGroup group(*scheduler_);
  Held([&] {
    const auto first = group.Submit([this] { started_.push_back(0); });
    for (int i = 1; i <= 10; ++i) {
      group.Submit([this, i] { started_.push_back(i); }, first);
    }
    group.Submit(
        {.priority = 5}, [this] { started_.push_back(11); }, first);
    group.Submit(
        {.priority = 10}, [this] { started_.push_back(12); }, first);
  });
  group.Wait();
  ASSERT_EQ(started_.size(), 13U);
  EXPECT_EQ(started_[1], 12);
  EXPECT_EQ(started_[2], 11);
}

}  // namespace
}  // namespace weft
