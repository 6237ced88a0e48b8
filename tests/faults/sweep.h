// SPDX-License-Identifier: Apache-2.0
//
// The same scenario again and again, each time with another allocation that fails.

#ifndef WEFT_TESTS_FAULTS_SWEEP_H_
#define WEFT_TESTS_FAULTS_SWEEP_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {

// One run of a scenario.
//
// Thread safety: one thread.
class FaultRun {
 public:
  FaultRun(int workers, std::int64_t number, bool and_later)
      : workers_(workers), number_(number), and_later_(and_later) {}

  int workers() const { return workers_; }
  // Made when first asked for, while allocations do not fail.
  TaskScheduler& scheduler();
  // Before that: no thread of ours is made in the place of a late one of oneTBB's.
  void BePatient() { patient_ = true; }
  void DestroyScheduler() { scheduler_.reset(); }
  // `call` runs while allocations fail, and throws nothing.
  void Failing(absl::FunctionRef<void()> call);
  // The same for calls that may throw std::bad_alloc, and nothing else. True: it did.
  bool FailingOrThrowing(absl::FunctionRef<void()> call);
  // Whether an allocation has failed in one of these.
  bool failed() const { return failed_; }

  // A task that ended well, or for want of memory, and no other way.
  static bool EndedWellOrStarved(const AnyTask& task);
  // The scheduler takes tasks and graphs, and runs them.
  void ExpectUsable();

 private:
  const int workers_;
  const std::int64_t number_;
  const bool and_later_;
  bool patient_ = false;
  std::unique_ptr<TaskScheduler> scheduler_;
  bool failed_ = false;
};

using FaultScenario = std::function<void(FaultRun&)>;
using GroupFaultScenario = std::function<void(FaultRun&, TaskGroup&)>;

// With an allocation failing once, and from there on, on each engine, until the scenario
// passes without a failure. What was allocated is free again each time.
class FaultTest : public ::testing::TestWithParam<std::tuple<int, bool>> {
 protected:
  void Sweep(const FaultScenario& scenario);
  // The same in a group that was made before; afterwards the scheduler has to be usable.
  void SweepInGroup(const GroupFaultScenario& scenario);
};

inline std::string FaultName(const ::testing::TestParamInfo<std::tuple<int, bool>>& info) {
  return EngineName({std::get<0>(info.param), info.index}) +
         (std::get<1>(info.param) ? "FromThereOn" : "Once");
}

}  // namespace weft::testing

#define WEFT_ON_FAULT_ENGINES(fixture, ...)                                               \
  INSTANTIATE_TEST_SUITE_P(                                                               \
      Engines, fixture,                                                                   \
      ::testing::Combine(::testing::Values(__VA_ARGS__), ::testing::Values(false, true)), \
      ::weft::testing::FaultName)

#endif  // WEFT_TESTS_FAULTS_SWEEP_H_
