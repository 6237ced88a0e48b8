// SPDX-License-Identifier: Apache-2.0
//
// oneTBB gives fewer threads than asked for, because of what its host does: threads of ours
// come instead. The bodies meet, so that each case ends only when all its workers are there.

#include <atomic>
#include <latch>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/parallel_for.h"
#include "oneapi/tbb/partitioner.h"
#include "oneapi/tbb/task_arena.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

constexpr int kWorkers = 4;

void SubmitBodiesThatMeet(TaskScheduler& scheduler, std::latch& together) {
  for (int i = 0; i < kWorkers; ++i) {
    scheduler.Submit([&together] { together.arrive_and_wait(); });
  }
}

TEST(LatePumpTest, TheHostAllowsOneThread) {
  const tbb::global_control host(tbb::global_control::max_allowed_parallelism, 1);
  const auto scheduler = testing::MakeScheduler(kWorkers);
  for (int round = 0; round < 2; ++round) {
    std::latch together(kWorkers);
    SubmitBodiesThatMeet(*scheduler, together);
    EXPECT_TRUE(scheduler->WaitAll().ok());
  }
  // oneTBB has one thread for all, and that much patience is for certain.
  EXPECT_GE(scheduler->late_pumps(), kWorkers - 1);
}

// What oneTBB was asked for comes when the scheduler has gone.
TEST(LatePumpTest, ThreadsThatComeTooLateFindNothing) {
  for (int round = 0; round < 3; ++round) {
    const tbb::global_control host(tbb::global_control::max_allowed_parallelism, 1);
    const auto scheduler = testing::MakeScheduler(kWorkers);
    std::latch together(kWorkers);
    SubmitBodiesThatMeet(*scheduler, together);
    EXPECT_TRUE(scheduler->WaitAll().ok());
  }
  const auto scheduler = testing::MakeScheduler(kWorkers);
  std::latch together(kWorkers);
  SubmitBodiesThatMeet(*scheduler, together);
  EXPECT_TRUE(scheduler->WaitAll().ok());
}

TEST(LatePumpTest, TheHostKeepsTheThreadsBusy) {
  const auto scheduler = testing::MakeScheduler(kWorkers);
  absl::Notification release;
  std::latch entered(kWorkers);  // as many as the grants of the process are for
  std::atomic<int> inside{0};
  std::latch left(2 * kWorkers);
  tbb::task_arena arena(2 * kWorkers);
  for (int i = 0; i < 2 * kWorkers; ++i) {
    arena.enqueue([&] {
      if (inside++ < kWorkers) entered.count_down();
      release.WaitForNotification();
      left.count_down();
    });
  }
  entered.wait();
  std::latch together(kWorkers);
  SubmitBodiesThatMeet(*scheduler, together);
  EXPECT_TRUE(scheduler->WaitAll().ok());
  RecordProperty("late_pumps", static_cast<int>(scheduler->late_pumps()));
  release.Notify();
  left.wait();
}

// The workers of the arena help a body with its loop, and wait there for a task for which
// there is no worker left.
TEST(LatePumpTest, ALoopOfABodyKeepsTheThreadsBusy) {
  for (const int workers : {2, kWorkers}) {
    const auto scheduler = testing::MakeScheduler(workers);
    absl::Notification done;
    std::atomic<int> iterations{0};
    std::latch begun(1);
    scheduler->Submit([&] {
      tbb::parallel_for(
          0, 4 * workers,
          [&](int i) {
            if (i == 0) begun.count_down();
            done.WaitForNotification();
            ++iterations;
          },
          tbb::simple_partitioner());
    });
    begun.wait();
    scheduler->Submit([&] { done.Notify(); });
    EXPECT_TRUE(scheduler->WaitAll().ok());
    EXPECT_EQ(iterations, 4 * workers);
    RecordProperty("late_pumps", static_cast<int>(scheduler->late_pumps()));
  }
}

}  // namespace
}  // namespace weft
