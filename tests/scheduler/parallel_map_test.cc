// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/parallel_map.h"

#include <array>
#include <atomic>
#include <memory>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "scheduler/event_log.h"
#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/worker_local.h"

namespace weft {
namespace {

class ParallelMapTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(ParallelMapTest);

std::vector<int> Numbers(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST_P(ParallelMapTest, ResultsAreInTheOrderOfTheItems) {
  TaskGroup group(*scheduler_);
  const std::vector<int> items = Numbers(1000);
  const std::vector<absl::StatusOr<int>> squares =
      ParallelMap(group, items, [](int x) { return x * x; });
  ASSERT_EQ(squares.size(), items.size());
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(*squares[static_cast<std::size_t>(i)], i * i);
}

// min_task_size: so many items are one task; each has its own result, also when it is cancelled.
TEST_P(ParallelMapTest, SeveralItemsInATask) {
  testing::EventLog log;
  SchedulerOptions options;
  options.config.min_task_size = 30;
  options.observer = &log;
  const auto scheduler = testing::MakeScheduler(GetParam(), std::move(options));
  const std::vector<int> items = Numbers(100);
  {
    TaskGroup group(*scheduler);
    const auto squares = ParallelMap(group, items, [](int x) { return x * x; }, {.kind = "square"});
    for (int i = 0; i < 100; ++i) EXPECT_EQ(*squares[static_cast<std::size_t>(i)], i * i);
  }
  int tasks = 0;
  for (const auto& [id, told] : log.tasks()) tasks += told.kind == "square" ? 1 : 0;
  EXPECT_GE(tasks, 4);  // four parts; whoever finds nothing left is a task, too
  EXPECT_LE(tasks, 4 + scheduler->worker_count());
  TaskGroup group(*scheduler);
  const auto stopped = ParallelMap(group, items, [&group](int x) {
    if (x == 3) group.Cancel(absl::CancelledError("enough"));
    return x;
  });
  EXPECT_TRUE(stopped[3].ok());
  EXPECT_FALSE(stopped[29].ok());
  EXPECT_EQ(stopped[29].status().message(), "enough");
}

TEST_P(ParallelMapTest, NoItemsNoResults) {
  TaskGroup group(*scheduler_);
  EXPECT_TRUE(ParallelMap(group, std::vector<int>(), [](int x) { return x; }).empty());
}

TEST_P(ParallelMapTest, OneItemsErrorDoesNotTakeTheOthersWithIt) {
  TaskGroup group(*scheduler_);
  const auto results = ParallelMap(group, Numbers(9), [](int x) -> absl::StatusOr<int> {
    if (x % 3 == 1) return absl::NotFoundError(std::to_string(x));
    if (x % 3 == 2) throw std::runtime_error(std::to_string(x));
    return x;
  });
  for (int i = 0; i < 9; ++i) {
    const auto& result = results[static_cast<std::size_t>(i)];
    if (i % 3 == 0) {
      EXPECT_EQ(*result, i);
    } else {
      EXPECT_EQ(result.status(), i % 3 == 1 ? absl::NotFoundError(std::to_string(i))
                                            : absl::UnknownError("threw " + std::to_string(i)));
    }
  }
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ParallelMapTest, FormsOfItemsAndFunctions) {
  TaskGroup group(*scheduler_);
  const std::array<std::string, 2> words = {"a", "bc"};
  const auto sizes = ParallelMap(group, std::span<const std::string>(words),
                                 [](const std::string& word) { return word.size(); });
  EXPECT_EQ(*sizes[1], 2u);
  const auto statuses = ParallelMap(group, words, [](TaskContext&, const std::string& word) {
    return word == "a" ? absl::OkStatus() : absl::AbortedError(word);
  });
  static_assert(std::is_same_v<decltype(statuses), const std::vector<absl::Status>>);
  EXPECT_TRUE(statuses[0].ok());
  EXPECT_EQ(statuses[1], absl::AbortedError("bc"));
  const auto nothing = ParallelMap(group, words, [](const std::string&) {});
  EXPECT_TRUE(nothing[0].ok());
  const auto owned = ParallelMap(
      group, words, [](const std::string& word) { return std::make_unique<std::string>(word); });
  EXPECT_EQ(**owned[0], "a");
}

TEST_P(ParallelMapTest, CancelStopsWhatHasNotStarted) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  absl::Notification cancelled;
  const auto results = ParallelMap(group, Numbers(1000), [&](int x) {
    const int mine = ++ran;
    if (mine == 20) {
      group.Cancel(absl::CancelledError("enough"));
      cancelled.Notify();
    } else if (mine > 20) {
      cancelled.WaitForNotification();
    }
    return x;
  });
  EXPECT_LE(ran, 20 + scheduler_->worker_count());
  int completed = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto& result = results[static_cast<std::size_t>(i)];
    if (result.ok()) {
      ++completed;
      EXPECT_EQ(*result, i);
    } else {
      EXPECT_EQ(result.status(), absl::CancelledError("enough"));
    }
  }
  EXPECT_EQ(completed, ran);
}

TEST_P(ParallelMapTest, InsideATask) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit([&] {
    int sum = 0;
    for (const auto& x : ParallelMap(group, Numbers(100), [](int x) { return x; })) sum += *x;
    return sum;
  });
  EXPECT_EQ(*task.Get(), 4950);
}

TEST_P(ParallelMapTest, AfterShutdownEveryItemHasTheReason) {
  TaskGroup group(*scheduler_);
  ASSERT_TRUE(scheduler_->Shutdown().ok());
  for (const auto& result : ParallelMap(group, Numbers(3), [](int x) { return x; })) {
    EXPECT_TRUE(absl::IsFailedPrecondition(result.status())) << result.status();
  }
}

TEST_P(ParallelMapTest, WorkerLocalIsMadeOncePerWorkerAndNeverShared) {
  struct Local {
    int used = 0;
    std::atomic<bool> busy{false};
    Local() = default;
    Local(Local&&) noexcept {}
  };
  std::atomic<int> made{0};
  WorkerLocal<Local> locals(*scheduler_, [&] {
    ++made;
    return Local();
  });
  TaskGroup group(*scheduler_);
  ParallelMap(group, Numbers(2000), [&](TaskContext& context, int) {
    Local& local = locals.Get(context);
    EXPECT_FALSE(local.busy.exchange(true));
    ++local.used;
    local.busy = false;
  });
  int used = 0;
  int seen = 0;
  locals.ForEach([&](Local& local) {
    used += local.used;
    ++seen;
  });
  EXPECT_EQ(used, 2000);
  EXPECT_EQ(seen, made);
  EXPECT_LE(made, scheduler_->worker_count());
}

}  // namespace
}  // namespace weft
