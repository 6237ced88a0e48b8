// SPDX-License-Identifier: Apache-2.0
//
// Traces of a scheduler at work: every task is drawn, with the arrows that its graph has.

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/temp_tree.h"
#include "integrations/trace/trace_reader.h"
#include "testing/engines.h"
#include "weft/integrations/trace/trace_writer.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::IsEmpty;
using Arrows = std::multiset<std::pair<std::string, std::string>>;  // of names

class TraceSchedulerTest : public ::testing::TestWithParam<int> {
 protected:
  // What `work` does with a scheduler whose tasks are traced.
  template <class F>
  testing::ReadTrace Trace(F work) {
    const std::string path = folder_ / "t";
    const auto writer = *TraceWriter::Create(path);
    SchedulerOptions options;
    options.observer = writer.get();
    work(*testing::MakeScheduler(GetParam(), std::move(options)));
    EXPECT_EQ(writer->Close(), absl::OkStatus());
    testing::ReadTrace trace = testing::ReadTraceFile(path);
    EXPECT_THAT(trace.faults, IsEmpty());
    return trace;
  }
  static Arrows ArrowsOf(const testing::ReadTrace& trace) {
    std::map<TaskId, std::string> names;
    for (const testing::TraceSlice& slice : trace.slices) {
      if (slice.task.valid() && slice.name.starts_with("n")) names[slice.task] = slice.name;
    }
    Arrows arrows;
    for (const auto& [from, to] : trace.arrows) arrows.emplace(names[from], names[to]);
    return arrows;
  }

  testing::TempTree folder_;
};
WEFT_ON_ALL_ENGINES(TraceSchedulerTest);

TEST_P(TraceSchedulerTest, TasksByName) {
  Arrows edges;
  const testing::ReadTrace trace = Trace([&](TaskScheduler& scheduler) {
    std::mt19937_64 random(7);
    std::vector<TaskDefinition> definitions;
    for (int i = 0; i < 300; ++i) {
      definitions.push_back({.id = "n" + std::to_string(i), .function = [] {}});
      std::set<std::string> before;
      for (int n = static_cast<int>(random() % 4); n > 0 && i > 0; --n) {
        before.insert("n" + std::to_string(random() % static_cast<unsigned>(i)));
      }
      for (const std::string& name : before) {
        definitions.back().dependencies.push_back(name);
        edges.emplace(name, definitions.back().id);
      }
    }
    EXPECT_TRUE(scheduler.ScheduleBatch(std::move(definitions)).ok());
    EXPECT_TRUE(scheduler.WaitAll().ok());
  });
  EXPECT_EQ(trace.Runs().size(), 300U);
  EXPECT_EQ(ArrowsOf(trace), edges);
}

TEST_P(TraceSchedulerTest, NodesOfAGraph) {
  Arrows edges;
  const testing::ReadTrace trace = Trace([&](TaskScheduler& scheduler) {
    std::mt19937_64 random(8);
    TaskGraph graph;
    std::vector<TaskGraph::Node> nodes;
    for (int i = 0; i < 300; ++i) {
      nodes.push_back(graph.Add([] {}).Name("n" + std::to_string(i)));
      std::set<std::size_t> before;
      for (int n = static_cast<int>(random() % 4); n > 0 && i > 0; --n) {
        before.insert(random() % static_cast<std::size_t>(i));
      }
      for (const std::size_t other : before) {
        nodes[other].Before(nodes.back());
        edges.emplace("n" + std::to_string(other), "n" + std::to_string(i));
      }
    }
    EXPECT_TRUE(scheduler.Run(graph).ok());
  });
  EXPECT_EQ(trace.Runs().size(), 300U);
  EXPECT_EQ(ArrowsOf(trace), edges);
}

}  // namespace
}  // namespace weft
