// SPDX-License-Identifier: Apache-2.0
//
// Every allocation on the way of a task fails in turn: what could not be kept says so, what
// was kept runs once, and the scheduler goes on.

#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "faults/sweep.h"
#include "testing/names.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::FaultRun;
using testing::Give;
using testing::OnName;
using Numbers = std::array<int, 16>;  // does not fit into a task

class MemoryTasksTest : public testing::FaultTest {};
WEFT_ON_FAULT_ENGINES(MemoryTasksTest, testing::kInline, testing::kSimulated, 1, 2);

// How often a body ran is what its handle says.
void ExpectRanAsEnded(const AnyTask& task, int ran) {
  EXPECT_TRUE(FaultRun::EndedWellOrStarved(task)) << task.result().status;
  EXPECT_EQ(ran, task.state() == TaskState::kCompleted ? 1 : 0);
}

TEST_P(MemoryTasksTest, Submit) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::array<std::atomic<int>, 70> ran{};
    std::vector<AnyTask> tasks(ran.size());
    RunSummary summary;
    run.Failing([&] {
      for (std::size_t i = 0; i < ran.size(); ++i) {
        auto& count = ran[i];
        if (i % 2 == 0) {
          tasks[i] = group.Submit([&count] { return ++count; });
        } else {
          tasks[i] = group.Submit([&count, numbers = Numbers{}] { return ++count + numbers[0]; });
        }
      }
      summary = group.Wait();
    });
    int completed = 0;
    for (std::size_t i = 0; i < ran.size(); ++i) {
      ExpectRanAsEnded(tasks[i], ran[i]);
      completed += ran[i];
    }
    EXPECT_EQ(summary.completed, completed);
    EXPECT_EQ(summary.completed + summary.refused, static_cast<std::int64_t>(ran.size()));
  });
}

//   a -> b -> c, with a -> c; many before d; d gives its value away to e
TEST_P(MemoryTasksTest, SubmitWithDependencies) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::array<std::atomic<int>, 20> ran{};
    std::vector<AnyTask> many(10);
    Task<int> a;
    Task<int> b;
    Task<Numbers> c;
    Task<std::unique_ptr<int>> d;
    Task<int> e;
    Task<int> anyway;
    run.Failing([&] {
      a = group.Submit([&] { return ++ran[0]; });
      b = group.Submit([&](const int& x) { return x + ++ran[1]; }, a);
      c = group.Submit(
          [&](const int& x, const int& y) {
            ++ran[2];
            return Numbers{x, y};
          },
          a, b);
      for (std::size_t i = 0; i < many.size(); ++i) {
        many[i] = group.Submit([&ran, i] { ++ran[3 + i]; }, After(a, c));
      }
      d = group.Submit([&] { return std::make_unique<int>(++ran[13]); }, After(many));
      const Task<std::unique_ptr<int>> seen = d;
      anyway = group.Submit(
          [&](const absl::StatusOr<std::unique_ptr<int>>& x) {
            ++ran[14];
            return x.ok() ? 1 : 0;
          },
          seen);
      e = group.Submit(
          [&](const absl::StatusOr<Numbers>& x, int y) {
            ++ran[15];
            return x.ok() ? y : -y;
          },
          c, std::move(b));
      group.Wait();
    });
    ExpectRanAsEnded(a, ran[0]);
    ExpectRanAsEnded(c, ran[2]);
    for (std::size_t i = 0; i < many.size(); ++i) ExpectRanAsEnded(many[i], ran[3 + i]);
    // Its own body allocates: where that failed, it has run and says what it threw.
    EXPECT_LE(ran[13], 1);
    EXPECT_TRUE(IsTerminal(d.state()));
    ExpectRanAsEnded(anyway, ran[14]);
    ExpectRanAsEnded(e, ran[15]);
  });
}

std::vector<TaskDefinition> Chain(std::array<std::atomic<int>, 8>& ran) {
  std::vector<TaskDefinition> chain;
  for (std::size_t i = 0; i < ran.size(); ++i) {
    TaskDefinition definition;
    definition.id = "a name that is longer than what a string holds inside " + std::to_string(i);
    definition.function = [&ran, i] { ++ran[i]; };
    if (i > 0) definition.dependencies.push_back(TaskRef(chain[i - 1].id));
    if (i > 1) definition.dependencies.push_back(TaskRef(chain[0].id));
    chain.push_back(std::move(definition));
  }
  return chain;
}

