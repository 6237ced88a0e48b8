// SPDX-License-Identifier: Apache-2.0

#include "weft/core/task_state.h"

#include <string>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(TaskStateTest, ChangesAreThoseOfThePicture) {
  // Rows: from; columns: to, both in the order of the enum. P R r p C F X S
  const std::string expected[kTaskStateCount] = {
      ".R...FXS",  // pending
      "..r..FX.",  // ready
      "...pCFX.",  // running
      ".R...FX.",  // parked
      "........", "........", "........", "........",
  };
  for (int from = 0; from < kTaskStateCount; ++from) {
    for (int to = 0; to < kTaskStateCount; ++to) {
      const bool allowed =
          IsAllowedChange(static_cast<TaskState>(from), static_cast<TaskState>(to));
      EXPECT_EQ(allowed, expected[from][static_cast<std::size_t>(to)] != '.')
          << TaskStateName(static_cast<TaskState>(from)) << " -> "
          << TaskStateName(static_cast<TaskState>(to));
    }
  }
}

TEST(TaskStateTest, TerminalStatesAreTheLastFour) {
  EXPECT_FALSE(IsTerminal(TaskState::kParked));
  EXPECT_TRUE(IsTerminal(TaskState::kCompleted));
  EXPECT_TRUE(IsTerminal(TaskState::kSkipped));
  EXPECT_EQ(TaskStateName(TaskState::kSkipped), "skipped");
}

}  // namespace
}  // namespace weft
