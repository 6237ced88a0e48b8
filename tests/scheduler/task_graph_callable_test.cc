// SPDX-License-Identifier: Apache-2.0
//
// What a graph keeps of a callable: where it lies, when it goes, what it may throw.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

class TaskGraphCallableTest : public ::testing::Test {
 protected:
  void ExpectRuns(TaskGraph& graph, int runs = 2) {
    for (int i = 0; i < runs; ++i) EXPECT_TRUE(scheduler_->Run(graph).ok());
  }
  std::unique_ptr<TaskScheduler> scheduler_ = testing::MakeScheduler(testing::kInline);
};

// Counts the objects that live, of any size and alignment.
template <std::size_t kBytes, std::size_t kAlignment = 8>
struct alignas(kAlignment) Counted {
  explicit Counted(int& counter) : live(&counter) { ++*live; }
  Counted(const Counted& other) : live(other.live) { ++*live; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*live; }
  void operator()() const {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(this) % kAlignment, 0u);
    EXPECT_EQ(*live, 1);
  }

  int* live;
  std::array<char, kBytes - sizeof(int*)> rest = {};
};

template <class Callable>
void ExpectKeptOnceUntilClear(TaskScheduler& scheduler) {
  int live = 0;
  TaskGraph graph;
  graph.Add(Callable(live));
  EXPECT_EQ(live, 1);
  EXPECT_TRUE(scheduler.Run(graph).ok());
  EXPECT_TRUE(scheduler.Run(graph).ok());
  EXPECT_EQ(live, 1);
  EXPECT_TRUE(graph.Clear().ok());
  EXPECT_EQ(live, 0);
}

TEST_F(TaskGraphCallableTest, KeepsASmallOneUntilClear) {
  ExpectKeptOnceUntilClear<Counted<24>>(*scheduler_);
}
TEST_F(TaskGraphCallableTest, KeepsALargerOneUntilClear) {
  ExpectKeptOnceUntilClear<Counted<32>>(*scheduler_);
  ExpectKeptOnceUntilClear<Counted<4096>>(*scheduler_);
}
TEST_F(TaskGraphCallableTest, KeepsAnOverAlignedOneUntilClear) {
  ExpectKeptOnceUntilClear<Counted<16, 16>>(*scheduler_);
  ExpectKeptOnceUntilClear<Counted<256, 128>>(*scheduler_);
}

TEST_F(TaskGraphCallableTest, TheDestructorGivesCallablesBack) {
  int live = 0;
  {
    TaskGraph graph;
    for (int i = 0; i < 3000; ++i) graph.Add([kept = Counted<24>(live)] {});
    graph.AddCondition([kept = Counted<64>(live)] { return 0; });
    TaskGraph nested;
    graph.AddGraph(nested, [kept = Counted<64>(live)] { return false; });
    EXPECT_EQ(live, 3002);
  }
  EXPECT_EQ(live, 0);
}

TEST_F(TaskGraphCallableTest, TakesOneThatCanOnlyBeMoved) {
  int sum = 0;
  TaskGraph graph;
  graph.Add([&sum, one = std::make_unique<int>(1)] { sum += *one; });
  graph.Add([&sum, ten = std::make_unique<int>(10), rest = std::array<char, 64>()] {
    sum += *ten + rest[0];
  });
  ExpectRuns(graph, 2);
  EXPECT_EQ(sum, 22);
}

TEST_F(TaskGraphCallableTest, KeepsItsStateFromRunToRun) {
  int seen = 0;
  TaskGraph graph;
  graph.Add([&seen, count = 0]() mutable { seen = ++count; });
  ExpectRuns(graph, 5);
  EXPECT_EQ(seen, 5);
}

void SetTrue(bool& value) { value = true; }

TEST_F(TaskGraphCallableTest, TakesWhatInvokeTakes) {
  struct Object {
    bool called = false;
    void Call() { called = true; }
  } object;
  bool value = false;
  TaskGraph graph;
  graph.Add(std::bind(&Object::Call, &object));
  graph.Add(std::function<void()>([&value] { SetTrue(value); }));
  graph.Add(+[](TaskContext& context) { EXPECT_EQ(context.worker(), 0); });
  ExpectRuns(graph, 1);
  EXPECT_TRUE(object.called && value);
}

