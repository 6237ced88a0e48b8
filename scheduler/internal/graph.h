// SPDX-License-Identifier: Apache-2.0
//
// What is behind a TaskGraph: its nodes and edges while it is built, its runs later.

#ifndef WEFT_SCHEDULER_INTERNAL_GRAPH_H_
#define WEFT_SCHEDULER_INTERNAL_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/cancellation.h"
#include "weft/core/clock.h"
#include "weft/core/internal/fork_count.h"
#include "weft/core/internal/platform.h"
#include "weft/core/internal/running_task.h"
#include "weft/core/task_options.h"
#include "weft/distribution/cost_model.h"
#include "weft/scheduler/internal/event_teller.h"
#include "weft/scheduler/internal/graph_core.h"
#include "weft/scheduler/internal/latch.h"
#include "weft/scheduler/internal/node_pool.h"
#include "weft/scheduler/internal/root_queue.h"
#include "weft/scheduler/internal/run_record.h"
#include "weft/scheduler/run_summary.h"
#include "weft/sync/failure_log.h"
#include "weft/sync/progress_tracker.h"

namespace weft::internal {

using ReadyNode = Node<StdPlatform>;
using GraphNode = StaticNode<StdPlatform>;
using GraphNodeOps = NodeOps<StdPlatform>;
using GraphWorker = Worker<StdPlatform>;
using GraphNodePool = NodePool<StdPlatform>;
static_assert(sizeof(Cell<StdPlatform>) == sizeof(GraphNode), "one cache line each");

// The pool that all graphs and schedulers share while there are any.
std::shared_ptr<GraphNodePool> SharedNodePool();

class SimulatedWorkers;

// What a scheduler gives to the runs of its graphs.
//
// Thread safety: a plain value.
struct RunHost {
  EventTeller* teller = nullptr;                // null: nobody observes
  RunRecorder* recorder = nullptr;              // null: nothing is recorded
  CostModel* costs = nullptr;                   // never null in a run
  const SimulatedWorkers* simulated = nullptr;  // null: the workers are threads
  int critical_path_priority = 0;
};

// What the bodies of a run see of it.
//
// Thread safety: any thread; Rearm between runs.
class GraphRunTask final : public RunningTask {
 public:
  CancellationToken Token() override;
  TaskId id() const override { return {}; }
  absl::Status Continue(void*) override {
    return absl::FailedPreconditionError("a node of a graph has the successors it was given");
  }
  absl::Duration TimeLeft() const override;
  void Degrade(absl::Status) override { degraded_.fetch_add(1, std::memory_order_relaxed); }
  bool cancel_requested() const override {
    // relaxed: a hint to return early; nothing is read on the strength of it.
    return cancel_requested_.load(std::memory_order_relaxed);
  }

  // `deadline`: a time of the clock, which lives as long as the run.
  void Rearm(const Clock& clock, absl::Duration deadline);
  void Cancel(const absl::Status& why);
  std::int64_t degraded() const { return degraded_.load(std::memory_order_relaxed); }

 private:
  const Clock* clock_ = nullptr;
  absl::Duration deadline_ = absl::InfiniteDuration();
  StdPlatform::Atomic<std::int64_t> degraded_{0};
  StdPlatform::Lock lock_;
  std::optional<CancellationSource> source_;  // guarded by lock_; made when asked for
  absl::Status reason_;                       // guarded by lock_
  StdPlatform::Atomic<bool> cancel_requested_{false};
};

// Thread safety: building and freezing by one thread at a time; runs as GraphCore says.
class Graph final : public GraphCore<StdPlatform> {
 public:
  Graph();
  // Requires: not running.
  ~Graph();

  static Graph& Of(ReadyNode& node) { return static_cast<Graph&>(*node.scope); }
  // The graph that this one runs in, as a node of a node; this one itself when in none. For
  // bodies of the run.
  Graph& Outermost() {
    Graph* graph = this;
    while (graph->nested_in_ != nullptr) graph = &Of(*graph->nested_in_);
    return *graph;
  }
  const Graph& Outermost() const { return const_cast<Graph*>(this)->Outermost(); }

  // Building. Errors are kept and come out of Freeze, want of memory too.
  // A node that belongs to nothing when there is no memory for one.
  GraphNode& NewNode(const GraphNodeOps& ops) noexcept;
  bool IsNode(const GraphNode& node) const { return &node != &no_node_; }
  // Takes back the node that was made last: its callable could not be stored.
  void DropNewest() noexcept;
  // The same, for want of memory.
  GraphNode& DropNewestForMemory() noexcept;
  void Connect(GraphNode& before, GraphNode& after);
  void SetName(GraphNode& node, std::string name);
  void SetCost(GraphNode& node, double microseconds);
  // graph_rank.cc
  void SetOptions(GraphNode& node, const TaskOptions& options);
  void SetRunAnyway(GraphNode& node, bool run_anyway);
  void Refuse(absl::Status why) noexcept;
  void Refuse(absl::StatusCode code, std::string_view why) noexcept;
  GraphNode& AddNested(Graph& graph, std::function<bool()> repeat_while);
  // InvalidArgument with the path of a cycle; what was refused before. O(V + E).
  absl::Status Freeze() noexcept;
  // Destroys all nodes; the first that a destructor threw. Requires: not running.
  absl::Status Clear();

