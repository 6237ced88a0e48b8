// SPDX-License-Identifier: Apache-2.0
//
// Bodies that hold resources and wait for tasks: what can end does, what cannot is refused.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TaskOptions Gpus(std::int64_t units) {
  TaskOptions options;
  options.resources.push_back({.name = "gpu", .units = units});
  return options;
}

class ResourceWaitsTest : public ::testing::TestWithParam<int> {
 protected:
  static std::unique_ptr<TaskScheduler> Make() {
    SchedulerOptions options;
    options.resources = {{.name = "gpu", .units = 2}};
    return testing::MakeScheduler(GetParam(), std::move(options));
  }
  static void ExpectRefused(const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("would never end"), HasSubstr("'gpu'")));
  }

  std::unique_ptr<TaskScheduler> scheduler_ = Make();
};
WEFT_ON_ALL_ENGINES(ResourceWaitsTest);

TEST_P(ResourceWaitsTest, HoldingWhatTheTargetNeeds) {
  TaskGroup group(*scheduler_);
  const Task<> outer = group.Submit(
      Gpus(2), [&group]() -> absl::Status { return group.Submit(Gpus(1), [] {}).Wait(); });
  EXPECT_EQ(group.Wait().completed, 1);
  ExpectRefused(outer.Wait());
}

TEST_P(ResourceWaitsTest, HoldingWhatSomethingBeforeTheTargetNeeds) {
  TaskGroup group(*scheduler_);
  const Task<> outer = group.Submit(Gpus(1), [&group]() -> absl::Status {
    const Task<> first = group.Submit([] {});
    const Task<> second = group.Submit(
        Gpus(2), [] {}, After(first));
    const Task<> third = group.Submit([] {}, After(second));
    return third.Wait();
  });
  EXPECT_EQ(group.Wait().completed, 3);
  ExpectRefused(outer.Wait());
}

TEST_P(ResourceWaitsTest, ABodyBelowHoldsIt) {
  TaskGroup group(*scheduler_);
  const Task<> outer = group.Submit(Gpus(2), [&group]() -> absl::Status {
    const Task<> middle =
        group.Submit([&group]() -> absl::Status { return group.Submit(Gpus(1), [] {}).Wait(); });
    const absl::Status waited = middle.Wait();
    ExpectRefused(waited);
    return absl::OkStatus();
  });
  EXPECT_TRUE(outer.Wait().ok());
  EXPECT_LE(group.Wait().failed, 1);  // it is enough that one of the two is refused
}

TEST_P(ResourceWaitsTest, WhatIsLeftIsEnough) {
  TaskGroup group(*scheduler_);
  for (int i = 0; i < 50; ++i) {
    group.Submit(Gpus(1), [&group]() -> absl::Status {
      const Task<> first = group.Submit([] {});
      return group.Submit([] {}, After(first)).Wait();
    });
  }
  EXPECT_EQ(group.Wait().completed, 150);
}

// Each alone would leave enough for the other's target.
TEST_P(ResourceWaitsTest, TwoBodiesTogetherHoldAll) {
  const bool both = GetParam() % testing::kPool >= 2;
  absl::Barrier* const barrier = both ? new absl::Barrier(2) : nullptr;
  TaskGroup group(*scheduler_);
  std::vector<Task<>> bodies;
  for (int i = 0; i < 2; ++i) {
    bodies.push_back(group.Submit(Gpus(1), [&group, barrier]() -> absl::Status {
      if (barrier != nullptr && barrier->Block()) delete barrier;
      return group.Submit(Gpus(1), [] {}).Wait();
    }));
  }
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed + summary.failed, 4);
  EXPECT_LE(summary.failed, 1);
  EXPECT_GE(summary.failed, both ? 1 : 0);
  for (const Task<>& body : bodies) {
    if (!body.Wait().ok()) ExpectRefused(body.Wait());
  }
  EXPECT_EQ(scheduler_->resource_figures("gpu")->in_use, 0);
}

TEST_P(ResourceWaitsTest, WhatComesLaterNeedsIt) {
  TaskGroup group(*scheduler_);
  TaskGroup inner(*scheduler_);
  const Task<> outer = group.Submit(Gpus(2), [&inner]() -> absl::Status {
    inner.Submit([&inner] { inner.Submit(Gpus(1), [] {}); });
    return inner.Wait().status;
  });
  ExpectRefused(outer.Wait());
  EXPECT_EQ(inner.Wait().completed, 2);
}

