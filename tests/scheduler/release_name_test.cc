// SPDX-License-Identifier: Apache-2.0
//
// Names that are given back, and given again.

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

class ReleaseNameTest : public testing::EngineTest {
 protected:
  absl::StatusOr<Task<>> Add(TaskGroup& group, std::string id, std::vector<TaskRef> after = {}) {
    return group.Schedule(
        {.id = std::move(id), .function = [] {}, .dependencies = std::move(after)});
  }
};
WEFT_ON_ALL_ENGINES(ReleaseNameTest);

TEST_P(ReleaseNameTest, TheNameIsFreeAndTheHandleStaysGood) {
  TaskGroup group(*scheduler_);
  const auto first = *Add(group, "a");
  group.Wait();
  EXPECT_TRUE(group.Release("a").ok());
  EXPECT_TRUE(absl::IsNotFound(group.Find("a").status()));
  EXPECT_TRUE(absl::IsNotFound(group.Release("a")));
  EXPECT_EQ(first.state(), TaskState::kCompleted);
  EXPECT_EQ(first.result().name, "a");
  const auto second = Add(group, "a");
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(*second, first);
  EXPECT_EQ(*group.Find("a"), *second);
  EXPECT_TRUE(second->Wait().ok());
  EXPECT_EQ(group.Wait().completed, 2);
}

TEST_P(ReleaseNameTest, ATaskThatHasNotEndedKeepsItsName) {
  TaskGroup group(*scheduler_);
  const auto task = *Add(group, "a", {"ghost"});
  const absl::Status refused = group.Release("a");
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("'a'"));
  EXPECT_EQ(*group.Find("a"), task);
  ASSERT_TRUE(Add(group, "ghost").ok());
  EXPECT_TRUE(task.Wait().ok());
  EXPECT_TRUE(group.Release("a").ok());
}

TEST_P(ReleaseNameTest, ARunningTaskKeepsItsName) {
  TaskGroup group(*scheduler_);
  absl::Status inside;
  const auto task = group.Schedule({.id = "a", .function = [&] { inside = group.Release("a"); }});
  EXPECT_TRUE(task->Wait().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(inside)) << inside;
  EXPECT_TRUE(group.Release("a").ok());
}

TEST_P(ReleaseNameTest, NamesWithoutATaskAreNotFound) {
  TaskGroup group(*scheduler_);
  const auto task = *Add(group, "a", {"ghost"});
  for (const char* name : {"ghost", "nobody", ""}) {
    EXPECT_TRUE(absl::IsNotFound(group.Release(name))) << name;
  }
  EXPECT_EQ(group.Wait().unresolved.size(), 1u);  // it is still waited for
  ASSERT_TRUE(Add(group, "ghost").ok());
  EXPECT_TRUE(task.Wait().ok());
}

TEST_P(ReleaseNameTest, HoweverTheTaskEnded) {
  TaskGroup group(*scheduler_);
  ASSERT_TRUE(
      group.Schedule({.id = "failed", .function = [] { return absl::AbortedError("x"); }}).ok());
  ASSERT_TRUE(Add(group, "skipped", {"failed"}).ok());
  const auto cancelled = *Add(group, "cancelled", {"ghost"});
  cancelled.Cancel();
  group.Wait();
  for (const char* name : {"failed", "skipped", "cancelled"}) {
    EXPECT_TRUE(group.Release(name).ok()) << name;
    EXPECT_TRUE(Add(group, name).ok()) << name;
  }
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 3);
  EXPECT_EQ(summary.submitted, 6);
  EXPECT_EQ(summary.failures[0].name, "failed");
}

TEST_P(ReleaseNameTest, AReleasedNameThatIsMentionedHasNoTaskAgain) {
  TaskGroup group(*scheduler_);
  ASSERT_TRUE(Add(group, "a").ok());
  group.Wait();
  ASSERT_TRUE(group.Release("a").ok());
  const auto waits = *Add(group, "b", {"a"});
  EXPECT_EQ(group.Wait().pending, 1);
  EXPECT_EQ(waits.state(), TaskState::kPending);
  ASSERT_TRUE(Add(group, "a").ok());
  EXPECT_TRUE(waits.Wait().ok());
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ReleaseNameTest, NamesBelongToTheirGroup) {
  TaskGroup group(*scheduler_);
  TaskGroup other(*scheduler_);
  ASSERT_TRUE(Add(group, "a").ok());
  ASSERT_TRUE(Add(other, "a").ok());
  group.Wait();
  other.Wait();
  EXPECT_TRUE(group.Release("a").ok());
  EXPECT_TRUE(other.Find("a").ok());
  EXPECT_TRUE(absl::IsNotFound(group.Find("a").status()));
}

TEST_P(ReleaseNameTest, ASealedGroupReleasesNames) {
  TaskGroup group(*scheduler_);
  ASSERT_TRUE(Add(group, "a").ok());
  ASSERT_TRUE(Add(group, "b", {"ghost"}).ok());
  group.Wait();
  group.Seal();
  EXPECT_TRUE(group.Release("a").ok());
  EXPECT_TRUE(group.Release("b").ok());
  group.Release("ghost").IgnoreError();
  EXPECT_TRUE(absl::IsFailedPrecondition(Add(group, "a").status()));
}

TEST_P(ReleaseNameTest, OneNameForAStreamOfTasks) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  constexpr int kTasks = 5000;
  for (int i = 0; i < kTasks; ++i) {
    const auto task = group.Schedule({.id = "again", .function = [&] { ++ran; }});
    ASSERT_TRUE(task.ok()) << i << task.status();
    ASSERT_TRUE(task->Wait().ok());
    ASSERT_TRUE(group.Release("again").ok()) << i;
  }
  EXPECT_EQ(ran, kTasks);
  EXPECT_EQ(group.Wait().completed, kTasks);
}

// Releases race with ends, look-ups and the next owner of the name.
TEST_P(ReleaseNameTest, ThreadsReleaseWhileTasksEnd) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  std::atomic<bool> stop{false};
  std::atomic<int> released{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        if (group.Release("shared").ok()) ++released;
        if (const auto found = group.Find("shared"); found.ok()) found->state();
      }
    });
  }
  int accepted = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto task = group.Schedule({.id = "shared", .function = [&] { ++ran; }});
    if (!task.ok()) {
      ASSERT_TRUE(absl::IsAlreadyExists(task.status())) << task.status();
      continue;
    }
    ++accepted;
    ASSERT_TRUE(task->Wait().ok());
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(group.Wait().completed, accepted);
  EXPECT_EQ(ran, accepted);
  EXPECT_LE(released, accepted);
  EXPECT_GE(released, accepted - 1);
}

}  // namespace
}  // namespace weft
