// SPDX-License-Identifier: Apache-2.0
//
// Building; graph_freeze.cc has what comes before the first run, graph_run.cc the runs.

#include "weft/scheduler/internal/graph.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "weft/core/internal/fork_count.h"
#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/table_room.h"

namespace weft::internal {

namespace {

// Of one process. In a child of it a lock may be held by a thread that is not there: the
// child has another of these, and its parent's stays as it was.
struct SharedPool {
  explicit SharedPool(SharedPool* its_parents) : parents(its_parents) {}

  SharedPool* const parents;
  const std::uint32_t forks = ForkCount();
  StdPlatform::Lock lock;
  std::weak_ptr<GraphNodePool> pool;  // guarded by lock
};

// Never destroyed: a static object of the user may still make a graph.
SharedPool& PoolOfProcess() {
  static constinit StdPlatform::Atomic<SharedPool*> of_process{nullptr};
  SharedPool* found = of_process.load(std::memory_order_acquire);
  while (found == nullptr || found->forks != ForkCount()) {
    auto made = std::make_unique<SharedPool>(found);
    if (of_process.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel)) {
      return *made.release();
    }
  }
  return *found;
}

}  // namespace

std::shared_ptr<GraphNodePool> SharedNodePool() {
  if (!CountForks()) throw std::bad_alloc();
  SharedPool& shared = PoolOfProcess();
  std::lock_guard lock(shared.lock);
  std::shared_ptr<GraphNodePool> pool = shared.pool.lock();
  if (pool == nullptr) shared.pool = pool = std::make_shared<GraphNodePool>();
  return pool;
}

Graph::Graph() { FollowStopFlag(&stop_); }

Graph::~Graph() {
  assert(!running_.load());
  Clear().IgnoreError();  // whoever wants to know calls it
}

std::size_t Graph::OrdinalOf(const GraphNode& node) const {
  // relaxed: written when the node was added.
  if (!frozen_) return node.link.load(std::memory_order_relaxed);
  const auto slab = std::upper_bound(ordinals_.begin(), ordinals_.end(), &node,
                                     [](const GraphNode* wanted, const auto& entry) {
                                       return std::less<>()(wanted, entry.first);
                                     });
  return std::prev(slab)->second + static_cast<std::size_t>(&node - std::prev(slab)->first);
}

void Graph::AddSlab() {
  slabs_.reserve(slabs_.size() + 1);
  ordinals_.reserve(slabs_.size() + 1);
  slabs_.push_back(pool_->Acquire());
  const std::pair<const GraphNode*, std::size_t> entry(&slabs_.back()->As<GraphNode>(),
                                                       node_count_);
  ordinals_.insert(std::lower_bound(ordinals_.begin(), ordinals_.end(), entry), entry);
}

GraphNode& Graph::NewNode(const GraphNodeOps& ops) noexcept {
  if (frozen_) {
    Refuse(absl::StatusCode::kFailedPrecondition, "a node was added after the graph was frozen");
  }
  const std::size_t ordinal = node_count_;
  if (ordinal == slabs_.size() * GraphNodePool::kSlabNodes) {
    if (forks_ != ForkCount()) {
      Refuse(absl::StatusCode::kFailedPrecondition,
             "the graph was made before this process was forked: make a new one in the child");
      return no_node_;
    }
    try {
      AddSlab();
    } catch (const std::bad_alloc&) {
      Refuse(OutOfMemory());
      return no_node_;
    }
  }
  GraphNode* const node = ::new (static_cast<void*>(&NodeAt(ordinal))) GraphNode;
  node->ops = &ops;
  node->scope = this;
  node->link.store(static_cast<std::uint32_t>(ordinal), std::memory_order_relaxed);
  ++node_count_;
  return *node;
}

void Graph::DropNewest() noexcept {
  const GraphNode* const newest = &NodeAt(--node_count_);
  costs_.erase(newest);
  options_.erase(newest);
}

GraphNode& Graph::DropNewestForMemory() noexcept {
  DropNewest();
  Refuse(OutOfMemory());
  return no_node_;
}

void Graph::Connect(GraphNode& before, GraphNode& after) {
  if (!IsNode(before) || !IsNode(after)) return;  // the graph is refused already
  if (frozen_) {
    return Refuse(absl::StatusCode::kFailedPrecondition,
                  "an edge was added after the graph was frozen");
  }
  if (before.scope != this || after.scope != this) {
    return Refuse(absl::StatusCode::kInvalidArgument, "an edge joins nodes of two graphs");
  }
  if (edges_.size() == edges_.capacity()) {
    try {
      edges_.reserve(std::max<std::size_t>(16, 2 * edges_.size()));
    } catch (const std::bad_alloc&) {
      return Refuse(OutOfMemory());
    }
  }
  edges_.push_back({&before, &after});
  ++edge_count_;
  ++before.successor_count;
  ++after.in_degree;
  in_creation_order_ = in_creation_order_ && OrdinalOf(before) < OrdinalOf(after);
}