TEST_P(ResourceWaitsTest, WhatWasCancelledIsNotInTheWay) {
  TaskGroup inner(*scheduler_);
  const Task<> outer = scheduler_->Submit(Gpus(2), [&inner]() -> absl::Status {
    inner.Submit(Gpus(1), [] {});
    inner.Cancel(absl::CancelledError("enough"));
    return inner.Wait().status;
  });
  EXPECT_EQ(outer.Wait(), absl::CancelledError("enough"));
  EXPECT_EQ(inner.Wait().cancelled, 1);
}

class LateResourceWaitsTest : public ResourceWaitsTest {
 protected:
  // A body that holds both and waits for `group`, and a task that waits for them.
  void Hold(TaskGroup& group) {
    holder_ = scheduler_->Submit(Gpus(2), [this, &group]() -> absl::Status {
      holds_.Notify();
      return group.Wait().status;
    });
    holds_.WaitForNotification();
    stuck_ = scheduler_->Submit(Gpus(1), [] {});
    while (scheduler_->resource_figures("gpu")->waiting == 0) std::this_thread::yield();
  }

  absl::Notification holds_;
  Task<> holder_;
  Task<> stuck_;
};
INSTANTIATE_TEST_SUITE_P(Engines, LateResourceWaitsTest,
                         ::testing::Values(2, 8, testing::kPool + 2), testing::EngineName);

TEST_P(LateResourceWaitsTest, ALateEdgeLeadsToIt) {
  absl::Notification open;
  TaskGroup group(*scheduler_);
  const Task<> gate = scheduler_->Submit([&open] { open.WaitForNotification(); });
  const Task<> last = group.Submit([] {}, After(gate));
  Hold(group);
  EXPECT_TRUE(last.AddDependency(stuck_).ok());
  ExpectRefused(holder_.Wait());
  open.Notify();
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(LateResourceWaitsTest, ALaterTaskLeadsToIt) {
  absl::Notification open;
  TaskGroup group(*scheduler_);
  group.Submit([&open] { open.WaitForNotification(); });
  Hold(group);
  group.Submit([] {}, After(stuck_));
  ExpectRefused(holder_.Wait());
  open.Notify();
  EXPECT_TRUE(group.Wait().ok());
}

// What runs when this goes, once.
class AtEnd {
 public:
  explicit AtEnd(std::function<void()> run) : run_(std::move(run)) {}
  AtEnd(AtEnd&& other) noexcept : run_(std::exchange(other.run_, nullptr)) {}
  AtEnd& operator=(AtEnd&&) = delete;
  ~AtEnd() {
    if (run_ != nullptr) run_();
  }

 private:
  std::function<void()> run_;
};

// The value of a task that the body has run goes, and its destructor waits, too.
TEST_P(LateResourceWaitsTest, AWaitInsideAWaitOfOneBody) {
  TaskGroup group(*scheduler_);
  TaskGroup other(*scheduler_);
  const Task<> outer = scheduler_->Submit(Gpus(1), [&]() -> absl::Status {
    other.Submit(Gpus(2), [] {});  // stuck behind this body while that waits
    while (scheduler_->resource_figures("gpu")->waiting == 0) std::this_thread::yield();
    group.Detach([&] {
      return AtEnd([&] {
        EXPECT_TRUE(other.Submit([] {}).Wait().ok());
        group.Submit(Gpus(1), [] {});
      });
    });
    return group.Wait().status;
  });
  EXPECT_TRUE(outer.Wait().ok()) << outer.Wait();
  EXPECT_EQ(other.Wait().completed, 2);
}

TEST_P(ResourceWaitsTest, AGraphWhoseNodeWaitsForIt) {
  TaskGroup group(*scheduler_);
  TaskGraph graph;
  absl::Status waited;
  graph.Add([&group, &waited] { waited = group.Submit(Gpus(1), [] {}).Wait(); });
  const Task<> outer = group.Submit(
      Gpus(2), [this, &graph]() -> absl::Status { return scheduler_->Run(graph).status; });
  EXPECT_TRUE(outer.Wait().ok());
  ExpectRefused(waited);
  EXPECT_EQ(group.Wait().completed, 2);
}

TEST_P(ResourceWaitsTest, ADestructorOfAGroupCancelsWhoWaitsForIt) {
  const Task<> outer = scheduler_->Submit(Gpus(2), [this]() -> absl::Status {
    TaskGroup inner(*scheduler_);
    for (int i = 0; i < 10; ++i) inner.Submit(Gpus(1), [] {});
    return absl::OkStatus();
  });
  EXPECT_TRUE(outer.Wait().ok());
  EXPECT_EQ(scheduler_->resource_figures("gpu")->waiting, 0);
}

}  // namespace
}  // namespace weft
