// SPDX-License-Identifier: Apache-2.0

#include <cstddef>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_graph.h"
#include "weft/scheduler/internal/run_loop.h"

namespace weft::models {
namespace {

// Runs the graph, as often as asked for, and destroys it while pumps may still be
// about to leave.
void RunGraph(Model& m, int width, std::size_t size, const TestGraph::Edges& edges, int runs) {
  TestLoop pumps(m, width);
  {
    TestGraph graph(pumps.pool, size, edges);
    for (int run = 0; run < runs; ++run) {
      graph.Run(pumps.loop);
      Check(graph.ran() == size, "every node has run");
    }
  }
  m.Finally([&] { Check(pumps.loop.Quiet(), "every pump has left"); });
}

//   0 -> 1 -> 3
//   0 -> 2 -> 3
const TestGraph::Edges kDiamond = {{0, 1}, {0, 2}, {1, 3}, {2, 3}};

TEST(RunLoopModel, Diamond) {
  CheckModel(WithPumps("loop_diamond"), [](Model& m) { RunGraph(m, 2, 4, kDiamond, 1); });
}

TEST(RunLoopModel, DiamondRunsAgain) {
  CheckModel(WithPumps("loop_again"), [](Model& m) { RunGraph(m, 2, 4, kDiamond, 2); });
}

// 0 -> 1, 2, 3 -> 4
TEST(RunLoopModel, ThreeWorkersJoin) {
  CheckModel(WithPumps("loop_join"), [](Model& m) {
    RunGraph(m, 3, 5, {{0, 1}, {0, 2}, {0, 3}, {1, 4}, {2, 4}, {3, 4}}, 1);
  });
}

// More successors than the deque has room for.
TEST(RunLoopModel, FanOutOverflows) {
  Options options = WithPumps("loop_fan_out");
  options.preemptions = 1;
  CheckModel(options, [](Model& m) { RunGraph(m, 2, 5, {{0, 1}, {0, 2}, {0, 3}, {0, 4}}, 2); });
}

// 1 fails: 3 and 4 are skipped, whichever predecessor of 3 is last, and run the next
// time.
TEST(RunLoopModel, FailureSkipsWhatFollows) {
  CheckModel(WithPumps("loop_failure"), [](Model& m) {
    TestLoop pumps(m, 2);
    TestGraph::Edges edges = kDiamond;
    edges.emplace_back(3, 4);
    TestGraph graph(pumps.pool, 5, edges);
    graph.Fail(1);
    graph.Run(pumps.loop);
    Check(graph.ran() == 3 && graph.Ran(2), "what follows is skipped, the rest is not");
    Check(graph.count(internal::GraphEnd::kSkipped) == 2, "and counted");
    graph.Fail(TestGraph::kNone);
    graph.Run(pumps.loop);
    Check(graph.ran() == 5, "nothing is left of the failure");
    m.Finally([] {});
  });
}

// 1 waits for 2 without telling, while the other pump is about to leave: it must look
// again, for nobody else brings a new one.
TEST(RunLoopModel, BusyWorkerLeavesNothingUnseen) {
  CheckModel(WithPumps("loop_busy"), [](Model& m) {
    TestLoop pumps(m, 2);
    {
      TestGraph graph(pumps.pool, 3, {{0, 1}, {0, 2}});
      graph.Await(1, 2, /*tells=*/false);
      for (int run = 0; run < 2; ++run) graph.Run(pumps.loop);
    }
    m.Finally([&] { Check(pumps.loop.Quiet(), "every pump has left"); });
  });
}

// The same, when what is announced has no fence.
TEST(RunLoopModel, BusyWorkerLeavesNothingUnseenInTheCalm) {
  CheckModel(WithPumps("loop_busy_calm"), [](Model& m) {
    TestLoop pumps(m, 2);
    {
      TestGraph graph(pumps.pool, 3, {{0, 1}, {0, 2}});
      graph.Await(1, 2, /*tells=*/false);
      for (int run = 0; run < 2; ++run) {
        pumps.loop.Calm();
        graph.Run(pumps.loop);
      }
    }
    m.Finally([&] { Check(pumps.loop.Quiet(), "every pump has left"); });
  });
}

// A root waits for another without telling: a second pump must come for that one.
TEST(RunLoopModel, RootsRunSideBySide) {
  CheckModel(WithPumps("loop_roots"), [](Model& m) {
    TestLoop pumps(m, 2);
    {
      TestGraph graph(pumps.pool, 2, {});
      graph.Await(0, 1, /*tells=*/false);
      graph.Run(pumps.loop);
      Check(graph.ran() == 2, "every node has run");
    }
    m.Finally([&] { Check(pumps.loop.Quiet(), "every pump has left"); });
  });
}

// 1 waits for 2, and there is one worker: another comes in its place.
TEST(RunLoopModel, BlockedBodyIsReplaced) {
  CheckModel(WithPumps("loop_blocked"), [](Model& m) {
    TestLoop pumps(m, 1);
    {
      TestGraph graph(pumps.pool, 4, kDiamond);
      graph.Await(1, 2, /*tells=*/true);
      graph.Run(pumps.loop);
      Check(graph.ran() == 4, "every node has run");
    }
    m.Finally([&] { Check(pumps.loop.Quiet(), "every pump has left"); });
  });
}

// The same beside a worker that is about to leave, and finds the new one's deque.
TEST(RunLoopModel, BlockedBodyIsReplacedBesideAnother) {
  Options options = WithPumps("loop_replaced");
  options.preemptions = 1;
  CheckModel(options, [](Model& m) {
    TestLoop pumps(m, 2);
    {
      TestGraph graph(pumps.pool, 4, {{0, 1}, {0, 2}, {0, 3}});
      graph.Await(1, 3, /*tells=*/true);
      graph.Run(pumps.loop);
      Check(graph.ran() == 4, "every node has run");
    }
    m.Finally([&] { Check(pumps.loop.Quiet(), "every pump has left"); });
  });
}

// A worker that was alone is joined by another while it is at work.
TEST(RunLoopModel, GrowsWhileItRuns) {
  CheckModel(WithPumps("loop_grows"), [](Model& m) {
    TestLoop pumps(m, 1, 2);
    m.Thread([&] { pumps.loop.Resize(2); });
    {
      TestGraph graph(pumps.pool, 4, kDiamond);
      graph.Run(pumps.loop);
      Check(graph.ran() == 4, "every node has run");
    }
    m.Finally([&] { Check(pumps.loop.Quiet(), "every pump has left"); });
  });
}

// 1 waits for 2 without telling, and there is one worker until the width grows.
TEST(RunLoopModel, GrowingBringsAWorkerBesideABusyOne) {
  CheckModel(WithPumps("loop_grows_busy"), [](Model& m) {
    TestLoop pumps(m, 1, 2);
    pumps.loop.Resize(1);  // no worker may think that it stays alone
    m.Thread([&] { pumps.loop.Resize(2); });
    {
      TestGraph graph(pumps.pool, 3, {{0, 1}, {0, 2}});
      graph.Await(1, 2, /*tells=*/false);
      graph.Run(pumps.loop);
      Check(graph.ran() == 3, "every node has run");
    }
    m.Finally([&] { Check(pumps.loop.Quiet(), "every pump has left"); });
  });
}

// One of two workers is too many while both are at work.
TEST(RunLoopModel, ShrinksWhileItRuns) {
  CheckModel(WithPumps("loop_shrinks"), [](Model& m) {
    TestLoop pumps(m, 2);
    m.Thread([&] { pumps.loop.Resize(1); });
    {
      TestGraph graph(pumps.pool, 4, kDiamond);
      graph.Run(pumps.loop);
      Check(graph.ran() == 4, "every node has run");
    }
    m.Finally([&] { Check(pumps.loop.Quiet(), "every pump has left"); });
  });
}

TEST(RunLoopModel, TwoCallersShareTheWorkers) {
  Options options = WithPumps("loop_two_callers");
  options.preemptions = 1;  // with two, 7.7 million schedules and a minute
  CheckModel(options, [](Model& m) {
    TestLoop pumps(m, 2);
    TestGraph first(pumps.pool, 3, {{0, 1}, {0, 2}});
    TestGraph second(pumps.pool, 2, {{0, 1}});
    m.Thread([&] {
      second.Run(pumps.loop);
      Check(second.ran() == 2, "every node has run");
    });
    first.Run(pumps.loop);
    Check(first.ran() == 3, "every node has run");
    m.Finally([&] { Check(pumps.loop.Quiet(), "every pump has left"); });
  });
}

}  // namespace
}  // namespace weft::models