  bool frozen() const { return frozen_; }
  std::size_t node_count() const { return node_count_; }
  std::size_t edge_count() const { return edge_count_; }
  std::string NameOf(const GraphNode& node) const;
  // Empty: it has none.
  std::string_view NameIn(const ReadyNode& node) const {
    const auto name = names_.find(static_cast<const GraphNode*>(&node));
    return name == names_.end() ? std::string_view() : std::string_view(name->second);
  }
  // In microseconds; none when none was given.
  std::optional<double> CostOf(const ReadyNode& node) const;
  std::string ToDot() const;

  // Running.
  struct Limits {
    bool fail_fast = false;
    absl::Duration timeout = absl::InfiniteDuration();
    ProgressTracker::Part* progress = nullptr;  // null: nobody counts
  };
  // FailedPrecondition: it runs already.
  absl::Status Begin(const Clock& clock, const Limits& limits, const RunHost& host);
  // Whether its nodes have ranks in this run, and how many in each lane.
  using GraphCore::ranked;
  const ReadyLanes<StdPlatform>::RankedCounts& ranked_counts() const { return ranked_counts_; }
  // Puts the first nodes where workers find them. Nothing of the graph is read after the last.
  void Offer(RunLoop<StdPlatform>& loop);
  absl::Duration deadline() const { return deadline_; }
  RootRange<StdPlatform>& roots() { return range_; }
  // Instead of the run, if none of its nodes was taken. Then its latch is not set.
  bool TakeBackFrom(RunLoop<StdPlatform>& loop);
  Latch<StdPlatform>& done() { return done_; }
  // `late`: the run's deadline has passed, and nodes that have not started fail.
  void Cancel(const absl::Status& why, bool late = false);
  RunSummary End();
  static absl::Status LateStatus() noexcept;
  void Abandon() noexcept;  // instead of End: nothing came of it
  RunningTask& run_task() { return *run_task_; }

  // Of a run that is recorded: its nodes that are ready or run, up to so many, with their names.
  // Any thread, while the run cannot end. Throws std::bad_alloc.
  struct UnderWay {
    std::vector<NodeUnderWay> nodes;
    std::int64_t ready = 0;
    std::int64_t running = 0;
  };
  bool recorded() const { return recorded_ != nullptr; }
  void AddUnderWay(UnderWay& nodes, std::size_t most) const;

  GraphNode* EndFailed(GraphNode& node, GraphWorker& worker, absl::Status status) noexcept;
  GraphNode* EndUnrun(GraphNode& node, GraphWorker& worker) noexcept;
  GraphNode* EndThrown(GraphNode& node, GraphWorker& worker, std::exception_ptr thrown) noexcept;
  void OnQuiet(GraphWorker& worker) noexcept override;

 private:
  struct Nested;
  struct OrderRoom;
  struct Edge {
    GraphNode* before;
    GraphNode* after;
  };

  GraphNode& NodeAt(std::size_t ordinal) const {
    return slabs_[ordinal / GraphNodePool::kSlabNodes][ordinal % GraphNodePool::kSlabNodes]
        .As<GraphNode>();
  }
  std::size_t OrdinalOf(const GraphNode& node) const;
  template <class F>
  void ForEachNode(F visit) const;
  void AddSlab();
  absl::Status FreezeNow();
  absl::Status CheckAcyclic();
  std::string CyclePath(const std::vector<std::uint32_t>& waiting) const;
  void OrderByCost(OrderRoom& room);
  void Record(GraphNode& node, absl::Status status) noexcept;
  // What the others are cancelled with once `node` has failed.
  absl::Status FailFastReason(const GraphNode& node, const absl::Status& status) noexcept;
  bool late();
  bool RecordLate(GraphNode& node) noexcept override;
  bool TakeRun();
  // graph_record.cc
  // So that the nodes of the run can be recorded. Throws std::bad_alloc.
  void MakeRecord(const RunHost& host);
  NodeRecord* RecordOf(const GraphNode& node) const;
  void ResetRecord();
  void NoteEvent(TaskEventKind kind, TaskState state, const GraphNode& node, int slot,
                 const GraphNode* other, std::int64_t at) noexcept;
  void NoteNestedStart(const GraphNode& node) noexcept;
  void Describe(RunSummary& summary);
  // `slot`: of the worker that does it; -1: none.
  void PrepareRun(int slot);
  void MarkNodes(bool noted);
  void TellNodes(int slot) noexcept;
  // In the progress of the run.
  void AnnounceNodes();
  void CountEnded(const GraphNode& node, TaskState state) noexcept;
  void TellNow(TaskEventKind kind, TaskState state, const GraphNode& node, int slot,
               const GraphNode* other = nullptr) noexcept;
  void NoteStart(const GraphNode& node, GraphWorker& worker) noexcept override;
  void NoteEnd(GraphNode& node, TaskState state, GraphWorker& worker) noexcept override;
  void NoteReleased(GraphNode& node, GraphNode& successor, GraphWorker& worker) noexcept override;
  void NoteReady(GraphNode& node, GraphNode& successor, GraphWorker& worker) noexcept override;
  // graph_rank.cc
  static void SetRank(GraphNode& node, std::uint32_t rank) {
    const std::uint32_t flags =
        node.word.load(std::memory_order_relaxed) & ((1U << kRankShift) - 1);
    node.word.store(flags | (rank << kRankShift), std::memory_order_relaxed);
  }
  // Asks what the kinds are expected to take; whether the ranks are not those of now.
  bool UpdateKinds(const RunHost& host);
  std::vector<double> KnownCosts() const;
  std::vector<GraphNode*> InOrder() const;
  void MakeRanks(const RunHost& host);
  absl::Status Rank(const RunHost& host) noexcept;
  bool TakeBackRanked(RunLoop<StdPlatform>& loop);
  TaskId IdOf(const GraphNode& node) const {
    return {.index = GraphNodePool::IndexOf(node), .generation = run_number_};
  }
  static ReadyNode* StepNested(ReadyNode& ready, GraphWorker& worker) noexcept;
  static void DestroyNested(ReadyNode& node);
  void BeginNested(const RunHost& host, GraphWorker& worker) noexcept;
  bool StartNestedRun(GraphWorker& worker) noexcept;
  absl::Status NestedFailure() const noexcept;
  void EndNestedRun(GraphWorker& worker) noexcept;

