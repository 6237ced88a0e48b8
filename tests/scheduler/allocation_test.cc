// SPDX-License-Identifier: Apache-2.0
//
// A warmed-up run of a graph allocates nothing, on any thread, nor do tasks that become
// ready, end or are cancelled. An executable of its own: it replaces operator new. What oneTBB
// takes from malloc to start a pump, which is a few times per run and not per node, is not seen
// here; nor is a thread of oneTBB's that starts meanwhile, before its first pump.

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/names.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};
constinit thread_local bool is_watched = false;

void* Allocate(std::size_t size, std::size_t alignment) {
  if (is_watched && counting.load(std::memory_order_relaxed)) ++allocations;
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
  // A thread that comes in the place of one of oneTBB's would allocate: none does.
  AllocationTest() {
    is_watched = true;
    if (!has_threads()) return;
    SchedulerOptions options;
    // Reading files allocates, every 50 ms at most.
    options.read_memory = [] { return MemoryReading{.limit_bytes = 1'000'000, .used_bytes = 1}; };
    scheduler_ = testing::MakePatientScheduler(
        GetParam(), {.start = [] { is_watched = true; }, .stop = [] { is_watched = false; }},
        std::move(options));
  }

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

TEST_P(AllocationTest, TheCounterCountsInTasksToo) {
  TaskGroup group(*scheduler_);
  allocations = 0;
  int seen = 0;
  const auto allocating = group.Submit([&seen] {
    counting = true;
    auto made = std::make_unique<int>(1);
    seen = allocations * *made;
    counting = false;
  });
  EXPECT_TRUE(allocating.Wait().ok());
  EXPECT_GT(seen, 0);
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

// held -> 2,000 -> last, and a chain of 2,000 behind that
TEST_P(AllocationTest, BecomingReadyAndEndingAllocateNothing) {
  for (const bool counts : {false, true}) {  // the first time threads come
    testing::Gate gate;
    TaskGroup group(*scheduler_);
    const auto held = group.Submit([&] {
      if (has_threads()) gate.Pass();
    });
    if (has_threads()) gate.AwaitEntered();
    std::vector<AnyTask> wide;
    for (int i = 0; i < 2000; ++i) wide.push_back(group.Submit([this] { ++ran_; }, After(held)));
    Task<> last = group.Submit([] {}, After(wide));
    for (int i = 0; i < 2000; ++i) last = group.Submit([this] { ++ran_; }, After(last));
    allocations = 0;
    counting = counts;
    gate.Open();
    const bool ended = last.Wait().ok();
    counting = false;
    EXPECT_TRUE(ended);
    EXPECT_EQ(allocations, 0);
  }
  EXPECT_EQ(ran_, 8000);
}

TEST_P(AllocationTest, CancellingAndSkippingAllocateNothing) {
  for (int round = 0; round < 2; ++round) {
    TaskGroup group(*scheduler_);
    const auto first = testing::OnName(group, "first", "ghost");
    const auto other = testing::OnName(group, "other", "ghost");
    std::vector<AnyTask> behind;
    for (int i = 0; i < 1000; ++i) {
      behind.push_back(group.Submit([this] { ++ran_; }, After(first)));
      behind.push_back(group.Submit([this] { ++ran_; }, After(other)));
    }
    const absl::Status why = absl::CancelledError("enough");
    allocations = 0;
    counting = true;
    first.Cancel();
    for (std::size_t i = 0; i < 100; ++i) behind[2 * i + 1].Cancel();
    counting = false;
    EXPECT_EQ(allocations, 0);
    EXPECT_EQ(behind.front().state(), TaskState::kSkipped);
    EXPECT_EQ(behind[1].state(), TaskState::kCancelled);
    group.Cancel(why);
    group.Wait();
  }
  EXPECT_EQ(ran_, 0);
}

}  // namespace
}  // namespace weft