// Throws when it is copied or moved for the `at`th time.
template <std::size_t kBytes>
struct ThrowsWhenMoved {
  explicit ThrowsWhenMoved(int& moves_left) : left(&moves_left) {}
  ThrowsWhenMoved(const ThrowsWhenMoved& other) : left(other.left) { Count(); }
  ThrowsWhenMoved(ThrowsWhenMoved&& other) : left(other.left) { Count(); }  // NOLINT: it throws
  ThrowsWhenMoved& operator=(const ThrowsWhenMoved&) = delete;
  void Count() {
    if (--*left == 0) throw std::runtime_error("moved");
  }
  void operator()() const {}

  int* left;
  std::array<char, kBytes - sizeof(int*)> rest = {};
};

// Until no move throws any more: each one that the way into the graph takes.
template <std::size_t kBytes>
int AddsThatThrew(TaskGraph& graph) {
  int threw = 0;
  for (;; ++threw) {
    int left = threw + 1;
    const ThrowsWhenMoved<kBytes> callable(left);
    try {
      graph.Add(callable).Name("added");
      return threw;
    } catch (const std::runtime_error&) {
      EXPECT_EQ(graph.node_count(), 1u);
    }
  }
}

TEST_F(TaskGraphCallableTest, WhatThrowsOnItsWayInLeavesTheGraphAsItWas) {
  for (const bool large : {false, true}) {
    int ran = 0;
    TaskGraph graph;
    auto first = graph.Add([&ran] { ++ran; });
    EXPECT_GE(large ? AddsThatThrew<64>(graph) : AddsThatThrew<16>(graph), 2);
    first.Before(graph.Add([&ran] { ++ran; }));
    EXPECT_EQ(graph.node_count(), 3u);
    EXPECT_THAT(graph.ToDot(), HasSubstr("label=\"node 2\""));
    ExpectRuns(graph, 1);
    EXPECT_EQ(ran, 2);
  }
}

// The one that is armed throws when it is destroyed.
template <std::size_t kBytes>
struct ThrowsWhenDestroyed {
  ThrowsWhenDestroyed(int& counter, std::string its_text)
      : live(&counter), text(std::move(its_text)) {
    ++*live;
  }
  ThrowsWhenDestroyed(ThrowsWhenDestroyed&& other) noexcept
      : live(std::exchange(other.live, nullptr)), text(std::move(other.text)) {}
  ~ThrowsWhenDestroyed() noexcept(false) {
    if (live == nullptr) return;
    --*live;
    throw std::runtime_error(text);
  }
  void operator()() const {}

  int* live;
  std::string text;
  std::array<char, kBytes> rest = {};
};

TEST_F(TaskGraphCallableTest, ClearReportsTheFirstThatADestructorThrew) {
  int live = 0;
  int between = 0;
  TaskGraph graph;
  graph.Add(ThrowsWhenDestroyed<1>(live, "first"));
  graph.Add(Counted<24>(between));
  graph.Add(ThrowsWhenDestroyed<256>(live, "second"));
  ExpectRuns(graph);
  const absl::Status cleared = graph.Clear();
  EXPECT_EQ(cleared.code(), absl::StatusCode::kUnknown);
  EXPECT_THAT(cleared.message(), HasSubstr("first"));
  EXPECT_EQ(live + between, 0);
  EXPECT_EQ(graph.node_count(), 0u);
  EXPECT_TRUE(graph.Clear().ok());
}

TEST_F(TaskGraphCallableTest, AGraphIsDestroyedWhateverDestructorsThrow) {
  int live = 0;
  {
    TaskGraph graph;
    for (int i = 0; i < 10; ++i) graph.Add(ThrowsWhenDestroyed<1>(live, "thrown"));
  }
  EXPECT_EQ(live, 0);
}

}  // namespace
}  // namespace weft
