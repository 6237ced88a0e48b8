// SPDX-License-Identifier: Apache-2.0
//
// Every allocation of schedulers, groups and waits fails in turn. Cancelling, ending and
// shutting down need none.

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "faults/failing_memory.h"
#include "faults/sweep.h"
#include "testing/names.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/tbb_executor.h"

namespace weft {
namespace {

using testing::FaultRun;
using testing::Give;
using testing::OnName;

class MemoryCreateTest : public testing::FaultTest {};
WEFT_ON_FAULT_ENGINES(MemoryCreateTest, testing::kInline, 1, 4);

TEST_P(MemoryCreateTest, Create) {
  Sweep([](FaultRun& run) {
    absl::StatusOr<std::unique_ptr<TaskScheduler>> made = absl::UnknownError("");
    SchedulerOptions options;
    options.config.parallel = run.workers() != testing::kInline;
    options.config.num_workers = run.workers();
    options.worker_hooks.start = nullptr;
    run.Failing([&] { made = TaskScheduler::Create(std::move(options)); });
    EXPECT_TRUE(made.ok() || absl::IsResourceExhausted(made.status())) << made.status();
    if (!made.ok()) return;
    EXPECT_EQ((*made)->Submit([] { return 1; }).Get().value_or(0), 1);
  });
}

TEST_P(MemoryCreateTest, CreateUseAndDestroy) {
  Sweep([](FaultRun& run) {
    run.Failing([&] {
      SchedulerOptions options;
      options.config.parallel = run.workers() != testing::kInline;
      options.config.num_workers = run.workers();
      auto made = TaskScheduler::Create(std::move(options));
      if (!made.ok()) return;
      for (int i = 0; i < 10; ++i) (*made)->Submit([] {});
      made->reset();
    });
  });
}

class MemoryLifeTest : public testing::FaultTest {};
WEFT_ON_FAULT_ENGINES(MemoryLifeTest, testing::kInline, testing::kSimulated, 1, 2);

TEST_P(MemoryLifeTest, WaitInsideATask) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::atomic<int> ran{0};
    std::atomic<bool> wrong{false};
    Task<int> outer;
    Task<> own;
    run.Failing([&] {
      const auto first = group.Submit([&ran] { return ++ran; });
      outer = group.Submit([&]() -> absl::StatusOr<int> {
        const auto one = group.Submit([&ran](const int& x) { return x + ++ran; }, first);
        const auto two = group.Submit({.priority = 5}, [&] {
          return one.Get().ok() ? absl::OkStatus() : one.Get().status();
        });
        // It may not be waited for for want of memory, and then it is not over.
        const absl::Status waited = two.Wait();
        if (waited.ok() && two.state() != TaskState::kCompleted) wrong = true;
        return one.Get();
      });
      group.Wait();
    });
    EXPECT_FALSE(wrong);
    EXPECT_TRUE(FaultRun::EndedWellOrStarved(outer)) << outer.result().status;
    EXPECT_LE(ran, 2);
    EXPECT_EQ(group.Wait().under_way, 0);
  });
}

// A wait that could never end is refused, also when there is no memory for the path.
TEST_P(MemoryLifeTest, WaitsThatWouldNeverEnd) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::array<absl::Status, 2> waited;
    std::array<Task<>, 2> tasks;
    const auto gate = OnName(group, "gate", "the gate's own name");
    TaskDefinition open{.id = "the gate's own name", .function = [] {}};
    tasks[0] = group.Submit([&] { waited[0] = tasks[1].Wait(); }, After(gate));
    tasks[1] = group.Submit([&] { waited[1] = tasks[0].Wait(); }, After(gate));
    std::optional<absl::StatusOr<Task<>>> opened;
    run.Failing([&] {
      opened.emplace(group.Schedule(std::move(open)));
      group.Wait();
    });
    if (!opened->ok()) Give(group, "the gate's own name");
    EXPECT_EQ(group.Wait().pending + group.Wait().under_way, 0);
    for (const Task<>& task : tasks) {
      EXPECT_TRUE(task.state() == TaskState::kCompleted || FaultRun::EndedWellOrStarved(task));
    }
    for (const absl::Status& status : waited) {
      EXPECT_TRUE(status.ok() || absl::IsFailedPrecondition(status) ||
                  absl::IsResourceExhausted(status))
          << status;
    }
  });
}

