// SPDX-License-Identifier: Apache-2.0
//
// Tasks that wait for names, to which a task is given later, or never.

#ifndef WEFT_TESTS_TESTING_NAMES_H_
#define WEFT_TESTS_TESTING_NAMES_H_

#include <string>

#include "gtest/gtest.h"

#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {

// A task that waits for `name`, to which nobody has given a task yet.
inline Task<> OnName(TaskGroup& group, const std::string& id, const std::string& name) {
  return *group.Schedule({.id = id, .function = [] {}, .dependencies = {name}});
}

// Gives it one, which lets those who wait for it go.
inline void Give(TaskGroup& group, const std::string& name) {
  ASSERT_TRUE(group.Schedule({.id = name, .function = [] {}}).ok());
}

}  // namespace weft::testing

#endif  // WEFT_TESTS_TESTING_NAMES_H_
