// SPDX-License-Identifier: Apache-2.0
//
// A warmed-up run of a graph allocates nothing, on any thread. An executable of its own:
// it replaces operator new. What oneTBB takes from malloc to start a pump, which is a few
// times per run and not per node, is not seen here.

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>

#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

void* Allocate(std::size_t size, std::size_t alignment) {
  if (counting.load(std::memory_order_relaxed)) ++allocations;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, size == 0 ? 1 : size) != 0) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new[](std::size_t size) { return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace weft {
namespace {

class AllocationTest : public testing::EngineTest {
 protected:
  int AllocationsOfRuns(TaskGraph& graph) {
    for (int run = 0; run < 20; ++run) EXPECT_TRUE(scheduler_->Run(graph).status.ok());
    allocations = 0;
    counting = true;
    for (int run = 0; run < 20; ++run) scheduler_->Run(graph);
    counting = false;
    return allocations;
  }

  std::atomic<int> ran_{0};
  TaskGraph nested_;
  TaskGraph graph_;
};
WEFT_ON_ALL_ENGINES(AllocationTest);

TEST_P(AllocationTest, TheCounterCounts) {
  counting = true;
  allocations = 0;
  graph_.Add([] {});
  counting = false;
  EXPECT_GT(allocations, 0);
}

//   root -> 5,000 -> last: more than a deque holds
TEST_P(AllocationTest, ARunOfManyNodesAllocatesNothing) {
  auto root = graph_.Add([this] { ++ran_; });
  auto last = graph_.Add([this] { ++ran_; });
  for (int i = 0; i < 5000; ++i) {
    auto node = graph_.Add([this] { ++ran_; });
    node.After(root);
    node.Before(last);
  }
  EXPECT_EQ(AllocationsOfRuns(graph_), 0);
}

TEST_P(AllocationTest, ManyRootsAllocateNothing) {
  for (int i = 0; i < 5000; ++i) graph_.Add([this](TaskContext&) { ++ran_; });
  EXPECT_EQ(AllocationsOfRuns(graph_), 0);
}

TEST_P(AllocationTest, ChoicesAndLoopsAllocateNothing) {
  int rounds = 0;
  auto choose = nested_.AddCondition([] { return 1; });
  for (int i = 0; i < 3; ++i) choose.Before(nested_.Add([this] { ++ran_; }));
  graph_.AddGraph(nested_, [&rounds] { return ++rounds % 10 != 0; });
  EXPECT_EQ(AllocationsOfRuns(graph_), 0);
}

}  // namespace
}  // namespace weft