TEST_P(MemoryTasksTest, Schedule) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::array<std::atomic<int>, 8> ran{};
    std::vector<TaskDefinition> chain = Chain(ran);
    std::vector<absl::StatusOr<Task<>>> tasks;
    tasks.reserve(chain.size());
    RunSummary summary;
    run.Failing([&] {
      for (TaskDefinition& definition : chain) {
        tasks.push_back(group.Schedule(std::move(definition)));
      }
      summary = group.Wait();
    });
    bool before = true;
    for (std::size_t i = 0; i < ran.size(); ++i) {
      if (!tasks[i].ok()) {
        EXPECT_TRUE(absl::IsResourceExhausted(tasks[i].status())) << tasks[i].status();
        EXPECT_EQ(ran[i], 0);
        before = false;
      } else if (before) {
        ExpectRanAsEnded(**tasks.begin(), ran[0]);
        EXPECT_TRUE(FaultRun::EndedWellOrStarved(*tasks[i])) << tasks[i]->result().status;
      } else {  // it may wait for a name that was refused
        EXPECT_TRUE(!IsTerminal(tasks[i]->state()) || FaultRun::EndedWellOrStarved(*tasks[i]));
      }
    }
    group.Seal();
    EXPECT_EQ(group.Wait().pending + group.Wait().under_way, 0);
  });
}

TEST_P(MemoryTasksTest, ScheduleBatch) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::array<std::atomic<int>, 8> ran{};
    std::vector<TaskDefinition> chain = Chain(ran);
    absl::StatusOr<std::vector<Task<>>> tasks = absl::UnknownError("");
    run.Failing([&] {
      tasks = group.ScheduleBatch(std::move(chain));
      group.Wait();
    });
    if (tasks.ok()) {
      ASSERT_EQ(tasks->size(), ran.size());
      for (std::size_t i = 0; i < ran.size(); ++i) ExpectRanAsEnded((*tasks)[i], ran[i]);
    } else {  // none, and no trace of them
      EXPECT_TRUE(absl::IsResourceExhausted(tasks.status())) << tasks.status();
      for (const auto& count : ran) EXPECT_EQ(count, 0);
      EXPECT_EQ(group.Wait().submitted, 0);
      EXPECT_TRUE(group.ScheduleBatch(Chain(ran)).ok());
      EXPECT_TRUE(group.Wait().ok());
    }
  });
}

// Tasks wait for names, directly and through handles, and get them or never do.
TEST_P(MemoryTasksTest, NamesThatComeLater) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::atomic<int> ran{0};
    const std::string late = "a name that comes later than those that wait for it";
    const std::string never = "a name that never comes, which is also rather long";
    const auto counts = [&ran] { ++ran; };
    TaskDefinition first{.id = "first", .function = counts, .dependencies = {TaskRef(late)}};
    TaskDefinition second{.id = "second", .function = counts, .dependencies = {TaskRef(never)}};
    TaskDefinition comes{.id = late, .function = counts, .dependencies = {TaskRef("first of all")}};
    TaskDefinition all{.id = "first of all", .function = counts};
    std::vector<AnyTask> behind(6);
    RunSummary waited;
    RunSummary sealed;
    run.Failing([&] {
      const auto a = group.Schedule(std::move(first));
      const auto b = group.Schedule(std::move(second));
      const std::array<AnyTask, 2> heads = {a.ok() ? AnyTask(*a) : group.Submit(counts),
                                            b.ok() ? AnyTask(*b) : group.Submit(counts)};
      for (std::size_t i = 0; i < behind.size(); ++i) {
        behind[i] = group.Submit(counts, After(i > 1 ? behind[i - 2] : heads[i]));
      }
      group.Schedule(std::move(comes)).IgnoreError();
      group.Schedule(std::move(all)).IgnoreError();
      waited = group.Wait();
      group.Seal();
      sealed = group.Wait();
    });
    EXPECT_EQ(waited.under_way, 0);
    EXPECT_EQ(sealed.pending + sealed.under_way, 0);
    EXPECT_EQ(ran, sealed.completed);
    for (const AnyTask& task : behind) EXPECT_TRUE(IsTerminal(task.state()));
  });
}

TEST_P(MemoryTasksTest, AddDependency) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::atomic<int> ran{0};
    std::vector<AnyTask> tasks(16);
    const auto held = OnName(group, "held", "the gate");
    const auto stuck = OnName(group, "stuck", "nothing");
    for (AnyTask& task : tasks) task = group.Submit([&ran] { ++ran; }, After(held));
    const auto after_first = group.Submit([&ran] { ++ran; }, After(tasks[0]));
    int refused = 0;
    absl::Status cycle;
    run.Failing([&] {
      for (std::size_t i = 0; i + 1 < tasks.size(); ++i) {
        const absl::Status added = tasks[i].AddDependency(tasks[i + 1]);
        if (!added.ok()) ++refused;
        if (!added.ok() && !absl::IsResourceExhausted(added)) refused += 1000;
      }
      cycle = held.AddDependency(tasks[0]);
      // Becomes blocked, and so do those behind it.
      if (!tasks[3].AddDependency(stuck).ok()) ++refused;
    });
    EXPECT_LT(refused, 1000);
    EXPECT_TRUE(absl::IsFailedPrecondition(cycle) || absl::IsResourceExhausted(cycle)) << cycle;
    Give(group, "the gate");
    EXPECT_EQ(group.Wait().under_way, 0);
    Give(group, "nothing");
    const RunSummary summary = group.Wait();
    EXPECT_EQ(summary.pending + summary.under_way, 0);
    for (const AnyTask& task : tasks) EXPECT_TRUE(FaultRun::EndedWellOrStarved(task));
    EXPECT_TRUE(FaultRun::EndedWellOrStarved(after_first));
    EXPECT_EQ(summary.completed, ran + 4);
  });
}

