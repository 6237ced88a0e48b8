// SPDX-License-Identifier: Apache-2.0
//
// Runs something in a forked child of the test.

#ifndef WEFT_TESTS_FAULTS_IN_CHILD_H_
#define WEFT_TESTS_FAULTS_IN_CHILD_H_

#include <functional>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace weft::testing {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
inline constexpr bool kThreadSanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool kThreadSanitizer = false;
#endif

// Runs `child` in a child, which a hang does not outlive. What it returned.
inline int InChild(const std::function<int()>& child) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(30);
    _exit(child());
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace weft::testing

// The child's code: 0, or the line of the first expectation that does not hold.
#define CHILD_EXPECT(condition) \
  if (!(condition)) return __LINE__ % 250 + 1

#endif  // WEFT_TESTS_FAULTS_IN_CHILD_H_