void Graph::SetName(GraphNode& node, std::string name) {
  if (!IsNode(node)) return;
  try {
    SafelyAt(names_, &node) = std::move(name);
  } catch (const std::bad_alloc&) {
    Refuse(OutOfMemory());
  }
}

void Graph::SetCost(GraphNode& node, double microseconds) {
  if (!IsNode(node)) return;
  if (frozen_) {
    return Refuse(absl::StatusCode::kFailedPrecondition,
                  "a cost was given after the graph was frozen");
  }
  Refuse(OrOutOfMemory([&] {
    if (!(microseconds >= 0) || !std::isfinite(microseconds)) {
      return absl::InvalidArgumentError("the cost of '" + NameOf(node) + "' is " +
                                        std::to_string(microseconds) +
                                        ", expected a number of microseconds from 0 on");
    }
    SafelyAt(costs_, &node) = microseconds;
    return absl::OkStatus();
  }));
}

void Graph::SetRunAnyway(GraphNode& node, bool run_anyway) {
  const std::uint32_t word = node.word.load(std::memory_order_relaxed);
  node.word.store(run_anyway ? word | kRunAnyway : word & ~kRunAnyway, std::memory_order_relaxed);
}

void Graph::Refuse(absl::Status why) noexcept {
  if (refused_.ok()) refused_ = std::move(why);
}

void Graph::Refuse(absl::StatusCode code, std::string_view why) noexcept {
  Refuse(StatusWithText(code, why));
}

std::string Graph::NameOf(const GraphNode& node) const {
  const auto named = names_.find(&node);
  return named != names_.end() ? named->second : "node " + std::to_string(OrdinalOf(node));
}

std::optional<double> Graph::CostOf(const ReadyNode& node) const {
  const auto cost = costs_.find(static_cast<const GraphNode*>(&node));
  return cost == costs_.end() ? std::nullopt : std::optional(cost->second);
}

absl::Status Graph::Clear() {
  absl::Status first;
  ForEachNode([&first](GraphNode& node) {
    if (node.ops->destroy == nullptr) return;
    try {
      node.ops->destroy(node);
    } catch (...) {
      if (first.ok()) first = StatusOfException(std::current_exception());
    }
  });
  // In a forked child the pool's lock may be held by a thread that is not there.
  if (forks_ == ForkCount()) {
    for (const Slab<StdPlatform> slab : slabs_) pool_->Release(slab);
  }
  slabs_.clear();
  ordinals_.clear();
  node_count_ = edge_count_ = 0;
  edges_.clear();
  successors_.reset();
  roots_.clear();
  names_.clear();
  costs_.clear();
  options_.clear();
  kinds_.clear();
  ranks_made_ = false;
  refused_ = absl::OkStatus();
  in_creation_order_ = true;
  frozen_ = false;
  SetSpecial(false, false);  // no node is marked
  return first;
}

namespace {

// As Graphviz reads it: everything else, UTF-8 too, stands for itself.
std::string InQuotes(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}});
}

}  // namespace

std::string Graph::ToDot() const {
  std::string dot = "digraph weft {\n";
  const auto id = [this](const GraphNode& node) { return "n" + std::to_string(OrdinalOf(node)); };
  ForEachNode([&](const GraphNode& node) {
    const std::uint32_t word = node.word.load(std::memory_order_relaxed);
    dot += "  " + id(node) + " [label=\"" + InQuotes(NameOf(node));
    if (const auto cost = costs_.find(&node); cost != costs_.end()) {
      dot += "\\n" + absl::StrCat(cost->second) + " us";
    }
    dot += '"';
    if ((word & kCondition) != 0) dot += ", shape=diamond";
    if ((word & kNested) != 0) dot += ", shape=box3d";
    dot += "];\n";
  });
  const auto edge = [&](const GraphNode& before, const GraphNode& after, std::uint32_t number) {
    dot += "  " + id(before) + " -> " + id(after);
    const std::uint32_t word = before.word.load(std::memory_order_relaxed);
    if ((word & kCondition) != 0) dot += " [style=dashed, label=" + std::to_string(number) + "]";
    dot += ";\n";
  };
  std::vector<std::uint32_t> numbers(frozen_ ? 0 : node_count_);
  for (const Edge& each : edges_) {
    edge(*each.before, *each.after, numbers[OrdinalOf(*each.before)]++);
  }
  if (frozen_) {
    ForEachNode([&](const GraphNode& node) {
      for (std::uint32_t k = 0; k < node.successor_count; ++k) edge(node, *node.successors[k], k);
    });
  }
  return dot + "}\n";
}

}  // namespace weft::internal
