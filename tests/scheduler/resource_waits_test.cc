// SPDX-License-Identifier: Apache-2.0
//
// Bodies that hold resources and wait for tasks: what can end does, what cannot is refused.

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/barrier.h"
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
