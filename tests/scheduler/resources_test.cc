// SPDX-License-Identifier: Apache-2.0
//
// TaskOptions::resources and memory_bytes: what tasks hold while they run.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/timed_engine.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TaskOptions Needs(std::int64_t gpus, std::int64_t nets = 0) {
  TaskOptions options;
  if (gpus > 0) options.resources.push_back({.name = "gpu", .units = gpus});
  if (nets > 0) options.resources.push_back({.name = "net", .units = nets});
  return options;
}

class ResourcesTest : public ::testing::TestWithParam<int> {
 protected:
  static constexpr std::array<std::int64_t, 2> kUnits = {2, 3};

  std::unique_ptr<TaskScheduler> Make(VirtualClock* clock = nullptr) {
    SchedulerOptions options;
    options.resources = {{.name = "gpu", .units = kUnits[0]}, {.name = "net", .units = kUnits[1]}};
    if (clock == nullptr) return testing::MakeScheduler(GetParam(), std::move(options));
    return testing::MakeVirtualScheduler(GetParam(), *clock, std::move(options));
  }
  bool has_threads() const { return GetParam() > testing::kInline; }
  static void ExpectAllBack(const TaskScheduler& scheduler) {
    for (const char* const name : {"gpu", "net"}) {
      const auto figures = scheduler.resource_figures(name);
      ASSERT_TRUE(figures.ok()) << figures.status();
      EXPECT_EQ(figures->in_use, 0) << name;
      EXPECT_EQ(figures->waiting, 0) << name;
      EXPECT_LE(figures->peak, figures->limit) << name;
    }
    EXPECT_EQ(scheduler.memory_figures().declared.in_use, 0);
    EXPECT_EQ(scheduler.memory_figures().declared.waiting, 0);
  }
};
WEFT_ON_ALL_ENGINES(ResourcesTest);

// Two bodies can be under way.
class ThreadedResourcesTest : public ResourcesTest {};
INSTANTIATE_TEST_SUITE_P(Engines, ThreadedResourcesTest,
                         ::testing::Values(2, 8, testing::kPool + 2), testing::EngineName);
// One worker holds, and the other asks in order.
class OrderedResourcesTest : public ResourcesTest {};
INSTANTIATE_TEST_SUITE_P(Engines, OrderedResourcesTest, ::testing::Values(2, testing::kPool + 2),
                         testing::EngineName);

// What bodies see that count themselves.
//
// Thread safety: every method from any thread.
class Holders {
 public:
  void Enter(std::size_t resource, std::int64_t units) {
    const std::int64_t now = in_use_[resource] += units;
    std::int64_t most = most_[resource];
    while (most < now && !most_[resource].compare_exchange_weak(most, now)) {
    }
  }
  void Leave(std::size_t resource, std::int64_t units) { in_use_[resource] -= units; }
  std::int64_t most(std::size_t resource) const { return most_[resource]; }

 private:
  std::array<std::atomic<std::int64_t>, 2> in_use_{};
  std::array<std::atomic<std::int64_t>, 2> most_{};
};

TEST_P(ResourcesTest, NoMoreThanThereIsWhateverBecomesOfTheBodies) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20; ++round) {
    const auto scheduler = Make();
    Holders holders;
    std::array<int, kTaskStateCount> expected{};
    TaskGroup group(*scheduler);
    std::vector<std::pair<Task<>, bool>> tasks;  // with whether it completes
    for (int i = 0; i < 100; ++i) {
      const auto gpus = static_cast<std::int64_t>(random() % 3);
      const auto nets = static_cast<std::int64_t>(random() % 4);
      const int fate = static_cast<int>(random() % 10);
      const auto body = [&holders, gpus, nets, fate]() -> absl::Status {
        holders.Enter(0, gpus);
        holders.Enter(1, nets);
        std::this_thread::yield();
        holders.Leave(0, gpus);
        holders.Leave(1, nets);
        if (fate == 0) throw std::runtime_error("thrown");
        return fate == 1 ? absl::AbortedError("failed") : absl::OkStatus();
      };
      TaskOptions options = Needs(gpus, nets);
      options.priority = static_cast<int>(random() % 12) - 1;
      const auto* const before =
          !tasks.empty() && random() % 4 == 0 ? &tasks[random() % tasks.size()] : nullptr;
      const bool skipped = before != nullptr && !before->second;
      Task<> task = before == nullptr ? group.Submit(options, body)
                                      : group.Submit(options, body, After(before->first));
      tasks.emplace_back(std::move(task), !skipped && fate >= 2);
      const TaskState end = skipped     ? TaskState::kSkipped
                            : fate >= 2 ? TaskState::kCompleted
                                        : TaskState::kFailed;
      ++expected[static_cast<std::size_t>(end)];
    }
    const RunSummary summary = group.Wait();
    EXPECT_EQ(summary.completed, expected[static_cast<std::size_t>(TaskState::kCompleted)]);
    EXPECT_EQ(summary.failed, expected[static_cast<std::size_t>(TaskState::kFailed)]);
    EXPECT_EQ(summary.skipped, expected[static_cast<std::size_t>(TaskState::kSkipped)]);
    EXPECT_LE(holders.most(0), kUnits[0]);
    EXPECT_LE(holders.most(1), kUnits[1]);
    ExpectAllBack(*scheduler);
  }
}

