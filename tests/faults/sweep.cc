// SPDX-License-Identifier: Apache-2.0

#include "faults/sweep.h"

#include <algorithm>
#include <iostream>
#include <new>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "faults/failing_memory.h"
#include "weft/scheduler/internal/process_memory.h"
#include "weft/scheduler/task_graph.h"

namespace weft::testing {

TaskScheduler& FaultRun::scheduler() {
  if (scheduler_ == nullptr) {
    scheduler_ =
        patient_ && workers_ > kInline ? MakePatientScheduler(workers_) : MakeScheduler(workers_);
  }
  return *scheduler_;
}

void FaultRun::Failing(absl::FunctionRef<void()> call) {
  EXPECT_FALSE(FailingOrThrowing(call)) << "std::bad_alloc came out";
}

bool FaultRun::FailingOrThrowing(absl::FunctionRef<void()> call) {
  bool threw = false;
  FailAllocation(number_, and_later_);
  try {
    call();
  } catch (const std::bad_alloc&) {
    threw = true;
  }
  if (StopFailing()) failed_ = true;
  return threw;
}

bool FaultRun::EndedWellOrStarved(const AnyTask& task) {
  const TaskResult result = task.result();
  if (result.state == TaskState::kCompleted) return result.status.ok();
  return IsTerminal(result.state) && absl::IsResourceExhausted(result.status);
}

void FaultRun::ExpectUsable() {
  std::atomic<int> ran{0};
  TaskGroup group(scheduler());
  const auto first = group.Submit([&ran] { return ++ran; });
  const auto second = group.Submit([&ran](const int& x) { return x + ++ran; }, first);
  EXPECT_EQ(second.Get().value_or(-1), 3);
  EXPECT_TRUE(group.Wait().ok()) << group.Wait().status;
  TaskGraph graph;
  graph.Add([&ran] { ++ran; }).Before(graph.Add([&ran] { ++ran; }));
  EXPECT_TRUE(scheduler().Run(graph).ok());
  EXPECT_EQ(ran, 4);
}

namespace {

// The last thread of a pool may still be on its way out when its scheduler has gone.
bool ComesDownTo(std::int64_t expected) {
  const absl::Time patience = absl::Now() + absl::Seconds(20);
  while (LiveAllocations() > expected) {
    if (absl::Now() > patience) return false;
    std::this_thread::yield();
  }
  return true;
}

std::int64_t LiveAtRest() {
  std::int64_t least = LiveAllocations();
  for (int i = 0; i < 100; ++i) {
    std::this_thread::yield();
    least = std::min(least, LiveAllocations());
  }
  return least;
}

}  // namespace

void FaultTest::Sweep(const FaultScenario& scenario) {
  const auto [workers, and_later] = GetParam();
  constexpr std::int64_t kNone = 1'000'000;
  for (int i = 0; i < 2; ++i) {  // statics are made
    SCOPED_TRACE("none fails");
    FaultRun warm(workers, kNone, false);
    scenario(warm);
    ASSERT_FALSE(HasFailure()) << "without a failing allocation";
  }
  internal::ProcessMemory::OfSystem()->Read();  // as schedulers do after 50 ms: the same
  const std::int64_t live = LiveAtRest();
  std::int64_t number = 1;
  for (bool failed = true; failed; ++number) {
    ASSERT_LT(number, kNone);
    {
      SCOPED_TRACE("allocation " + std::to_string(number));
      FaultRun run(workers, number, and_later);
      scenario(run);
      failed = run.failed();
    }
    ASSERT_FALSE(HasFailure());
    ASSERT_TRUE(ComesDownTo(live)) << LiveAllocations() - live << " leaked, allocation " << number;
  }
  std::cout << "[ ORDINALS ] " << number - 2 << "\n";
}

void FaultTest::SweepInGroup(const GroupFaultScenario& scenario) {
  Sweep([&scenario](FaultRun& run) {
    TaskGroup group(run.scheduler());
    scenario(run, group);
    run.ExpectUsable();
  });
}

}  // namespace weft::testing