  const std::shared_ptr<GraphNodePool> pool_ = SharedNodePool();
  const std::uint32_t forks_ = ForkCount();
  std::vector<Slab<StdPlatform>> slabs_;
  GraphNode no_node_;  // instead of one that there was no memory for
  std::size_t node_count_ = 0;
  std::size_t edge_count_ = 0;
  std::vector<Edge> edges_;        // until frozen
  bool in_creation_order_ = true;  // each edge leads to a younger node: no cycle
  bool frozen_ = false;
  absl::Status refused_;
  std::unique_ptr<GraphNode*[]> successors_;
  std::vector<GraphNode*> roots_;
  // The slabs by address, each with the ordinal of its first node.
  std::vector<std::pair<const GraphNode*, std::size_t>> ordinals_;
  absl::flat_hash_map<const GraphNode*, std::string> names_;
  absl::flat_hash_map<const GraphNode*, double> costs_;
  struct NodeOptions {
    std::size_t kind = 0;  // in kinds_
    int priority = 0;
  };
  absl::flat_hash_map<const GraphNode*, NodeOptions> options_;
  std::vector<TaskKind> kinds_;
  // What the ranks were made of.
  bool ranks_made_ = false;
  bool has_ranks_ = false;
  int ranks_for_ = 0;              // critical_path_priority
  std::vector<double> predicted_;  // by kind; 0: not known
  ReadyLanes<StdPlatform>::RankedCounts ranked_counts_{};

  // A run.
  StdPlatform::Atomic<bool> running_{false};
  RunHost host_;
  std::unique_ptr<GraphRecord> recorded_;  // null: nothing is recorded; constant during a run
  // Where the nodes count, of a run that is no node of another; null: nowhere.
  ProgressTracker::Part* progress_ = nullptr;
  bool learns_ = false;
  bool use_ranks_ = false;
  std::vector<KindId> kind_ids_;  // by kind
  std::uint32_t run_number_ = 0;  // of those that were observed
  StopFlag stop_{false};
  bool fail_fast_ = false;
  absl::Duration deadline_ = absl::InfiniteDuration();
  GraphRunTask own_run_task_;
  RunningTask* run_task_ = &own_run_task_;
  RootRange<StdPlatform> range_;
  Latch<StdPlatform> done_;
  std::optional<FailureLog> failures_;
  absl::Status cancel_reason_;  // guarded by cancel_lock_
  bool late_ = false;           // guarded by it
  StdPlatform::Lock cancel_lock_;
  const Clock* clock_ = nullptr;
  absl::Duration began_;
  GraphNode* nested_in_ = nullptr;  // the node of another graph that this run belongs to
};

// A run that has begun: one who holds it ends the run, or gives it up.
//
// Thread safety: one thread at a time.
class GraphClaim {
 public:
  explicit GraphClaim(Graph& begun) : graph_(&begun) {}
  GraphClaim(GraphClaim&& other) noexcept : graph_(std::exchange(other.graph_, nullptr)) {}
  GraphClaim& operator=(GraphClaim&&) = delete;
  ~GraphClaim() {
    if (graph_ != nullptr) graph_->Abandon();
  }

  Graph& operator*() const { return *graph_; }
  RunSummary End() { return std::exchange(graph_, nullptr)->End(); }

 private:
  Graph* graph_;
};

template <class F>
void Graph::ForEachNode(F visit) const {
  for (std::size_t i = 0; i < node_count_; ++i) visit(NodeAt(i));
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_GRAPH_H_
