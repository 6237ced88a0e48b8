// SPDX-License-Identifier: Apache-2.0
//
// Every allocation of a pool fails in turn. Making room for a function may fail; what was taken
// runs, on the threads that could be had.

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "faults/failing_memory.h"
#include "faults/sweep.h"
#include "weft/scheduler/thread_pool.h"

namespace weft {
namespace {

using testing::FaultRun;
using testing::MakePool;

bool OkOrStarved(const absl::Status& status) {
  return status.ok() || absl::IsResourceExhausted(status);
}

class MemoryPoolTest : public testing::FaultTest {};
WEFT_ON_FAULT_ENGINES(MemoryPoolTest, 1, 3);  // so many threads

TEST_P(MemoryPoolTest, Create) {
  Sweep([](FaultRun& run) {
    absl::StatusOr<std::unique_ptr<ThreadPool>> made = absl::UnknownError("");
    run.Failing([&] { made = ThreadPool::Create({.threads = run.workers()}); });
    EXPECT_TRUE(OkOrStarved(made.status())) << made.status();
    if (!made.ok()) return;
    std::atomic<int> ran{0};
    EXPECT_TRUE((*made)->Submit([&] { ++ran; }).ok());
    EXPECT_TRUE((*made)->Shutdown().ok());
    EXPECT_EQ(ran, 1);
  });
}

TEST_P(MemoryPoolTest, SubmitAndResize) {
  Sweep([](FaultRun& run) {
    const auto pool = MakePool({.threads = run.workers()});
    std::atomic<int> ran{0};
    int taken = 0;
    run.Failing([&] {
      for (int i = 0; i < 5; ++i) {
        const absl::Status submitted =
            pool->Submit([&ran, bytes = std::array<char, 200>{}] { ran += 1 + bytes[3]; });
        EXPECT_TRUE(OkOrStarved(submitted));
        taken += submitted.ok() ? 1 : 0;
        const int width = pool->width();
        const absl::Status resized = pool->Resize(width + 1);
        EXPECT_TRUE(OkOrStarved(resized));
        EXPECT_EQ(pool->width(), width + (resized.ok() ? 1 : 0));
      }
    });
    EXPECT_TRUE(pool->Submit([&] { ++ran; }).ok());
    EXPECT_TRUE(pool->Shutdown().ok());
    EXPECT_EQ(ran, taken + 1);
  });
}

TEST_P(MemoryPoolTest, FailuresAreCountedAlsoWhereTheyCannotBeKept) {
  Sweep([](FaultRun& run) {
    const auto pool = MakePool({.threads = run.workers()});
    std::atomic<int> taken{0};
    run.Failing([&] {
      for (int i = 0; i < 3; ++i) {
        // Not an exception: there may be no memory for that.
        taken += pool->Submit([] { return absl::AbortedError(""); }).ok() ? 1 : 0;
      }
      EXPECT_TRUE(pool->Shutdown().ok());
    });
    EXPECT_EQ(pool->failed_count(), taken);
    EXPECT_LE(pool->failures().size(), static_cast<std::size_t>(taken));
  });
}

TEST_P(MemoryPoolTest, AScheduler) {
  Sweep([](FaultRun& run) {
    SchedulerOptions options;
    options.executor = MakePool({.threads = run.workers()});
    const auto scheduler = *TaskScheduler::Create(std::move(options));
    std::array<Task<int>, 3> tasks;
    run.Failing([&] {
      for (Task<int>& task : tasks) {
        task = scheduler->Submit(
            [&] { return scheduler->Submit({.priority = 5}, [] { return 1; }).Get().value_or(1); });
      }
      scheduler->WaitAll();
    });
    for (const Task<int>& task : tasks) EXPECT_TRUE(FaultRun::EndedWellOrStarved(task));
    EXPECT_EQ(scheduler->Submit([] { return 2; }).Get().value_or(0), 2);
  });
}

// Counts its calls.
struct CountingItem : ThreadPool::Item {
  CountingItem() {
    call = [](ThreadPool::Item& item, bool) noexcept { ++static_cast<CountingItem&>(item).called; };
  }
  std::atomic<int> called{0};
};

// What must not allocate does not: not only survives that it cannot. New threads would.
TEST_P(MemoryPoolTest, ItemsAndShuttingDownNeedNone) {
  FaultRun run(std::get<0>(GetParam()), 1, true);
  const auto pool = MakePool({});
  std::atomic<int> ran{0};
  std::array<CountingItem, 10> items;
  EXPECT_TRUE(pool->Submit([&] { ++ran; }).ok());
  run.Failing([&] {
    for (CountingItem& item : items) EXPECT_TRUE(pool->Enqueue(item));
    EXPECT_TRUE(
        pool->Shutdown(run.workers() == 1 ? ShutdownMode::kDrain : ShutdownMode::kCancel).ok());
  });
  EXPECT_FALSE(run.failed());
  for (const CountingItem& item : items) EXPECT_EQ(item.called, 1);
}

}  // namespace
}  // namespace weft
