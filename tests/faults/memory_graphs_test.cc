// SPDX-License-Identifier: Apache-2.0
//
// Every allocation of graphs and of the parallel algorithms fails in turn.

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "faults/sweep.h"
#include "weft/scheduler/gather.h"
#include "weft/scheduler/parallel_for.h"
#include "weft/scheduler/parallel_map.h"
#include "weft/scheduler/parallel_stream.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::FaultRun;
using Numbers = std::array<int, 16>;  // does not fit into a node

class MemoryGraphsTest : public testing::FaultTest {};
WEFT_ON_FAULT_ENGINES(MemoryGraphsTest, testing::kInline, testing::kSimulated, 1, 2);

bool WellOrStarved(const absl::Status& status) {
  return status.ok() || absl::IsResourceExhausted(status);
}

//   first -> 40 -> last, against the order in which they were made
TEST_P(MemoryGraphsTest, BuildFreezeAndRun) {
  Sweep([](FaultRun& run) {
    run.scheduler();
    TaskGraph graph;
    std::atomic<int> ran{0};
    std::string name;
    const auto build = [&] {
      auto last = graph.Add([&ran] { ++ran; });
      last.Name(std::move(name)).Cost(3);
      auto first = graph.Add([&ran, numbers = Numbers{}] { ran += 1 + numbers[0]; });
      for (int i = 0; i < 40; ++i) {
        auto node = graph.Add([&ran] { ++ran; });
        node.After(first).Before(last).Cost(i);
      }
    };
    RunSummary summary;
    absl::Status frozen;
    name = "the last, with a name that needs memory";
    run.Failing([&] {
      build();
      frozen = graph.Freeze();
      summary = run.scheduler().Run(graph);
    });
    EXPECT_TRUE(WellOrStarved(frozen)) << frozen;
    EXPECT_TRUE(WellOrStarved(summary.status)) << summary.status;
    EXPECT_EQ(summary.completed, ran);
    ran = 0;
    // Whole, or refused: never a graph with less in it.
    if (const RunSummary again = run.scheduler().Run(graph); again.ok()) {
      EXPECT_EQ(ran, 42);
      EXPECT_EQ(graph.edge_count(), 80u);
    } else {
      EXPECT_TRUE(absl::IsResourceExhausted(again.status)) << again.status;
      EXPECT_EQ(ran, 0);
      EXPECT_TRUE(graph.Clear().ok());
      build();
      EXPECT_EQ(run.scheduler().Run(graph).completed, 42);
    }
    run.ExpectUsable();
  });
}

//   head -> loop(choice -> a | b, and one that fails in the second round) -> tail
TEST_P(MemoryGraphsTest, NestedGraphsAndConditions) {
  Sweep([](FaultRun& run) {
    run.scheduler();
    TaskGraph inner;
    TaskGraph outer;
    std::atomic<int> ran{0};
    int rounds = 0;
    RunSummary summary;
    const absl::Status error = absl::AbortedError("in the second round");
    std::function<bool()> again = [&rounds, numbers = Numbers{}] {
      return ++rounds < 5 + numbers[0];
    };
    run.Failing([&] {
      auto choice = inner.AddCondition([] { return 1; });
      choice.Before(inner.Add([&ran] { ran += 100; }), inner.Add([&ran] { ++ran; }));
      inner.Add([&] { return rounds == 1 ? error : absl::OkStatus(); }).Name("fails");
      auto head = outer.Add([&ran] { ++ran; });
      auto loop = outer.AddGraph(inner, std::move(again));
      auto tail = outer.Add([&ran] { ++ran; });
      loop.After(head).Before(tail);
      summary = run.scheduler().Run(outer);
    });
    if (absl::IsResourceExhausted(summary.status) && summary.submitted == 0) {
      EXPECT_EQ(ran, 0);
    } else {
      EXPECT_EQ(ran, 3);
      EXPECT_EQ(summary.failed, 1);
      EXPECT_EQ(summary.skipped, 1);
    }
    run.ExpectUsable();
  });
}

TEST_P(MemoryGraphsTest, Dot) {
  Sweep([](FaultRun& run) {
    TaskGraph graph;
    auto choice = graph.AddCondition([] { return 0; });
    for (int i = 0; i < 5; ++i) choice.Before(graph.Add([] {}).Name("a \"node\"").Cost(i));
    std::string dot;
    const bool threw = run.FailingOrThrowing([&] { dot = graph.ToDot(); });
    EXPECT_EQ(threw, run.failed());
    EXPECT_FALSE(graph.ToDot().empty());
    EXPECT_TRUE(run.scheduler().Run(graph).status.ok());
  });
}

