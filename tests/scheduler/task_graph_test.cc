// SPDX-License-Identifier: Apache-2.0
//
// Building and freezing a TaskGraph: what is accepted, what is refused, what it shows.

#include "weft/scheduler/task_graph.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void Nothing() {}

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// More than one slab of nodes.
constexpr int kManyNodes = 100'000;

std::vector<TaskGraph::Node> AddChain(TaskGraph& graph, int length) {
  std::vector<TaskGraph::Node> nodes;
  for (int i = 0; i < length; ++i) {
    nodes.push_back(graph.Add(Nothing));
    if (i > 0) nodes[static_cast<std::size_t>(i) - 1].Before(nodes.back());
  }
  return nodes;
}

TEST(TaskGraphTest, CountsNodesAndEdges) {
  TaskGraph graph;
  auto a = graph.Add(Nothing);
  auto b = graph.Add(Nothing);
  auto c = graph.Add(Nothing);
  c.After(a, b);
  EXPECT_EQ(graph.node_count(), 3u);
  EXPECT_EQ(graph.edge_count(), 2u);
}

TEST(TaskGraphTest, FreezesOnceAndStaysFrozen) {
  TaskGraph graph;
  AddChain(graph, 3);
  EXPECT_FALSE(graph.frozen());
  EXPECT_TRUE(graph.Freeze().ok());
  EXPECT_TRUE(graph.frozen());
  EXPECT_TRUE(graph.Freeze().ok());
}

TEST(TaskGraphTest, FreezesAnEmptyGraph) {
  TaskGraph graph;
  EXPECT_TRUE(graph.Freeze().ok());
  EXPECT_EQ(graph.node_count(), 0u);
}

TEST(TaskGraphTest, RefusesAnEdgeToItself) {
  TaskGraph graph;
  auto a = graph.Add(Nothing).Name("a");
  a.Before(a);
  const absl::Status frozen = graph.Freeze();
  EXPECT_EQ(frozen.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(frozen), "circular dependency: a -> a");
  EXPECT_FALSE(graph.frozen());
}

TEST(TaskGraphTest, RefusesTwoNodesThatWaitForEachOther) {
  TaskGraph graph;
  auto a = graph.Add(Nothing).Name("a");
  auto b = graph.Add(Nothing).Name("b");
  a.Before(b);
  a.After(b);
  EXPECT_EQ(Message(graph.Freeze()), "circular dependency: a -> b -> a");
}

TEST(TaskGraphTest, ACycleIsShownInTheDirectionOfItsEdges) {
  TaskGraph graph;
  auto a = graph.Add(Nothing).Name("a");
  auto b = graph.Add(Nothing);  // no name
  auto c = graph.Add(Nothing).Name("c");
  a.Before(b);
  b.Before(c);
  c.Before(a);
  EXPECT_EQ(Message(graph.Freeze()), "circular dependency: a -> node 1 -> c -> a");
}

// in -> a -> b -> c -> a, c -> out, and d -> e beside it: only the cycle is shown.
TEST(TaskGraphTest, ACycleIsShownWithoutWhatLeadsInAndOut) {
  TaskGraph graph;
  auto in = graph.Add(Nothing).Name("in");
  auto a = graph.Add(Nothing).Name("a");
  auto b = graph.Add(Nothing).Name("b");
  auto c = graph.Add(Nothing).Name("c");
  auto out = graph.Add(Nothing).Name("out");
  auto d = graph.Add(Nothing).Name("d");
  auto e = graph.Add(Nothing).Name("e");
  in.Before(a);
  a.Before(b);
  b.Before(c);
  c.Before(a, out);
  d.Before(e);
  EXPECT_EQ(Message(graph.Freeze()), "circular dependency: a -> b -> c -> a");
}

TEST(TaskGraphTest, FindsAShortCycleAtTheEndOfManyNodes) {
  TaskGraph graph;
  auto nodes = AddChain(graph, kManyNodes);
  nodes[kManyNodes - 1].Before(nodes[kManyNodes - 3]);
  EXPECT_EQ(Message(graph.Freeze()),
            "circular dependency: node 99997 -> node 99998 -> node 99999 -> node 99997");
}

TEST(TaskGraphTest, FindsACycleThroughManyNodes) {
  TaskGraph graph;
  auto nodes = AddChain(graph, kManyNodes);
  nodes[kManyNodes - 1].Before(nodes[0]);
  const std::string text(graph.Freeze().message());
  EXPECT_THAT(text, StartsWith("circular dependency: node 0 -> node 1 -> node 2 -> "));
  EXPECT_THAT(text, EndsWith(" -> node 99999 -> node 0"));
}

TEST(TaskGraphTest, AcceptsEdgesToNodesThatWereMadeEarlier) {
  TaskGraph graph;
  auto last = graph.Add(Nothing);
  auto first = graph.Add(Nothing);
  first.Before(last);
  EXPECT_TRUE(graph.Freeze().ok());
}

