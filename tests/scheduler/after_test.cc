// SPDX-License-Identifier: Apache-2.0
//
// The forms in which a dependency that gives order alone can be named.

#include <atomic>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class AfterTest : public testing::EngineTest {
 protected:
  Task<> Count() {
    return group_.Submit([this] { ++ran_; });
  }
  // Reads how many have run.
  auto Reader() {
    return [this] { return ran_.load(); };
  }

  std::atomic<int> ran_{0};
  TaskGroup group_{*scheduler_};
};

TEST_P(AfterTest, HandlesWithNamesAndWithout) {
  const Task<> first = Count();
  const AnyTask second = Count();
  AnyTask third = Count();
  EXPECT_EQ(*group_.Submit(Reader(), After(first, second, Count(), std::move(third))).Get(), 4);
  EXPECT_FALSE(third.valid());
}

TEST_P(AfterTest, Ranges) {
  const std::vector<Task<>> typed{Count(), Count()};
  const std::vector<AnyTask> any{Count(), typed[0]};
  EXPECT_EQ(*group_.Submit(Reader(), After(typed), After(any)).Get(), 3);
}

TEST_P(AfterTest, PointersIntoAListOfHandles) {
  std::vector<AnyTask> all;
  for (int i = 0; i < 100; ++i) {
    std::vector<const AnyTask*> before;
    for (int k = i / 2; k < i; ++k) before.push_back(&all[static_cast<std::size_t>(k)]);
    all.push_back(group_.Submit(
        [this, i] {
          return ran_++ == i ? absl::OkStatus() : absl::InternalError("not in this order");
        },
        After(std::span(before))));
  }
  EXPECT_TRUE(all.back().Wait().ok());
  EXPECT_EQ(group_.Wait().failed, 0);
  EXPECT_EQ(ran_, 100);
}

TEST_P(AfterTest, EmptyHandlesAreRefusedInEveryForm) {
  const AnyTask empty;
  const std::vector<const AnyTask*> pointers{&empty};
  const std::vector<const AnyTask*> null{nullptr};
  for (const absl::Status& status :
       {group_.Submit([] {}, After(empty)).Get(), group_.Submit([] {}, After(AnyTask())).Get(),
        group_.Submit([] {}, After(std::span(pointers))).Get(),
        group_.Submit([] {}, After(std::span(null))).Get()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  }
}

// With one dependent a task keeps it in its own cell, with two as well; the third moves all
// of them.
TEST_P(AfterTest, AnyNumberOfDependents) {
  for (int dependents = 0; dependents <= 40; ++dependents) {
    testing::Gate gate;
    ran_ = 0;
    const Task<> first = !has_threads() ? Count() : group_.Submit([&] { gate.Pass(); });
    for (int i = 0; i < dependents; ++i) group_.Detach([this] { ++ran_; }, After(first));
    if (has_threads()) {
      EXPECT_EQ(ran_, 0);
      gate.AwaitEntered();
      gate.Open();
    }
    EXPECT_TRUE(group_.Wait().status.ok());
    EXPECT_EQ(ran_, dependents + (!has_threads() ? 1 : 0));
  }
}

WEFT_ON_ALL_ENGINES(AfterTest);

}  // namespace
}  // namespace weft