TEST_P(MemoryGraphsTest, StartAndRunInsideATask) {
  Sweep([](FaultRun& run) {
    TaskGraph graph;
    TaskGraph other;
    std::atomic<int> ran{0};
    for (int i = 0; i < 5; ++i) {
      graph.Add([&ran] { ++ran; });
      other.Add([&ran] {
        ++ran;
        return absl::OkStatus();
      });
    }
    Task<RunSummary> started;
    Task<RunSummary> inside;
    run.scheduler();
    run.Failing([&] {
      started = run.scheduler().Start(graph);
      inside = run.scheduler().Submit([&] { return run.scheduler().Run(other); });
      run.scheduler().WaitAll();
    });
    EXPECT_TRUE(FaultRun::EndedWellOrStarved(started)) << started.result().status;
    EXPECT_TRUE(FaultRun::EndedWellOrStarved(inside)) << inside.result().status;
    EXPECT_EQ(ran % 5, 0);
    EXPECT_EQ(run.scheduler().Run(graph).completed, 5);
    EXPECT_EQ(run.scheduler().Run(other).completed, 5);
    run.ExpectUsable();
  });
}

TEST_P(MemoryGraphsTest, ParallelForAndReduce) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::array<std::atomic<int>, 100> ran{};
    absl::Status looped;
    absl::StatusOr<int> sum = 0;
    run.Failing([&] {
      looped = ParallelFor(group, std::size_t{0}, ran.size(), [&](std::size_t i) { ++ran[i]; });
      sum = ParallelReduce(
          group, 0, 100, 0, [](int i) { return i; }, [](int a, int b) { return a + b; });
    });
    EXPECT_TRUE(WellOrStarved(looped)) << looped;
    int all = 0;
    for (const auto& count : ran) {
      EXPECT_LE(count, 1);
      all += count;
    }
    EXPECT_EQ(all == 100, looped.ok());
    EXPECT_TRUE(WellOrStarved(sum.status())) << sum.status();
    if (sum.ok()) {
      EXPECT_EQ(*sum, 4950);
    }
  });
}

TEST_P(MemoryGraphsTest, ParallelMap) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::vector<int> items(50);
    std::iota(items.begin(), items.end(), 0);
    std::vector<absl::StatusOr<int>> results;
    const bool threw = run.FailingOrThrowing(
        [&] { results = ParallelMap(group, items, [](int i) { return i; }); });
    if (!threw) {
      ASSERT_EQ(results.size(), items.size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (results[i].ok()) {
          EXPECT_EQ(*results[i], items[i]);
        } else {
          EXPECT_TRUE(absl::IsResourceExhausted(results[i].status()));
        }
      }
    }
  });
}

TEST_P(MemoryGraphsTest, ParallelMapStream) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    int taken = 0;
    int handed = 0;
    int starved = 0;
    absl::Status ended;
    run.Failing([&] {
      ended = ParallelMapStream(
          group,
          [&]() -> std::optional<int> {
            return taken < 60 ? std::optional(taken++) : std::nullopt;
          },
          [](int i) { return Numbers{i}; },
          [&](absl::StatusOr<Numbers> result) {
            if (!result.ok()) ++starved;
            EXPECT_TRUE(!result.ok() || (*result)[0] == handed);
            ++handed;
          },
          {.window = 8});
    });
    EXPECT_TRUE(WellOrStarved(ended)) << ended;
    if (ended.ok()) {
      EXPECT_EQ(handed, 60);
    }
    EXPECT_TRUE(run.failed() || starved == 0);
  });
}

TEST_P(MemoryGraphsTest, Gather) {
  SweepInGroup([](FaultRun& run, TaskGroup& group) {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(group.Submit([i] { return i; }));
    Task<std::vector<absl::StatusOr<int>>> gathered;
    run.Failing([&] {
      gathered = Gather(group, std::move(tasks));
      group.Wait();
    });
    ASSERT_TRUE(IsTerminal(gathered.state()));
    if (gathered.Get().ok()) {
      for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ((*gathered.Get())[i].value_or(-1), static_cast<int>(i));
      }
    }
  });
}

}  // namespace
}  // namespace weft