TEST_P(MemoryTasksTest, FailuresAndSkips) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::atomic<int> anyway{0};
    Task<int> throws;
    Task<> fails;
    Task<Numbers> skipped;
    Task<> last;
    RunSummary summary;
    absl::Status read;
    const absl::Status error = absl::AbortedError("a text that was made before");
    run.Failing([&] {
      throws = group.Submit([]() -> int { throw std::runtime_error("what it says"); });
      fails = group.Submit([&error] { return error; });
      skipped = group.Submit([](const int&) { return Numbers{}; }, throws);
      last = group.Submit([](const Numbers&) {}, skipped);
      group.Submit([&](const absl::StatusOr<Numbers>& x) { anyway += x.ok() ? 100 : 1; }, skipped);
      group.Submit([&](const absl::Status& x) { anyway += x.ok() ? 100 : 1; }, last);
      summary = group.Wait();
      read = skipped.Get().status();
      read.Update(last.Get());
      read.Update(throws.result().status);
    });
    EXPECT_FALSE(read.ok());
    EXPECT_LE(anyway, 2);
    EXPECT_EQ(summary.completed, anyway);
    EXPECT_FALSE(throws.Get().ok());
    EXPECT_FALSE(fails.Get().ok());
    // The text is made when there is memory for it.
    EXPECT_FALSE(skipped.Get().ok());
    EXPECT_FALSE(last.Get().ok());
    EXPECT_EQ(skipped.Get().status(), skipped.result().status);
  });
}

TEST_P(MemoryTasksTest, Continue) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::atomic<int> ran{0};
    std::atomic<bool> grew{false};
    std::atomic<bool> early{false};
    Task<> grows;
    std::vector<AnyTask> behind(3);
    const auto stuck = OnName(group, "stuck", "nothing");
    run.Failing([&] {
      grows = group.Submit([&](TaskContext& context) {
        const auto more = group.Submit([&ran] { ++ran; });
        if (!context.Continue(more).ok()) return;
        if (context.Continue(stuck).ok()) grew = true;
      });
      for (AnyTask& task : behind) {
        task = group.Submit([&] { early = early || grew; }, After(grows));
      }
      group.Wait();
      stuck.Cancel();
      group.Wait();
    });
    EXPECT_FALSE(early);
    EXPECT_LE(ran, 1);
    EXPECT_TRUE(FaultRun::EndedWellOrStarved(grows));
    for (const AnyTask& task : behind) EXPECT_TRUE(IsTerminal(task.state()));
    EXPECT_EQ(group.Wait().pending + group.Wait().under_way, 0);
  });
}

TEST_P(MemoryTasksTest, Detach) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::atomic<int> ran{0};
    RunSummary summary;
    run.Failing([&] {
      for (int i = 0; i < 20; ++i) {
        group.Detach([&, numbers = Numbers{}] {
          ran += 1 + numbers[0];
          group.Detach([&ran] { ++ran; });
        });
      }
      summary = group.Wait();
    });
    EXPECT_EQ(summary.completed, ran);
    EXPECT_EQ(summary.completed, summary.submitted);
  });
}

TEST_P(MemoryTasksTest, ResultsThatAreRead) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    const auto fails =
        group.Submit([]() -> absl::StatusOr<int> { return absl::AbortedError("no"); });
    const auto skipped = group.Submit([](const int& x) { return Numbers{x}; }, fails);
    auto taken = group.Submit([](const Numbers& x) { return x; }, skipped);
    const auto pointer = group.Submit([] { return std::make_unique<int>(1); });
    auto shared = pointer;
    group.Wait();
    const auto refused = OnName(group, "a", "a name that never comes");
    absl::Status last;
    run.Failing([&] {
      last.Update(fails.Get().status());
      EXPECT_FALSE(skipped.Get().ok());
      EXPECT_FALSE(std::move(taken).Take().ok());
      EXPECT_FALSE(std::move(shared).Take().ok());
      EXPECT_EQ(fails.result().state, TaskState::kFailed);
      EXPECT_FALSE(refused.Wait().ok());
      EXPECT_FALSE(refused.Get().ok());
      EXPECT_FALSE(group.Find("nobody").ok());
      EXPECT_FALSE(group.Release("nobody").ok());
      EXPECT_FALSE(run.scheduler().GetStatus(TaskId{}).ok());
    });
    EXPECT_TRUE(absl::IsAborted(last) || absl::IsResourceExhausted(last)) << last;
    EXPECT_TRUE(absl::IsAborted(skipped.Get().status())) << skipped.Get().status();
    EXPECT_TRUE(absl::IsFailedPrecondition(refused.Get())) << refused.Get();
  });
}

}  // namespace
}  // namespace weft
