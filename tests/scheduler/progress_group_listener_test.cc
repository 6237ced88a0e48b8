// SPDX-License-Identifier: Apache-2.0
//
// What a listener may do to the group that it hears of.

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "scheduler/counted.h"
#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::Counted;
using testing::OnGhost;
using testing::WholeOf;

constexpr auto Whole = &Counted::Whole;

class ProgressGroupListenerTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(ProgressGroupListenerTest);

TEST_P(ProgressGroupListenerTest, AListenerMaySubmit) {
  std::optional<TaskGroup> group;
  std::atomic<int> submitted{0};
  Counted counted([&] {
    if (submitted++ >= 200) return;
    const Task<> task = group->Submit([] {});
    group->Submit([] {}, task);
    group->Schedule({.id = std::to_string(submitted), .function = [] {}}).status().IgnoreError();
  });
  group.emplace(*scheduler_, GroupOptions{.progress = &counted.tracker});
  for (int i = 0; i < 100; ++i) group->Submit([] {});
  const RunSummary summary = group->Wait();
  EXPECT_EQ(counted.whole(), WholeOf(summary));
  EXPECT_GT(summary.completed, 100);
  EXPECT_EQ(counted.tracker.listener_failures(), 0);
  group.reset();
}

// It is called for a task that is not in yet: nothing could make room before that.
TEST_P(ProgressGroupListenerTest, AListenerNeverWaitsForRoom) {
  std::optional<TaskGroup> group;
  std::atomic<int> submitted{0};
  Counted counted([&] {
    if (submitted++ < 20) group->Submit([] {});
  });
  group.emplace(*scheduler_, GroupOptions{.max_pending_tasks = 1, .progress = &counted.tracker});
  for (int i = 0; i < 100; ++i) group->Submit([] {});
  const RunSummary ended = group->Wait();
  EXPECT_EQ(counted.whole(), WholeOf(ended));
  EXPECT_EQ(counted.whole().completed, 120);
  group.reset();
}

TEST_P(ProgressGroupListenerTest, AListenerMayCancelTheGroup) {
  for (const int after : {1, 2, 17, 200}) {
    std::optional<TaskGroup> group;
    std::atomic<int> calls{0};
    Counted counted([&] {
      if (++calls == after) group->Cancel(absl::CancelledError("enough"));
    });
    group.emplace(*scheduler_, GroupOptions{.progress = &counted.tracker});
    for (int i = 0; i < 50; ++i) {
      const auto first = group->Submit([] {});
      const auto second = group->Submit([] {}, first);
      group->Submit([] { return absl::AbortedError("no"); }, OnGhost(*group, std::to_string(i)),
                    second);
      if (group->token().cancelled()) break;
    }
    group->Seal();
    const RunSummary ended = group->Wait();
    EXPECT_EQ(counted.whole(), WholeOf(ended)) << after;
    group.reset();
  }
}

TEST_P(ProgressGroupListenerTest, AListenerThatThrowsDoesNoHarm) {
  Counted counted([] { throw std::runtime_error("no"); });
  TaskGroup group(*scheduler_, {.progress = &counted.tracker});
  for (int i = 0; i < 100; ++i) group.Submit([] {});
  EXPECT_EQ(group.Wait().completed, 100);
  EXPECT_EQ(counted.whole(), Whole(100, 0, 100));
  EXPECT_GT(counted.tracker.listener_failures(), 0);
}

// Under the lock on names nobody could look for one.
TEST_P(ProgressGroupListenerTest, AListenerIsCalledUnderNoLock) {
  std::optional<TaskGroup> group;
  std::atomic<int> found{0};
  Counted counted([&] {
    if (group->Find("a").ok()) ++found;
    scheduler_->WhatWaits();
  });
  group.emplace(*scheduler_, GroupOptions{.progress = &counted.tracker});
  std::vector<TaskDefinition> batch;
  batch.push_back({.id = "b", .function = [] {}, .dependencies = {"a"}});
  batch.push_back({.id = "a", .function = [] {}, .dependencies = {"ghost"}});
  ASSERT_TRUE(group->ScheduleBatch(std::move(batch)).ok());
  EXPECT_GE(found, 1);
  group->Cancel(absl::CancelledError("enough"));
  group->Wait();
  EXPECT_EQ(counted.whole(), Whole(0, 2, 2));
  group.reset();
}

}  // namespace
}  // namespace weft
