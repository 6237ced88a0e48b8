// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/spare_threads.h"

#include <cstddef>
#include <filesystem>
#include <iterator>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace weft::internal {
namespace {

std::ptrdiff_t ThreadsOfProcess() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return std::distance(begin(threads), end(threads));
}

TEST(SpareThreadsTest, IdleThreadsAreUsedAgain) {
  constexpr int kJobs = 200;
  const std::ptrdiff_t before = ThreadsOfProcess();
  SpareThreads threads;
  for (int i = 0; i < kJobs; ++i) {
    absl::Notification done;
    ASSERT_TRUE(threads.Run([&done] { done.Notify(); }));
    done.WaitForNotification();
  }
  // A thread counts as idle some moments after its job has told us: so not just one.
  EXPECT_LT(ThreadsOfProcess() - before, kJobs / 2);
}

}  // namespace
}  // namespace weft::internal
