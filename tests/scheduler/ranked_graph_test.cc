// SPDX-License-Identifier: Apache-2.0
//
// Graphs whose nodes have priorities, costs and kinds: which of those that are ready goes first.

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One simulated worker: what is ready runs in one order.
class RankedOrderTest : public ::testing::Test {
 protected:
  std::unique_ptr<TaskScheduler> Make(int workers = 1, ParallelProcessingConfig config = {}) {
    SchedulerOptions options;
    options.config = config;
    options.executor = *SimulatedExecutor::Create(/*seed=*/1, workers, clock_);
    return *TaskScheduler::Create(std::move(options));
  }
  auto Says(const std::string& name) {
    return [this, name] { order_.push_back(name); };
  }
  std::vector<std::string> OrderOf(TaskScheduler& scheduler) {
    order_.clear();
    EXPECT_TRUE(scheduler.Run(graph_).ok());
    return order_;
  }

  VirtualClock clock_;
  TaskGraph graph_;
  std::vector<std::string> order_;
};

TEST_F(RankedOrderTest, TheLongestWayToTheEndFirst) {
  auto a = graph_.Add({.cost = 1}, Says("a"));
  graph_.Add({.cost = 5}, Says("b"));
  auto c = graph_.Add({.cost = 3}, Says("c"));
  auto d = graph_.Add({.cost = 9}, Says("d"));
  auto e = graph_.Add({.cost = 1}, Says("e"));
  a.Before(d);
  c.Before(e);
  EXPECT_THAT(OrderOf(*Make()), ElementsAre("a", "d", "b", "c", "e"));
}

TEST_F(RankedOrderTest, WhatItsNodeHasNoCostForCountsAsTheOthersDo) {
  graph_.Add({.cost = 4}, Says("four"));
  graph_.Add(Says("unknown"));
  graph_.Add({.cost = 8}, Says("eight"));
  EXPECT_THAT(OrderOf(*Make()), ElementsAre("eight", "unknown", "four"));
}

TEST_F(RankedOrderTest, LanesBeforeWays) {
  graph_.Add({.priority = -1, .cost = 100}, Says("low"));
  graph_.Add({.cost = 50}, Says("normal"));
  auto before = graph_.Add({.priority = -1, .cost = 1}, Says("before"));
  auto urgent = graph_.Add({.priority = 10, .cost = 1}, Says("urgent"));
  before.Before(urgent);  // which therefore is as urgent
  graph_.Add({.priority = 5, .cost = 1}, Says("high"));
  ParallelProcessingConfig config;
  config.critical_path_priority = 1;
  EXPECT_THAT(OrderOf(*Make(1, config)), ElementsAre("before", "urgent", "low", "high", "normal"));
  config.critical_path_priority = 0;
  EXPECT_THAT(OrderOf(*Make(1, config)), ElementsAre("before", "urgent", "high", "normal", "low"));
}

TEST_F(RankedOrderTest, LowNodesGrowOld) {
  graph_.Add({.priority = -1}, Says("low"));
  for (int i = 0; i < 200; ++i) graph_.Add({.priority = 1}, Says("high"));
  const std::vector<std::string> order = OrderOf(*Make());
  EXPECT_EQ(std::find(order.begin(), order.end(), "low") - order.begin(), kStartsBeforeLower);
}

TEST_F(RankedOrderTest, WhatKindsHaveTakenOrdersTheNextRun) {
  const auto scheduler = Make();
  const auto takes = [this](int us) {
    return [this, us] { clock_.Advance(absl::Microseconds(us)); };
  };
  for (const int us : {2, 8, 4}) {  // before anything is known
    static constexpr TaskKind kKinds[] = {"two", "eight", "four"};
    scheduler->Submit({.kind = kKinds[us == 2 ? 0 : us == 8 ? 1 : 2]}, takes(us));
  }
  EXPECT_TRUE(scheduler->WaitAll().ok());
  graph_.Add({.kind = "four"}, Says("4"));
  graph_.Add({.kind = "two"}, Says("2"));
  graph_.Add({.kind = "eight"}, Says("8"));
  EXPECT_THAT(OrderOf(*scheduler), ElementsAre("8", "4", "2"));
}

TEST_F(RankedOrderTest, NodesTeachWhatTheyTake) {
  SchedulerOptions options;
  options.executor = *SimulatedExecutor::Create(1, 2, clock_, [](std::string_view name) {
    return absl::Microseconds(name == "long" ? 70 : 10);
  });
  const auto scheduler = *TaskScheduler::Create(std::move(options));
  graph_.Add({.kind = "short"}, [] {}).Name("short");
  graph_.Add({.kind = "long"}, [] {}).Name("long");
  EXPECT_TRUE(scheduler->Run(graph_).ok());
  for (const KindCost& cost : scheduler->costs().Snapshot()) {
    EXPECT_EQ(cost.mean, cost.kind == "long" ? 70 : 10) << cost.kind;
  }
  EXPECT_EQ(scheduler->costs().Snapshot().size(), 2U);
}

