// SPDX-License-Identifier: Apache-2.0
//
// Random TaskGraphs, each run several times, against a sequential oracle that shares no
// code with the scheduler.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/from_environment.h"
#include "testing/random_ending.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::Ending;

constexpr std::size_t kRuns = 3;

enum class Kind { kBody, kCondition, kNested };
enum class End { kCompleted, kFailed, kSkipped };

struct Plan;

struct NodePlan {
  Kind kind = Kind::kBody;
  bool run_anyway = false;
  double cost = 0;
  Ending endings[kRuns] = {};
  int choices[kRuns] = {};  // kCondition
  std::unique_ptr<Plan> nested;
  int rounds = 1;  // kNested
};

struct Plan {
  std::vector<NodePlan> nodes;
  // From smaller to larger indices, but made in this order, as the nodes are in theirs.
  std::vector<std::pair<std::size_t, std::size_t>> edges;
  std::vector<std::size_t> creation;

  std::vector<std::size_t> Before(std::size_t node) const {
    std::vector<std::size_t> found;
    for (const auto& edge : edges) {
      if (edge.second == node) found.push_back(edge.first);
    }
    return found;
  }
  // By number.
  std::vector<std::size_t> After(std::size_t node) const {
    std::vector<std::size_t> found;
    for (const auto& edge : edges) {
      if (edge.first == node) found.push_back(edge.second);
    }
    return found;
  }
};

// How to draw plans.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  // In [0, below).
  std::size_t Below(std::size_t below) { return random_() % below; }
  bool OneIn(std::size_t of) { return Below(of) == 0; }

  Plan Graph(std::size_t most_nodes, int depth) {
    Plan plan;
    const std::size_t count = 1 + Below(1 + Below(most_nodes));
    const bool fails = OneIn(2);
    for (std::size_t i = 0; i < count; ++i) plan.nodes.push_back(Node(fails, depth));
    OneIn(2) ? Layers(plan, 1 + Below(20)) : AnyEdges(plan, Below(4));
    std::shuffle(plan.edges.begin(), plan.edges.end(), random_);
    plan.creation.resize(count);
    std::iota(plan.creation.begin(), plan.creation.end(), std::size_t{0});
    if (OneIn(2)) std::shuffle(plan.creation.begin(), plan.creation.end(), random_);
    return plan;
  }

 private:
  NodePlan Node(bool fails, int depth) {
    NodePlan node;
    node.run_anyway = OneIn(5);
    if (OneIn(4)) node.cost = static_cast<double>(Below(1000));
    for (std::size_t run = 0; run < kRuns; ++run) {
      if (fails && OneIn(10)) node.endings[run] = OneIn(2) ? Ending::kError : Ending::kThrow;
      node.choices[run] = static_cast<int>(Below(6)) - 1;
    }
    if (OneIn(8)) node.kind = Kind::kCondition;
    if (depth > 0 && OneIn(12)) {
      node.kind = Kind::kNested;
      node.nested = std::make_unique<Plan>(Graph(12, depth - 1));
      node.rounds = 1 + static_cast<int>(Below(4));
    }
    return node;
  }
  void Layers(Plan& plan, std::size_t width) {
    for (std::size_t i = width; i < plan.nodes.size(); ++i) {
      const std::size_t layer = i / width * width;
      for (std::size_t k = Below(4); k > 0; --k) {
        plan.edges.emplace_back(layer - width + Below(width), i);
      }
    }
  }
  void AnyEdges(Plan& plan, std::size_t most) {
    for (std::size_t i = 1; i < plan.nodes.size(); ++i) {
      for (std::size_t k = Below(most + 1); k > 0; --k) plan.edges.emplace_back(Below(i), i);
    }
  }

  std::mt19937 random_;
};

// The oracle: one pass in order of the indices.
class Oracle {
 public:
  static std::vector<End> Ends(const Plan& plan, std::size_t run) {
    std::vector<End> ends;
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
      const NodePlan& node = plan.nodes[i];
      bool runs = true;
      for (const std::size_t before : plan.Before(i)) {
        if (ends[before] != End::kCompleted) {
          runs = runs && node.run_anyway;
        } else if (plan.nodes[before].kind == Kind::kCondition) {
          runs = runs && Taken(plan, before, run) == i;
        }
      }
      ends.push_back(!runs ? End::kSkipped : Fails(node, run) ? End::kFailed : End::kCompleted);
    }
    return ends;
  }
  static bool Fails(const NodePlan& node, std::size_t run) {
    if (node.kind != Kind::kNested) return node.endings[run] != Ending::kValue;
    const std::vector<End> ends = Ends(*node.nested, run);
    return std::count(ends.begin(), ends.end(), End::kFailed) > 0;
  }

 private:
  static std::size_t Taken(const Plan& plan, std::size_t condition, std::size_t run) {
    const std::vector<std::size_t> after = plan.After(condition);
    const auto choice = static_cast<std::size_t>(plan.nodes[condition].choices[run]);
    return choice < after.size() ? after[choice] : plan.nodes.size();
  }
};

