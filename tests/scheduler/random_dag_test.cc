// SPDX-License-Identifier: Apache-2.0
//
// Random graphs against a sequential oracle that shares no code with the scheduler.

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/from_environment.h"
#include "testing/random_ending.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::Ending;

struct Node {
  std::vector<std::size_t> after;  // smaller indices
  bool run_anyway = false;
  bool by_name = false;  // given by TaskDefinition, dependencies as names or handles
  bool in_batch = false;
  int priority = 0;
  Ending ending = Ending::kValue;
};

struct Graph {
  std::vector<Node> nodes;
};

Graph MakeGraph(std::mt19937& random) {
  Graph graph;
  const std::size_t count = 1 + random() % 120;
  for (std::size_t i = 0; i < count; ++i) {
    Node node;
    const std::size_t wanted = i == 0 ? 0 : random() % 4;
    for (std::size_t k = 0; k < wanted; ++k) node.after.push_back(random() % i);
    node.run_anyway = random() % 5 == 0;
    node.by_name = random() % 3 == 0;
    node.in_batch = random() % 2 == 0;
    node.priority = static_cast<int>(random() % 25) - 6;
    const auto draw = random() % 12;
    node.ending = draw == 0 ? Ending::kError : draw == 1 ? Ending::kThrow : Ending::kValue;
    graph.nodes.push_back(std::move(node));
  }
  return graph;
}

// The oracle: one pass in order of the indices.
std::vector<TaskState> Expected(const Graph& graph) {
  std::vector<TaskState> states;
  for (const Node& node : graph.nodes) {
    bool all_completed = true;
    for (std::size_t before : node.after) {
      all_completed = all_completed && states[before] == TaskState::kCompleted;
    }
    if (!all_completed && !node.run_anyway) {
      states.push_back(TaskState::kSkipped);
    } else {
      states.push_back(node.ending == Ending::kValue ? TaskState::kCompleted : TaskState::kFailed);
    }
  }
  return states;
}

class Runner {
 public:
  Runner(const Graph& graph, TaskGroup& group, std::mt19937& random)
      : graph_(graph),
        group_(group),
        runs_(graph.nodes.size()),
        written_(graph.nodes.size(), 0),
        tasks_(graph.nodes.size()) {
    Submit(random);
  }

  void Check(const std::vector<TaskState>& expected, const std::string& label) {
    const RunSummary summary = group_.Wait();
    std::int64_t completed = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(tasks_[i].state(), expected[i]) << label << " node " << i;
      ASSERT_EQ(runs_[i], expected[i] == TaskState::kSkipped ? 0 : 1) << label << " node " << i;
      completed += expected[i] == TaskState::kCompleted ? 1 : 0;
    }
    ASSERT_EQ(summary.completed, completed) << label;
    ASSERT_EQ(summary.submitted, static_cast<std::int64_t>(expected.size())) << label;
    ASSERT_EQ(summary.pending + summary.under_way, 0) << label;
  }

 private:
  absl::Status Body(std::size_t i) {
    // Plain data: only the order that the scheduler promises makes this no race.
    for (std::size_t before : graph_.nodes[i].after) {
      EXPECT_EQ(written_[before], runs_[before] * (static_cast<int>(before) + 1));
    }
    written_[i] = static_cast<int>(i) + 1;
    ++runs_[i];
    return testing::EndAs(graph_.nodes[i].ending);
  }

  std::string Name(std::size_t i) const { return "n" + std::to_string(i); }

  TaskDefinition Define(std::size_t i, std::mt19937& random) {
    const Node& node = graph_.nodes[i];
    TaskDefinition definition{.id = Name(i), .function = [this, i] { return Body(i); }};
    for (std::size_t before : node.after) {
      // A name may be used before its task is there; a handle only afterwards.
      if (graph_.nodes[before].by_name && (!tasks_[before].valid() || random() % 2 == 0)) {
        definition.dependencies.push_back(Name(before));
      } else {
        definition.dependencies.push_back(tasks_[before]);
      }
    }
    definition.on_failed_dependency =
        node.run_anyway ? DependencyPolicy::kRunAnyway : DependencyPolicy::kSkip;
    definition.options.priority = node.priority;
    return definition;
  }

  void SubmitByHandle(std::size_t i) {
    const Node& node = graph_.nodes[i];
    std::vector<TaskRef> after;
    for (std::size_t before : node.after) after.push_back(tasks_[before]);
    absl::StatusOr<Task<>> task =
        group_.Schedule({.id = "",
                         .function = [this, i] { return Body(i); },
                         .dependencies = std::move(after),
                         .on_failed_dependency = node.run_anyway ? DependencyPolicy::kRunAnyway
                                                                 : DependencyPolicy::kSkip,
                         .options = {.priority = node.priority}});
    ASSERT_TRUE(task.ok()) << task.status();
    tasks_[i] = *task;
  }

  // In order of the indices, but named nodes may be held back until a later node
  // needs their handle: until then they are only mentioned.
  void Submit(std::mt19937& random) {
    std::vector<std::size_t> held_back;
    const auto flush = [&] {
      std::vector<TaskDefinition> batch;
      for (std::size_t i : held_back) batch.push_back(Define(i, random));
      const auto tasks = group_.ScheduleBatch(std::move(batch));
      ASSERT_TRUE(tasks.ok()) << tasks.status();
      for (std::size_t k = 0; k < held_back.size(); ++k) tasks_[held_back[k]] = (*tasks)[k];
      held_back.clear();
    };
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (graph_.nodes[i].by_name && graph_.nodes[i].in_batch) {
        held_back.push_back(i);
        continue;
      }
      bool needs_handle = !graph_.nodes[i].by_name;
      for (std::size_t before : graph_.nodes[i].after) {
        if (!tasks_[before].valid() && !graph_.nodes[before].by_name) needs_handle = true;
      }
      if (needs_handle) flush();
      if (graph_.nodes[i].by_name) {
        absl::StatusOr<Task<>> task = group_.Schedule(Define(i, random));
        ASSERT_TRUE(task.ok()) << task.status();
        tasks_[i] = *task;
      } else {
        SubmitByHandle(i);
      }
    }
    flush();
  }

  const Graph& graph_;
  TaskGroup& group_;
  std::vector<std::atomic<int>> runs_;
  std::vector<int> written_;
  std::vector<AnyTask> tasks_;
};

class RandomDagTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(RandomDagTest);

unsigned GraphCount() { return testing::FromEnvironment("WEFT_RANDOM_GRAPHS", 500); }

TEST_P(RandomDagTest, EqualsTheSequentialOracle) {
  for (unsigned seed = 1; seed <= GraphCount(); ++seed) {
    std::mt19937 random(seed);
    const Graph graph = MakeGraph(random);
    TaskGroup group(*scheduler_);
    Runner runner(graph, group, random);
    runner.Check(Expected(graph), "seed " + std::to_string(seed));
    if (HasFatalFailure()) return;
  }
}

// The same graphs with a cancel at a random moment: no fixed outcome, but each task
// ends once, runs at most once, and the counts add up.
TEST_P(RandomDagTest, CancelledAtAnyMomentEverythingEndsOnce) {
  for (unsigned seed = 1; seed <= GraphCount() / 2; ++seed) {
    std::mt19937 random(seed);
    const std::size_t count = 2 + random() % 60;
    const std::size_t victim = random() % count;
    const bool whole_group = random() % 2 == 0;
    TaskGroup group(*scheduler_);
    std::vector<std::atomic<int>> runs(count);
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<AnyTask> after;
      for (std::size_t k = 0; i > 0 && k < random() % 3; ++k) after.push_back(tasks[random() % i]);
      tasks.push_back(group.Submit([&runs, i] { ++runs[i]; }, After(after)));
      if (i == victim && whole_group) group.Cancel(absl::CancelledError("all"));
      if (i == victim && !whole_group) tasks[random() % (i + 1)].Cancel();
    }
    const RunSummary summary = group.Wait();
    std::int64_t ran = 0;
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(IsTerminal(tasks[i].state())) << "seed " << seed << " node " << i;
      ASSERT_EQ(runs[i], tasks[i].state() == TaskState::kCompleted ? 1 : 0)
          << "seed " << seed << " node " << i;
      ran += runs[i];
    }
    ASSERT_EQ(summary.completed, ran) << "seed " << seed;
    ASSERT_EQ(summary.submitted + summary.refused, static_cast<std::int64_t>(count))
        << "seed " << seed;
  }
}

TEST_P(RandomDagTest, WideAndLongGraphs) {
  TaskGroup group(*scheduler_);
  constexpr int kSize = 50000;
  std::atomic<int> ran{0};
  const auto root = group.Submit([&] { ++ran; });
  std::vector<AnyTask> leaves;
  for (int i = 0; i < kSize; ++i) leaves.push_back(group.Submit([&] { ++ran; }, root));
  Task<> last = group.Submit([&] { ++ran; }, After(leaves));
  for (int i = 0; i < kSize; ++i) last = group.Submit([&] { ++ran; }, last);
  EXPECT_TRUE(last.Get().ok());
  EXPECT_EQ(ran, 2 * kSize + 2);
}

}  // namespace
}  // namespace weft
