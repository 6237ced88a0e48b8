// SPDX-License-Identifier: Apache-2.0
//
// What is refused leaves no trace, and says what was refused and why.

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class RefusedTest : public testing::EngineTest {
 protected:
  static Task<> OnName(TaskGroup& group, const std::string& id, const std::string& name) {
    return *group.Schedule({.id = id, .function = [] {}, .dependencies = {TaskRef(name)}});
  }
};
WEFT_ON_ALL_ENGINES(RefusedTest);

TEST_P(RefusedTest, AnEdgeThatClosesACycleNamesItAndThePath) {
  TaskGroup group(*scheduler_);
  const Task<> a = OnName(group, "a", "open");
  const Task<> b = *group.Schedule({.id = "b", .function = [] {}, .dependencies = {a}});
  const Task<> c = *group.Schedule({.id = "c", .function = [] {}, .dependencies = {b}});
  EXPECT_EQ(a.AddDependency(c).message(),
            "a cannot wait for c: circular dependency: a -> c -> b -> a");
  EXPECT_EQ(a.AddDependency(a).message(), "a cannot wait for a: circular dependency: a -> a");
  ASSERT_TRUE(group.Schedule({.id = "open", .function = [] {}}).ok());
  EXPECT_EQ(group.Wait().completed, 4);
}

TEST_P(RefusedTest, AContinuationThatClosesACycleNamesItAndThePath) {
  TaskGroup group(*scheduler_);
  Task<> behind;
  absl::Status continued;
  const Task<> grows = *group.Schedule(
      {.id = "grows",
       .function = [&](TaskContext& context) { continued = context.Continue(behind); },
       .dependencies = {TaskRef("open")}});
  behind = *group.Schedule({.id = "behind", .function = [] {}, .dependencies = {grows}});
  ASSERT_TRUE(group.Schedule({.id = "open", .function = [] {}}).ok());
  EXPECT_EQ(group.Wait().completed, 3);
  EXPECT_EQ(continued.message(),
            "grows cannot continue as behind: circular dependency: grows -> behind -> grows");
}

TEST_P(RefusedTest, AScheduleLeavesTheGroupsClockAlone) {
  VirtualClock clock;
  const auto timed = testing::MakeTimedScheduler(GetParam(), clock);
  TaskGroup group(*timed);
  const auto refuse = [&group] {
    EXPECT_FALSE(group.Schedule({.id = "no function"}).ok());
    EXPECT_FALSE(group.Submit([](const int&) {}, Task<int>()).Get().ok());
  };
  refuse();
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(group.Wait().elapsed, absl::ZeroDuration());
  group.Submit([&clock] { clock.Advance(absl::Seconds(2)); });
  EXPECT_EQ(group.Wait().elapsed, absl::Seconds(2));
  clock.Advance(absl::Seconds(7));
  refuse();
  EXPECT_EQ(group.Wait().elapsed, absl::Seconds(2));
}

}  // namespace
}  // namespace weft