// A plan as a TaskGraph whose bodies write down, in plain data, what happens.
class Built {
 public:
  explicit Built(const Plan& plan)
      : plan_(plan),
        inner_(plan.nodes.size()),
        nodes_(plan.nodes.size()),
        ran_(plan.nodes.size()),
        stamps_(plan.nodes.size()) {
    for (const std::size_t i : plan.creation) AddNode(i);
    for (const auto& edge : plan.edges) nodes_[edge.first].Before(nodes_[edge.second]);
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) before_.push_back(plan.Before(i));
  }

  TaskGraph& graph() { return graph_; }
  const std::vector<End>& ends() const { return ends_; }

  void Prepare(std::size_t run) {
    run_ = run;
    ends_ = Oracle::Ends(plan_, run);
    stamp_ += 1000;
    asked_ = 0;
    ran_.assign(ran_.size(), 0);
    for (const auto& inner : inner_) {
      if (inner != nullptr) inner->Prepare(run);
    }
  }

  // Each node ran `times`, or never.
  void Check(int times, const std::string& label) const {
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      const int expected = ends_[i] == End::kSkipped ? 0 : times;
      const std::string node = label + " node " + std::to_string(i);
      if (inner_[i] == nullptr) {
        ASSERT_EQ(ran_[i], expected) << node;
      } else {
        const int rounds = ends_[i] == End::kFailed ? 1 : plan_.nodes[i].rounds;
        inner_[i]->Check(expected * rounds, node);
      }
    }
  }

 private:
  void AddNode(std::size_t i) {
    const NodePlan& node = plan_.nodes[i];
    if (node.kind == Kind::kCondition) {
      nodes_[i] = graph_.AddCondition([this, i] {
        if (!Body(i).ok()) throw std::runtime_error("asked to");
        return plan_.nodes[i].choices[run_];
      });
    } else if (node.kind == Kind::kBody) {
      nodes_[i] = graph_.Add([this, i] { return Body(i); });
    } else {
      AddNested(i);
    }
    nodes_[i].Name("n" + std::to_string(i));
    if (node.cost > 0) nodes_[i].Cost(node.cost);
    if (node.run_anyway) nodes_[i].OnFailedDependency(DependencyPolicy::kRunAnyway);
  }
  void AddNested(std::size_t i) {
    const NodePlan& node = plan_.nodes[i];
    inner_[i] = std::make_unique<Built>(*node.nested);
    Built& inner = *inner_[i];
    if (node.rounds == 1) {
      nodes_[i] = graph_.AddGraph(inner.graph_);
    } else {
      nodes_[i] = graph_.AddGraph(inner.graph_, [&inner, rounds = node.rounds] {
        ++inner.stamp_;
        return ++inner.asked_ % rounds != 0;
      });
    }
  }
  absl::Status Body(std::size_t i) {
    for (const std::size_t before : before_[i]) {
      if (ends_[before] == End::kSkipped || inner_[before] != nullptr) continue;
      EXPECT_EQ(stamps_[before], stamp_);
    }
    stamps_[i] = stamp_;
    ++ran_[i];
    if (plan_.nodes[i].endings[run_] == Ending::kThrow) throw static_cast<int>(i);
    if (plan_.nodes[i].endings[run_] == Ending::kError) return absl::AbortedError("asked to");
    return absl::OkStatus();
  }

  const Plan& plan_;
  std::vector<std::vector<std::size_t>> before_;
  std::vector<std::unique_ptr<Built>> inner_;
  TaskGraph graph_;
  std::vector<TaskGraph::Node> nodes_;
  // Of the run under way.
  std::size_t run_ = 0;
  std::vector<End> ends_;
  int asked_ = 0;
  int stamp_ = 0;  // of the round
  std::vector<int> ran_;
  std::vector<int> stamps_;
};

void CheckSummary(const RunSummary& summary, const std::vector<End>& ends,
                  const std::string& label) {
  const auto count = [&ends](End end) { return std::count(ends.begin(), ends.end(), end); };
  ASSERT_TRUE(summary.status.ok()) << label << ": " << summary.status;
  ASSERT_EQ(summary.submitted, static_cast<std::int64_t>(ends.size())) << label;
  ASSERT_EQ(summary.completed, count(End::kCompleted)) << label;
  ASSERT_EQ(summary.failed, count(End::kFailed)) << label;
  ASSERT_EQ(summary.skipped, count(End::kSkipped)) << label;
  std::set<std::string> expected;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (ends[i] == End::kFailed) expected.insert("n" + std::to_string(i));
  }
  std::set<std::string> listed;
  for (const TaskFailure& failure : summary.failures) listed.insert(failure.name);
  ASSERT_EQ(listed, expected) << label;
}

class RandomGraphTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(RandomGraphTest);

unsigned GraphCount() {
  return testing::FromEnvironment("WEFT_RANDOM_GRAPHS", WEFT_SANITIZED ? 500 : 5000);
}

TEST_P(RandomGraphTest, EqualsTheSequentialOracleInEachRun) {
  for (unsigned seed = 1; seed <= GraphCount(); ++seed) {
    Draw draw(seed);
    const Plan plan = draw.Graph(/*most_nodes=*/300, /*depth=*/2);
    Built built(plan);
    for (std::size_t run = 0; run < kRuns; ++run) {
      const std::string label = "seed " + std::to_string(seed) + " run " + std::to_string(run);
      built.Prepare(run);
      const RunSummary summary = scheduler_->Run(built.graph());
      CheckSummary(summary, built.ends(), label);
      if (!HasFatalFailure()) built.Check(1, label);
      if (HasFailure()) FAIL() << label;
    }
  }
}

}  // namespace
}  // namespace weft