TEST(TaskGraphTest, RefusesAnEdgeBetweenTwoGraphs) {
  TaskGraph graph;
  TaskGraph other;
  auto here = graph.Add(Nothing);
  auto there = other.Add(Nothing);
  here.Before(there);
  const absl::Status frozen = graph.Freeze();
  EXPECT_EQ(frozen.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(frozen.message(), HasSubstr("two graphs"));
  EXPECT_TRUE(other.Freeze().ok());
}

TEST(TaskGraphTest, RefusesANodeAfterFreezing) {
  TaskGraph graph;
  AddChain(graph, 2);
  ASSERT_TRUE(graph.Freeze().ok());
  graph.Add(Nothing);
  EXPECT_EQ(graph.Freeze().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(graph.Freeze().message(), HasSubstr("after the graph was frozen"));
}

TEST(TaskGraphTest, RefusesAnEdgeAfterFreezing) {
  TaskGraph graph;
  auto nodes = AddChain(graph, 3);
  ASSERT_TRUE(graph.Freeze().ok());
  nodes[0].Before(nodes[2]);
  EXPECT_EQ(graph.Freeze().code(), absl::StatusCode::kFailedPrecondition);
}

// What comes after a slab that was full, or into a graph that has none.
TEST(TaskGraphTest, ANodeAfterFreezingStillHasItsPlace) {
  for (const int length : {0, 1024}) {
    TaskGraph graph;
    AddChain(graph, length);
    ASSERT_TRUE(graph.Freeze().ok());
    graph.Add(Nothing).Cost(-1);
    const std::string node = "n" + std::to_string(length);
    EXPECT_THAT(graph.ToDot(), HasSubstr(node + " [label=\"node " + std::to_string(length)));
  }
}

TEST(TaskGraphTest, RefusesCostsThatAreNoNumberOfMicroseconds) {
  for (const double cost :
       {-1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    TaskGraph graph;
    graph.Add(Nothing).Name("parse").Cost(cost);
    const absl::Status frozen = graph.Freeze();
    EXPECT_EQ(frozen.code(), absl::StatusCode::kInvalidArgument) << cost;
    EXPECT_THAT(frozen.message(), HasSubstr("'parse'"));
  }
}

TEST(TaskGraphTest, TheFirstMistakeIsReported) {
  TaskGraph graph;
  TaskGraph other;
  graph.Add(Nothing).Cost(-1);
  graph.Add(Nothing).Before(other.Add(Nothing));
  EXPECT_THAT(graph.Freeze().message(), HasSubstr("cost"));
}

TEST(TaskGraphTest, ClearForgetsNodesAndMistakes) {
  TaskGraph graph;
  auto a = graph.Add(Nothing).Name("a").Cost(-1);
  a.Before(a);
  EXPECT_FALSE(graph.Freeze().ok());
  EXPECT_TRUE(graph.Clear().ok());
  EXPECT_EQ(graph.node_count(), 0u);
  EXPECT_EQ(graph.edge_count(), 0u);
  graph.Add(Nothing);
  EXPECT_TRUE(graph.Freeze().ok());
  EXPECT_THAT(graph.ToDot(), HasSubstr("label=\"node 0\""));
}

TEST(TaskGraphTest, ADefaultNodeCanBeAssigned) {
  TaskGraph graph;
  TaskGraph::Node node;
  node = graph.Add(Nothing);
  node.Before(graph.Add(Nothing));
  EXPECT_EQ(graph.edge_count(), 1u);
}

void BuildForDot(TaskGraph& graph, TaskGraph& nested) {
  auto say = graph.Add(Nothing).Name("say \"hi\"\\").Cost(12.5);
  auto choose = graph.AddCondition([] { return 0; }).Name("W\u00e4hle");
  auto left = graph.Add(Nothing);
  auto right = graph.AddGraph(nested).Name("two\nlines");
  choose.After(say);
  choose.Before(right, left);
}

constexpr char kDot[] = R"(digraph weft {
  n0 [label="say \"hi\"\\\n12.5 us"];
  n1 [label="Wähle", shape=diamond];
  n2 [label="node 2"];
  n3 [label="two\nlines", shape=box3d];
  n0 -> n1;
  n1 -> n3 [style=dashed, label=0];
  n1 -> n2 [style=dashed, label=1];
}
)";

TEST(TaskGraphTest, ToDotShowsTheGraphWhileItIsBuilt) {
  TaskGraph nested;
  TaskGraph graph;
  BuildForDot(graph, nested);
  EXPECT_EQ(graph.ToDot(), kDot);
}

TEST(TaskGraphTest, ToDotShowsTheSameOnceFrozen) {
  TaskGraph nested;
  TaskGraph graph;
  BuildForDot(graph, nested);
  ASSERT_TRUE(graph.Freeze().ok());
  EXPECT_EQ(graph.ToDot(), kDot);
}

}  // namespace
}  // namespace weft
