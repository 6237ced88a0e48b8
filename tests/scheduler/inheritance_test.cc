// SPDX-License-Identifier: Apache-2.0
//
// Tasks that rise to a higher lane: asked for, or because an urgent one waits for them.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

// Engines on which bodies run one after the other; what is submitted is held back until all is.
class InheritanceTest : public testing::EngineTest {
 protected:
  template <class F>
  void Held(F submit) {
    if (!has_threads()) return submit();
    testing::BusyWorkers busy(*scheduler_, 1);
    submit();
    busy.LetGo();
  }
  auto Body(int what) {
    return [this, what] { started_.push_back(what); };
  }
  // Others of the same priority that nobody waits for.
  void Noise(int priority, int tasks = 100) {
    for (int i = 0; i < tasks; ++i) group_.Detach({.priority = priority}, Body(-1));
  }
  std::vector<int> First(std::size_t count) {
    return {started_.begin(), started_.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  TaskGroup group_{*scheduler_};
  std::vector<int> started_;
};
INSTANTIATE_TEST_SUITE_P(Engines, InheritanceTest, ::testing::Values(testing::kInline, -1, 1),
                         testing::EngineName);

// 0 -> 1 -> 2 -> 3 -> urgent
TEST_P(InheritanceTest, ChainOfLowPredecessorsGoesFirst) {
  for (const int priority : {-1, 0, 5}) {
    started_.clear();
    Held([&] {
      Noise(priority);
      Task<> last = group_.Submit({.priority = priority}, Body(0));
      for (int i = 1; i < 4; ++i) last = group_.Submit({.priority = priority}, Body(i), last);
      Noise(priority);
      group_.Submit({.priority = 10}, Body(4), last);
    });
    group_.Wait();
    ASSERT_EQ(started_.size(), 205U);
    EXPECT_EQ(First(5), (std::vector<int>{0, 1, 2, 3, 4})) << "priority " << priority;
  }
}

// The same when the mode is on already: each keeps whom it waits for as it comes in.
TEST_P(InheritanceTest, LaterChainsGoFirstToo) {
  Held([&] {
    group_.Submit(
        {.priority = 10}, [] {}, group_.Submit([] {}));
  });
  group_.Wait();
  Held([&] {
    Noise(0);
    const auto a = group_.Submit(Body(0));
    const auto b = group_.Submit(Body(1));
    const auto c = group_.Submit(Body(2), a, b);
    group_.Submit({.priority = 5}, Body(3), c);
  });
  group_.Wait();
  EXPECT_EQ(First(4), (std::vector<int>{0, 1, 2, 3}));
}

TEST_P(InheritanceTest, NameRisesBeforeItsTaskComes) {
  Held([&] {
    Noise(0);
    ASSERT_TRUE(group_
                    .Schedule({.id = "urgent",
                               .function = Body(2),
                               .dependencies = {"middle"},
                               .options = {.priority = 10}})
                    .ok());
    ASSERT_TRUE(
        group_.Schedule({.id = "middle", .function = Body(1), .dependencies = {"first"}}).ok());
    ASSERT_TRUE(group_.Schedule({.id = "first", .function = Body(0)}).ok());
  });
  group_.Wait();
  EXPECT_EQ(First(3), (std::vector<int>{0, 1, 2}));
}

TEST_P(InheritanceTest, LateEdgeRaises) {
  Held([&] {
    Noise(0);
    const auto low = group_.Submit(Body(0));
    const auto gate = group_.Submit({.priority = 10}, Body(1));
    const auto urgent = group_.Submit({.priority = 10}, Body(2), gate);
    ASSERT_TRUE(urgent.AddDependency(low).ok());
  });
  group_.Wait();
  EXPECT_EQ(First(3), (std::vector<int>{1, 0, 2}));
}

TEST_P(InheritanceTest, RaisedTaskTakesWhatItWaitsForAlong) {
  Held([&] {
    Noise(0);
    const auto a = group_.Submit(Body(0));
    const auto b = group_.Submit(Body(1), a);
    const auto c = group_.Submit(Body(2), b);
    Noise(5, 3);
    c.Raise(10);
    c.Raise(-5);  // nothing sinks
  });
  group_.Wait();
  EXPECT_EQ(First(3), (std::vector<int>{0, 1, 2}));
}

TEST_P(InheritanceTest, ReadyTaskIsRaisedOnceInEachStep) {
  std::vector<Task<>> tasks;
  Held([&] {
    for (int i = 0; i < 200; ++i) tasks.push_back(group_.Submit({.priority = -1}, Body(i)));
    tasks[150].Raise(0);
    tasks[151].Raise(10);
    tasks[152].Raise(5);
    tasks[152].Raise(10);
    tasks[153].Raise(5);
  });
  EXPECT_EQ(group_.Wait().completed, 200);
  ASSERT_EQ(started_.size(), 200U);  // each once, however many entries it had
  EXPECT_EQ(First(4), (std::vector<int>{151, 152, 153, 150}));
  tasks[0].Raise(10);  // it has ended
}

// Raised, cancelled, waited for and dropped, many at once.
class RaiseRacesTest : public testing::EngineTest {};
WEFT_ON_THREADED_ENGINES(RaiseRacesTest);

TEST_P(RaiseRacesTest, EachRunsOnce) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    TaskGroup group(*scheduler_);
    std::vector<std::atomic<int>> ran(300);
    std::vector<Task<>> tasks;
    std::mt19937_64 random(seed);
    for (std::size_t i = 0; i < ran.size(); ++i) {
      const TaskOptions options{.priority = static_cast<int>(random() % 3) - 1};
      const auto body = [&ran, i] { ++ran[i]; };
      tasks.push_back(
          i < 3 ? group.Submit(options, body)
                : group.Submit(options, body, tasks[random() % i], tasks[i - 1 - random() % 3]));
    }
    std::vector<std::thread> raisers;
    for (std::uint64_t k = 1; k <= 2; ++k) {
      raisers.emplace_back([&tasks, seed, k] {
        std::mt19937_64 own(seed * 10 + k);
        for (int i = 0; i < 100; ++i) {
          tasks[own() % tasks.size()].Raise(static_cast<int>(own() % 12));
        }
      });
    }
    for (std::thread& raiser : raisers) raiser.join();
    EXPECT_TRUE(group.Wait().ok());
    for (std::size_t i = 0; i < ran.size(); ++i) {
      ASSERT_EQ(ran[i], 1) << "task " << i << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace weft