TEST_F(RankedOrderTest, OptionsThatANodeCannotHaveAreNamed) {
  graph_.Add({.retry = {.max_attempts = 3}}, [] {});
  const RunSummary refused = Make()->Run(graph_);
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status));
  EXPECT_THAT(std::string(refused.status.message()), HasSubstr("retry"));
  TaskGraph negative;
  negative.Add([] {});
  negative.Add({.cost = -1}, [] {});
  EXPECT_THAT(std::string(negative.Freeze().message()),
              HasSubstr("the options of 'node 1': cost: -1"));
}

class RankedGraphTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(RankedGraphTest);

// A random graph of nodes with random ranks, which fail, choose and nest, run several times: each
// node ends as it does in a graph without ranks.
TEST_P(RankedGraphTest, RanksChangeTheOrderAndNothingElse) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<std::vector<int>> ran(2, std::vector<int>(150));
    std::vector<RunSummary> summaries;
    for (const bool ranked : {false, true}) {
      std::mt19937_64 random(seed);
      TaskGraph inner;
      std::atomic<int> inner_ran{0};
      for (int i = 0; i < 20; ++i) inner.Add({.cost = ranked ? 5.0 : 0}, [&] { ++inner_ran; });
      TaskGraph graph;
      std::vector<TaskGraph::Node> nodes;
      for (int i = 0; i < 150; ++i) {
        const auto how = random();
        auto& count = ran[ranked ? 1 : 0][static_cast<std::size_t>(i)];
        const auto body = [&count, how]() -> absl::Status {
          ++count;
          return how % 30 == 0 ? absl::InternalError("no") : absl::OkStatus();
        };
        TaskOptions options;
        if (ranked) {
          options = {.priority = static_cast<int>(how % 5) * 5 - 5,
                     .cost = static_cast<double>(how % 97)};
        }
        nodes.push_back(i == 40         ? graph.AddGraph(inner)
                        : how % 20 == 1 ? graph.AddCondition([&count] { return ++count % 2; })
                                        : graph.Add(options, body));
        for (int n = static_cast<int>(random() % 3); n > 0 && i > 0; --n) {
          nodes[random() % static_cast<std::size_t>(i)].Before(nodes.back());
        }
      }
      for (int run = 0; run < 4; ++run) {
        summaries.push_back(scheduler_->Run(graph));
        summaries.back().elapsed = {};
      }
    }
    EXPECT_EQ(ran[0], ran[1]);
    for (std::size_t run = 0; run < 4; ++run) {
      EXPECT_EQ(summaries[run].completed, summaries[run + 4].completed);
      EXPECT_EQ(summaries[run].failed, summaries[run + 4].failed);
      EXPECT_EQ(summaries[run].skipped, summaries[run + 4].skipped);
    }
  }
}

// From inside tasks as well, several at once, beside tasks that have no rank.
TEST_P(RankedGraphTest, SeveralRunsSideBySide) {
  std::atomic<int> ran{0};
  std::vector<std::unique_ptr<TaskGraph>> graphs;
  TaskGroup group(*scheduler_);
  for (int i = 0; i < 10; ++i) {
    graphs.push_back(std::make_unique<TaskGraph>());
    for (int n = 0; n < 100; ++n) {
      auto first = graphs.back()->Add({.cost = 1.0 + n}, [&] { ++ran; });
      first.Before(graphs.back()->Add({.priority = n % 15}, [&] { ++ran; }));
    }
    group.Submit([&, graph = graphs.back().get()] {
      return scheduler_->Run(*graph).completed == 200 ? absl::OkStatus()
                                                      : absl::InternalError("not all");
    });
    for (int n = 0; n < 100; ++n) group.Submit({.priority = n % 12 - 1}, [&] { ++ran; });
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(ran, 10 * 300);
}

TEST_P(RankedGraphTest, ACancelledRunLeavesNothingBehind) {
  for (int round = 0; round < 20; ++round) {
    TaskGraph graph;
    CancellationSource source;
    for (int i = 0; i < 100; ++i) {
      graph.Add({.cost = 1.0 + i}, [&source, i] {
        if (i == 50) source.Cancel(absl::CancelledError("enough"));
      });
    }
    const RunSummary summary = scheduler_->Run(graph, {.cancellation = source.token()});
    EXPECT_EQ(summary.completed + summary.cancelled, 100);
  }
  std::atomic<int> ran{0};
  scheduler_->Submit([&ran] { ++ran; });
  EXPECT_TRUE(scheduler_->WaitAll().ok());
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace weft
