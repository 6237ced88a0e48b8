// SPDX-License-Identifier: Apache-2.0
//
// A graph of tasks that is built once and run many times.

#ifndef WEFT_SCHEDULER_TASK_GRAPH_H_
#define WEFT_SCHEDULER_TASK_GRAPH_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "absl/status/status.h"

#include "weft/core/task_definition.h"
#include "weft/scheduler/internal/callable_traits.h"
#include "weft/scheduler/internal/graph.h"
#include "weft/scheduler/internal/graph_body.h"

namespace weft {

class TaskScheduler;

// TaskScheduler::Run runs it. A run executes each node once, after its predecessors;
// nothing is allocated and nothing is reset between runs. Bodies stay in the graph and
// are called again in each run: what they capture must live as long.
//
// Thread safety: building, freezing and clearing by one thread at a time, not during a
// run. One run at a time.
// Cost: a node is 64 bytes, and a separate allocation when the callable is larger than
// 24; an edge is 8 bytes once frozen. Freezing is O(V + E).
class TaskGraph {
 public:
  // A node of a graph, to connect it. A plain value; valid while the graph is.
  //
  // Thread safety: as the graph.
  class Node {
   public:
    Node() = default;

    // This one ends before those start. Edges may be given twice, and in any order;
    // a mistake (another graph's node, a frozen graph) comes out of Freeze.
    template <std::same_as<Node>... Nodes>
    Node& Before(Nodes... nodes) {
      (graph_->Connect(*node_, *nodes.node_), ...);
      return *this;
    }
    template <std::same_as<Node>... Nodes>
    Node& After(Nodes... nodes) {
      (graph_->Connect(*nodes.node_, *node_), ...);
      return *this;
    }
    // For failures, cycles and ToDot; "node 7" when it has none.
    Node& Name(std::string name) {
      graph_->SetName(*node_, std::move(name));
      return *this;
    }
    // How long the body will take, in microseconds; 0 when nobody knows. Of several nodes
    // that become ready together, the worker goes on with the one that has the longest
    // way to the end. Requires: finite and not negative.
    Node& Cost(double microseconds) {
      graph_->SetCost(*node_, microseconds);
      return *this;
    }
    // What becomes of this node when a predecessor does not complete; skip by default.
    // One that a condition did not choose is skipped in any case.
    Node& OnFailedDependency(DependencyPolicy policy) {
      graph_->SetRunAnyway(*node_, policy == DependencyPolicy::kRunAnyway);
      return *this;
    }

   private:
    friend class TaskGraph;
    Node(internal::Graph* graph, internal::GraphNode& node) : graph_(graph), node_(&node) {}
    internal::Graph* graph_ = nullptr;
    internal::GraphNode* node_ = nullptr;
  };

  TaskGraph() = default;
  TaskGraph(const TaskGraph&) = delete;
  TaskGraph& operator=(const TaskGraph&) = delete;
  // Requires: not running. Clear() first where destructors of bodies may throw.
  ~TaskGraph() = default;

  // `function` returns void or absl::Status and may take a TaskContext&. An error or
  // anything thrown makes the node fail; those after it are skipped.
  template <internal::NotOptions F>
  Node Add(F function) {
    return AddKind<internal::GraphBodyKind>(std::move(function), 0);
  }
  // The same with a kind, a priority or a cost; other options are InvalidArgument, out of Freeze. A
  // priority is also that of the nodes before it. With costs, or kinds that the scheduler has seen,
  // of all nodes that are ready the one with the longest way to the end goes first, and those on
  // the longest way of all have ParallelProcessingConfig::critical_path_priority, too: which makes
  // runs short, as a rule, and costs a shared lock for each node that does not run in place.
  // Without threads, and in a graph that a body without threads runs, nodes run in the order of
  // arrival.
  template <class F>
  Node Add(const TaskOptions& options, F function) {
    Node node = Add(std::move(function));
    graph_->SetOptions(*node.node_, options);
    return node;
  }
  // `function` returns the number of the successor that is taken: 0 is the one that was
  // connected first. The others end as skipped; another number takes none.
  template <class F>
  Node AddCondition(F function) {
    return AddKind<internal::GraphConditionKind>(std::move(function), internal::Graph::kCondition);
  }
  // Another graph as one node, which fails when one of its nodes fails. Freezes
  // `graph`, which must outlive this one; it may be nested in several places, but not
  // run in two of them at once (the later node fails, FailedPrecondition).
  Node AddGraph(TaskGraph& graph) { return AddGraph(graph, nullptr); }
  // A loop: the graph runs, and again while `repeat_while` returns true.
  Node AddGraph(TaskGraph& graph, std::function<bool()> repeat_while) {
    return Node(graph_.get(), graph_->AddNested(*graph.graph_, std::move(repeat_while)));
  }

  // Makes the graph ready to run; the first run does it otherwise.
  //   ResourceExhausted: there was no memory for a node, an edge, a name or a cost; Clear
  //     the graph, then; or there is none for this: freeze it again
  //   InvalidArgument: "circular dependency: a -> b -> a", an edge between two graphs
  //   FailedPrecondition: something was added after an earlier Freeze
  absl::Status Freeze() { return graph_->Freeze(); }
  bool frozen() const { return graph_->frozen(); }
  std::size_t node_count() const { return graph_->node_count(); }
  std::size_t edge_count() const { return graph_->edge_count(); }

  // Makes the graph empty. The first error that a destructor of a body threw.
  absl::Status Clear() { return graph_->Clear(); }

  // For Graphviz: conditions are diamonds with numbered, dashed edges. Throws std::bad_alloc.
  std::string ToDot() const { return graph_->ToDot(); }

 private:
  friend class TaskScheduler;

  template <template <class> class Kind, class F>
  Node AddKind(F function, std::uint32_t word) {
    internal::GraphNode& node = graph_->NewNode(internal::kGraphOps<Kind, F>);
    if (!graph_->IsNode(node)) return Node(graph_.get(), node);
    try {
      internal::GraphPayload<F>::Store(node, std::move(function));
    } catch (const std::bad_alloc&) {
      return Node(graph_.get(), graph_->DropNewestForMemory());
    } catch (...) {
      graph_->DropNewest();
      throw;
    }
    if (word != 0) node.word.store(word, std::memory_order_relaxed);
    return Node(graph_.get(), node);
  }

  const std::unique_ptr<internal::Graph> graph_ = std::make_unique<internal::Graph>();
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_TASK_GRAPH_H_