TEST_P(MemoryLifeTest, GroupsInsideTasks) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::atomic<int> ran{0};
    Task<> outer;
    run.Failing([&] {
      outer = group.Submit([&]() -> absl::Status {
        TaskGroup inner(run.scheduler());  // may throw
        for (int i = 0; i < 3; ++i) {
          inner.Submit([&] {
            TaskGroup innermost(run.scheduler());
            innermost.Submit([&ran] { ++ran; });
            innermost.Submit([&ran] { ++ran; });  // it is not waited for
          });
        }
        const RunSummary summary = inner.Wait();
        return summary.status;
      });
      group.Wait();
    });
    const absl::Status ended = outer.Get();
    EXPECT_TRUE(ended.ok() || absl::IsResourceExhausted(ended) || absl::IsUnknown(ended)) << ended;
    EXPECT_EQ(group.Wait().under_way, 0);
    EXPECT_LE(ran, 6);
  });
}

// Names without tasks, tasks behind them, failures, and a token that somebody follows.
void Fill(TaskGroup& group, std::vector<AnyTask>& tasks) {
  tasks = {OnName(group, "stuck", "nothing")};
  for (int i = 0; i < 5; ++i) {
    const std::string number = std::to_string(i);
    tasks.push_back(OnName(group, "n" + number, "none " + number));
    tasks.push_back(group.Submit([] {}, After(tasks.back())));
    tasks.push_back(group.Submit([] {}));
  }
}

bool AllHaveEnded(const std::vector<AnyTask>& tasks) {
  for (const AnyTask& task : tasks) {
    if (!IsTerminal(task.state())) return false;
  }
  return true;
}

TEST_P(MemoryLifeTest, MakeCancelSealAndDestroyGroups) {
  Sweep([](FaultRun& run) {
    run.scheduler();
    std::array<std::vector<AnyTask>, 3> tasks;
    std::array<std::optional<TaskGroup>, 3> groups;
    const CancellationSource source;
    std::optional<TaskGroup> made;
    const bool threw = run.FailingOrThrowing(
        [&] { made.emplace(run.scheduler(), GroupOptions{.cancellation = source.token()}); });
    EXPECT_EQ(threw, !made.has_value());
    if (made.has_value()) {
      EXPECT_TRUE(made->Submit([] {}).Get().ok());
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      groups[i].emplace(run.scheduler());
      Fill(*groups[i], tasks[i]);
    }
    run.Failing([&] {
      groups[0]->Cancel(absl::OkStatus());
      groups[0]->Wait();
      groups[1]->Seal();
      groups[1]->Wait();
      for (auto& group : groups) group.reset();
    });
    for (const auto& each : tasks) EXPECT_TRUE(AllHaveEnded(each));
    run.ExpectUsable();
  });
}

class MemoryShutdownTest : public testing::FaultTest {};
WEFT_ON_FAULT_ENGINES(MemoryShutdownTest, testing::kInline, testing::kSimulated, 1, 2);

TEST_P(MemoryShutdownTest, ShutdownWithWorkPending) {
  for (const ShutdownMode mode : {ShutdownMode::kDrain, ShutdownMode::kCancel}) {
    Sweep([mode](FaultRun& run) {
      std::vector<AnyTask> tasks;
      std::vector<AnyTask> more;
      std::optional<TaskGroup> group(std::in_place, run.scheduler());
      Fill(run.scheduler().root(), tasks);
      Fill(*group, more);
      absl::Status shut;
      Task<> late;
      run.Failing([&] {
        shut = run.scheduler().Shutdown(mode);
        late = run.scheduler().Submit([] {});
        group.reset();
        run.DestroyScheduler();
      });
      EXPECT_TRUE(shut.ok()) << shut;
      EXPECT_TRUE(AllHaveEnded(tasks));
      EXPECT_TRUE(AllHaveEnded(more));
      EXPECT_TRUE(IsTerminal(late.state()));
      EXPECT_FALSE(late.Get().ok());
    });
  }
}

// What must not allocate does not: not only survives that it cannot.
TEST_P(MemoryShutdownTest, EndingCancellingAndShuttingDownAllocateNothing) {
  testing::FaultRun run(std::get<0>(GetParam()), 1, true);
  run.BePatient();
  std::vector<AnyTask> tasks;
  std::vector<AnyTask> more;
  std::vector<AnyTask> rest;
  std::optional<TaskGroup> group(std::in_place, run.scheduler());
  Fill(*group, more);
  Fill(run.scheduler().root(), tasks);
  std::optional<TaskGroup> last(std::in_place, run.scheduler());
  Fill(*last, rest);
  run.Failing([&] {
    more[0].Cancel();
    group->Cancel(absl::OkStatus());
    last->Seal();
    last->Wait();
    group.reset();
    last.reset();
    run.scheduler().CancelAll(absl::OkStatus());
  });
  EXPECT_FALSE(run.failed());
  run.scheduler().WaitAll();
  for (const auto* each : {&tasks, &more, &rest}) EXPECT_TRUE(AllHaveEnded(*each));
  run.Failing([&] { run.DestroyScheduler(); });
  EXPECT_FALSE(run.failed());
}

}  // namespace
}  // namespace weft
