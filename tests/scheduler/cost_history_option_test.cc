// SPDX-License-Identifier: Apache-2.0
//
// SchedulerOptions::history_path: what kinds of tasks have cost, from one scheduler to the next.

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "weft/core/virtual_clock.h"
#include "weft/scheduler/simulated_executor.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class CostHistoryOptionTest : public ::testing::Test {
 protected:
  CostHistoryOptionTest() {
    std::string name = (std::filesystem::temp_directory_path() / "weft_history_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    path_ = (folder_ / "costs").string();
  }
  ~CostHistoryOptionTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<TaskScheduler> Make() {
    SchedulerOptions options;
    options.history_path = path_;
    options.executor = *SimulatedExecutor::Create(1, 1, clock_);
    return *TaskScheduler::Create(std::move(options));
  }
  // Of tasks that take so long.
  void Learn(int microseconds) {
    const auto scheduler = Make();
    scheduler->Submit({.kind = "parse", .cost = static_cast<double>(microseconds)}, [] {});
    EXPECT_TRUE(scheduler->Shutdown(ShutdownMode::kDrain).ok());
    EXPECT_EQ(scheduler->history_status(), absl::OkStatus());
  }

  VirtualClock clock_;
  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(CostHistoryOptionTest, TheNextSchedulerKnows) {
  Learn(300);
  const auto next = Make();
  const auto costs = next->costs().History();
  ASSERT_EQ(costs.size(), 1U);
  EXPECT_EQ(costs[0].kind, "parse");
  EXPECT_EQ(costs[0].mean, 300);
  const absl::Duration before = clock_.Now();
  next->Submit({.kind = "parse"}, [] {});
  EXPECT_TRUE(next->WaitAll().ok());
  EXPECT_EQ(clock_.Now() - before, absl::Microseconds(300));  // as it is predicted
}

TEST_F(CostHistoryOptionTest, ADamagedFileIsReportedAndReplaced) {
  Learn(300);
  std::ofstream(path_, std::ios::app) << "more";
  {
    const auto scheduler = Make();
    EXPECT_TRUE(absl::IsDataLoss(scheduler->history_status())) << scheduler->history_status();
    scheduler->Submit({.kind = "parse", .cost = 5}, [] {});
    EXPECT_TRUE(scheduler->Shutdown().ok());
  }
  EXPECT_EQ(Make()->history_status(), absl::OkStatus());
}

TEST_F(CostHistoryOptionTest, AFolderThatIsNotThereIsReported) {
  path_ = (folder_ / "no" / "costs").string();
  const auto scheduler = Make();
  EXPECT_EQ(scheduler->history_status(), absl::OkStatus());
  scheduler->Submit({.kind = "parse"}, [] {});
  EXPECT_TRUE(scheduler->Shutdown().ok());
  EXPECT_FALSE(scheduler->history_status().ok());
}

TEST_F(CostHistoryOptionTest, WhatIsForgottenIsNotKept) {
  {
    const auto scheduler = Make();
    scheduler->Submit({.kind = "parse"}, [] {});
    scheduler->WaitAll();
    scheduler->ForgetHistory();
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(CostHistoryOptionTest, WithoutAPathNothingIsKept) {
  path_ = "";
  Learn(300);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace weft
