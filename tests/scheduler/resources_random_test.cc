// SPDX-License-Identifier: Apache-2.0
//
// Many tasks that need resources, fail, throw, are cancelled, late and tried again.
// WEFT_RESOURCE_TASKS says how many.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/from_environment.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

constexpr std::array<std::int64_t, 3> kUnits = {1, 4, 16};
constexpr std::array<const char*, 3> kNames = {"one", "four", "sixteen"};

class ManyResourcesTest : public ::testing::TestWithParam<int> {
 protected:
  static std::unique_ptr<TaskScheduler> Make() {
    SchedulerOptions options;
    for (std::size_t i = 0; i < kUnits.size(); ++i) {
      options.resources.push_back({.name = kNames[i], .units = kUnits[i]});
    }
    options.blocking_threads = 2;
    return testing::MakeScheduler(GetParam(), std::move(options));
  }

  std::unique_ptr<TaskScheduler> scheduler_ = Make();
  std::array<std::atomic<std::int64_t>, 3> in_use_{};
};
WEFT_ON_ALL_ENGINES(ManyResourcesTest);

TEST_P(ManyResourcesTest, AllComesBackWhateverBecomesOfThem) {
  const unsigned count =
      testing::FromEnvironment("WEFT_RESOURCE_TASKS", WEFT_SANITIZED ? 2'000 : 20'000);
  constexpr unsigned kBatch = 500;
  std::mt19937_64 random(11);
  std::int64_t ended = 0;
  for (unsigned done = 0; done < count; done += kBatch) {
    TaskGroup group(*scheduler_);
    std::vector<Task<>> tasks;
    for (unsigned i = 0; i < kBatch; ++i) {
      TaskOptions options;
      std::array<std::int64_t, 3> units{};
      for (std::size_t r = 0; r < kUnits.size(); ++r) {
        if (random() % 3 != 0) continue;
        units[r] = 1 + static_cast<std::int64_t>(random() % static_cast<unsigned>(kUnits[r]));
        options.resources.push_back({.name = kNames[r], .units = units[r]});
      }
      options.priority = static_cast<int>(random() % 14) - 2;
      options.blocking = random() % 16 == 0;
      if (random() % 8 == 0) options.retry = {.max_attempts = 3, .base = absl::Microseconds(1)};
      if (random() % 16 == 0) options.timeout = absl::Microseconds(1 + random() % 1000);
      const unsigned fate = random() % 8;
      tasks.push_back(group.Submit(options, [this, units, fate]() -> absl::Status {
        for (std::size_t r = 0; r < units.size(); ++r) {
          EXPECT_LE(in_use_[r] += units[r], kUnits[r]) << kNames[r];
        }
        for (std::size_t r = 0; r < units.size(); ++r) in_use_[r] -= units[r];
        if (fate == 0) throw std::runtime_error("thrown");
        return fate == 1 ? absl::UnavailableError("failed") : absl::OkStatus();
      }));
      if (random() % 8 == 0) tasks[random() % tasks.size()].Cancel();
      if (random() % 16 == 0) tasks[random() % tasks.size()].Raise(20);
    }
    if (random() % 8 == 0) group.Cancel(absl::CancelledError("enough"));
    const RunSummary summary = group.Wait();
    ended += summary.completed + summary.failed + summary.cancelled + summary.refused;
    ASSERT_EQ(summary.under_way + summary.pending + summary.skipped, 0);
    for (const char* const name : kNames) {
      const ResourceFigures figures = *scheduler_->resource_figures(name);
      ASSERT_EQ(figures.in_use, 0) << name;
      ASSERT_EQ(figures.waiting, 0) << name;
      ASSERT_LE(figures.peak, figures.limit) << name;
    }
    if (HasFailure()) return;
  }
  EXPECT_EQ(ended, (count + kBatch - 1) / kBatch * kBatch);
}

}  // namespace
}  // namespace weft