// One that holds both cards until it is told to go, where a worker can be spared for that.
class Holder {
 public:
  explicit Holder(TaskGroup& group) : task_(group.Submit(Needs(2), [this] { gate_.Pass(); })) {
    gate_.AwaitEntered();
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { LetGo(); }
  void LetGo() {
    if (!std::exchange(gone_, true)) gate_.Open();
  }

 private:
  testing::Gate gate_;
  bool gone_ = false;
  Task<> task_;
};

void AwaitWaiting(const TaskScheduler& scheduler, std::int64_t count) {
  while (scheduler.resource_figures("gpu")->waiting != count) std::this_thread::yield();
}

TEST_P(ThreadedResourcesTest, WhoWaitsIsReadyAndHoldsNoWorker) {
  const auto scheduler = Make();
  TaskGroup group(*scheduler);
  Holder holder(group);
  const Task<> waits = group.Submit(Needs(1), [] {});
  AwaitWaiting(*scheduler, 1);
  std::vector<Task<>> others;
  for (int i = 0; i < 100; ++i) others.push_back(group.Submit([] {}));
  for (const Task<>& other : others) EXPECT_TRUE(other.Wait().ok());
  EXPECT_EQ(waits.state(), TaskState::kReady);
  EXPECT_EQ(scheduler->resource_figures("gpu")->in_use, 2);
  EXPECT_THAT(scheduler->WhatWaits().ToString(),
              HasSubstr("is ready, waits for resource 'gpu', of which it needs 1"));
  holder.LetGo();
  EXPECT_EQ(group.Wait().completed, 102);
  ExpectAllBack(*scheduler);
}

TEST_P(OrderedResourcesTest, OldestFirst) {
  const auto scheduler = Make();
  std::mutex mutex;
  std::vector<int> started;
  TaskGroup group(*scheduler);
  Holder holder(group);
  for (int i = 0; i < 50; ++i) {
    group.Submit(Needs(2), [&mutex, &started, i] {
      const std::lock_guard lock(mutex);
      started.push_back(i);
    });
  }
  AwaitWaiting(*scheduler, 50);
  holder.LetGo();
  EXPECT_EQ(group.Wait().completed, 51);
  ASSERT_THAT(started, SizeIs(50));
  EXPECT_TRUE(std::is_sorted(started.begin(), started.end()));
}

TEST_P(ThreadedResourcesTest, WhoIsCancelledWaitsNoLonger) {
  const auto scheduler = Make();
  TaskGroup group(*scheduler);
  Holder holder(group);
  const Task<> waits = group.Submit(Needs(1), [] {});
  const Task<> after = group.Submit([] {}, After(waits));
  AwaitWaiting(*scheduler, 1);
  waits.Cancel();
  EXPECT_EQ(waits.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(after.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(after.state(), TaskState::kSkipped);
  EXPECT_EQ(scheduler->resource_figures("gpu")->waiting, 0);
  holder.LetGo();
  EXPECT_EQ(group.Wait().cancelled, 1);
  ExpectAllBack(*scheduler);
}

TEST_P(ThreadedResourcesTest, WhoseGroupIsCancelledWaitsNoLonger) {
  const auto scheduler = Make();
  TaskGroup holders(*scheduler);
  Holder holder(holders);
  TaskGroup group(*scheduler);
  for (int i = 0; i < 20; ++i) group.Submit(Needs(1 + i % 2), [] {});
  AwaitWaiting(*scheduler, 20);
  group.Cancel(absl::CancelledError("enough"));
  EXPECT_EQ(group.Wait().cancelled, 20);
  holder.LetGo();
  EXPECT_EQ(holders.Wait().completed, 1);
  ExpectAllBack(*scheduler);
}

TEST_P(ThreadedResourcesTest, ADeadlineEndsTheWait) {
  VirtualClock clock;
  const auto scheduler = Make(&clock);
  TaskGroup group(*scheduler);
  Holder holder(group);
  TaskOptions options = Needs(1);
  options.timeout = absl::Seconds(10);
  const Task<> late = group.Submit(options, [] {});
  const Task<> waits = group.Submit(Needs(1), [] {});
  AwaitWaiting(*scheduler, 2);
  clock.Advance(absl::Seconds(11));
  EXPECT_EQ(late.Wait().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(scheduler->resource_figures("gpu")->waiting, 1);
  holder.LetGo();
  EXPECT_TRUE(waits.Wait().ok());
  EXPECT_EQ(group.Wait().failed, 1);
  ExpectAllBack(*scheduler);
}

TEST_P(ResourcesTest, ParkedOnesHoldNothing) {
  VirtualClock clock;
  const auto scheduler = Make(&clock);
  TaskGroup group(*scheduler);
  TaskOptions options = Needs(2);
  options.retry = {.max_attempts = 2, .base = absl::Seconds(10)};
  absl::Notification failed;
  const Task<> twice = group.Submit(options, [&failed](TaskContext& context) {
    if (context.attempt() == 2) return absl::OkStatus();
    failed.Notify();
    return absl::UnavailableError("not yet");
  });
  if (has_threads()) failed.WaitForNotification();
  const Task<> other = group.Submit(Needs(2), [] {});
  EXPECT_TRUE(other.Wait().ok());
  if (GetParam() >= 0) clock.Advance(absl::Minutes(1));
  EXPECT_TRUE(twice.Wait().ok());
  EXPECT_EQ(twice.result().attempts, 2);
  EXPECT_TRUE(group.Wait().ok());
  ExpectAllBack(*scheduler);
}

TEST_P(ResourcesTest, ABodyWaitsForTasksThatNeedWhatIsFree) {
  const auto scheduler = Make();
  TaskGroup group(*scheduler);
  for (int i = 0; i < 20; ++i) {
    group.Submit(Needs(1), [&group]() -> absl::Status {
      const Task<> inner = group.Submit(Needs(0, 2), [] {});
      const Task<> innermost = group.Submit(
          Needs(0, 3), [] {}, After(inner));
      return innermost.Wait();
    });
  }
  EXPECT_EQ(group.Wait().completed, 60);
  ExpectAllBack(*scheduler);
}

TEST_P(ResourcesTest, WhatCannotBeGrantedIsRefused) {
  const auto scheduler = Make();
  const auto refused = [&](std::vector<ResourceNeed> needs, std::int64_t bytes = 0) {
    TaskOptions options;
    options.resources = std::move(needs);
    options.memory_bytes = bytes;
    return scheduler->Submit(options, [] {}).Wait();
  };
  EXPECT_EQ(refused({{.name = "tpu"}}).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(refused({{.name = "tpu"}}).message(), AllOf(HasSubstr("'tpu'"), HasSubstr("'gpu'")));
  EXPECT_EQ(refused({{.name = "gpu", .units = 3}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused({{.name = "gpu", .units = 2}, {.name = "gpu"}}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused({{.name = "gpu", .units = 0}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused({}, -1).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(refused({{.name = "gpu"}, {.name = "gpu"}}).ok());
  EXPECT_EQ(scheduler->resource_figures("tpu").status().code(), absl::StatusCode::kNotFound);
  ExpectAllBack(*scheduler);
}

TEST(ResourceOptionsTest, LimitsAreChecked) {
  const auto create = [](std::vector<ResourceLimit> limits) {
    SchedulerOptions options;
    options.resources = std::move(limits);
    return TaskScheduler::Create(std::move(options)).status();
  };
  EXPECT_EQ(create({{.name = ""}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(create({{.name = "a", .units = 0}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(create({{.name = "a"}, {.name = "a"}}).code(), absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace weft
