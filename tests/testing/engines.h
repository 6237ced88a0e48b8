// SPDX-License-Identifier: Apache-2.0
//
// One expectation, many engines: scheduler cases run inline and with 1, 2 and 8
// workers.

#ifndef WEFT_TESTS_TESTING_ENGINES_H_
#define WEFT_TESTS_TESTING_ENGINES_H_

#include <memory>
#include <string>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {

inline constexpr int kInline = 0;

inline std::unique_ptr<TaskScheduler> MakeScheduler(int workers, SchedulerOptions options = {}) {
  options.config.parallel = workers != kInline;
  options.config.num_workers = workers;
  auto scheduler = TaskScheduler::Create(std::move(options));
  EXPECT_TRUE(scheduler.ok()) << scheduler.status();
  return *std::move(scheduler);
}

// Thread safety: one test at a time.
class EngineTest : public ::testing::TestWithParam<int> {
 protected:
  bool is_inline() const { return GetParam() == kInline; }

  std::unique_ptr<TaskScheduler> scheduler_ = MakeScheduler(GetParam());
};

inline std::string EngineName(const ::testing::TestParamInfo<int>& info) {
  return info.param == kInline ? "Inline" : "Workers" + std::to_string(info.param);
}

// A body that has started and does not end before it is told to.
//
// Thread safety: every method may be called from any thread.
class Gate {
 public:
  void Pass() {
    entered_.Notify();
    open_.WaitForNotification();
  }
  void AwaitEntered() { entered_.WaitForNotification(); }
  void Open() { open_.Notify(); }

 private:
  absl::Notification entered_;
  absl::Notification open_;
};

}  // namespace weft::testing

// Runs the cases of `fixture`, which derives from EngineTest, on every engine.
#define WEFT_ON_ALL_ENGINES(fixture)                                        \
  INSTANTIATE_TEST_SUITE_P(Engines, fixture, ::testing::Values(0, 1, 2, 8), \
                           ::weft::testing::EngineName)
// The same for cases that need threads of the scheduler's own.
#define WEFT_ON_THREADED_ENGINES(fixture)                                \
  INSTANTIATE_TEST_SUITE_P(Engines, fixture, ::testing::Values(1, 2, 8), \
                           ::weft::testing::EngineName)

#endif  // WEFT_TESTS_TESTING_ENGINES_H_
