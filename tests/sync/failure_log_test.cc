// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/failure_log.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(FailureLogTest, KeepsTheFirstAndCountsAll) {
  FailureLog log(2);
  for (int i = 0; i < 5; ++i) {
    log.Record({.id = {}, .name = std::to_string(i), .status = absl::UnknownError("x")});
  }
  EXPECT_EQ(log.count(), 5);
  ASSERT_EQ(log.kept().size(), 2u);
  EXPECT_EQ(log.kept()[0].name, "0");
  EXPECT_EQ(log.kept()[1].name, "1");
}

TEST(FailureLogTest, NoRecordIsLostBetweenThreads) {
  FailureLog log;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        log.Record({.id = {}, .name = "", .status = absl::UnknownError("x")});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log.count(), 4000);
  EXPECT_EQ(log.kept().size(), FailureLog::kDefaultKeptLimit);
}

}  // namespace
}  // namespace weft
