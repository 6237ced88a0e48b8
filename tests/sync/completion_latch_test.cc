// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/completion_latch.h"

#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(CompletionLatchTest, NothingUnderWayMeansNoWait) {
  const CompletionLatch latch;
  latch.Wait();
  EXPECT_TRUE(latch.WaitFor(absl::ZeroDuration()));
}

TEST(CompletionLatchTest, WaitForGivesUpWhileSomethingIsUnderWay) {
  CompletionLatch latch;
  latch.Begin(2);
  latch.Finish();
  EXPECT_EQ(latch.under_way(), 1);
  EXPECT_FALSE(latch.WaitFor(absl::ZeroDuration()));
  latch.Finish();
  EXPECT_TRUE(latch.WaitFor(absl::ZeroDuration()));
}

TEST(CompletionLatchTest, MayRiseAgain) {
  CompletionLatch latch;
  for (int round = 0; round < 3; ++round) {
    latch.Begin();
    EXPECT_FALSE(latch.WaitFor(absl::ZeroDuration()));
    latch.Finish();
    latch.Wait();
  }
}

TEST(CompletionLatchTest, WhatWasDoneBeforeFinishIsVisibleAfterWait) {
  for (int round = 0; round < 200; ++round) {
    CompletionLatch latch;
    std::vector<int> values(4, 0);
    std::vector<std::thread> threads;
    latch.Begin(4);
    for (std::size_t i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        values[i] = 1;
        latch.Finish();
      });
    }
    latch.Wait();
    for (int value : values) EXPECT_EQ(value, 1);
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace weft
