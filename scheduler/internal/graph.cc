// SPDX-License-Identifier: Apache-2.0
//
// Building and freezing; graph_run.cc has the runs.

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

template <class F>
void Graph::ForEachNode(F visit) const {
  for (std::size_t i = 0; i < node_count_; ++i) visit(NodeAt(i));
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

void Graph::DropNewest() noexcept { costs_.erase(&NodeAt(--node_count_)); }

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

absl::Status Graph::Freeze() noexcept {
  return OrOutOfMemory([this] { return FreezeNow(); });
}

struct Graph::OrderRoom {
  explicit OrderRoom(std::size_t nodes) : to_end(nodes), waiting(nodes) { sorted.reserve(nodes); }

  std::vector<double> to_end;
  std::vector<std::uint32_t> waiting;
  std::vector<GraphNode*> sorted;
};

absl::Status Graph::FreezeNow() {
  if (!refused_.ok() || frozen_) return refused_;
  if (!in_creation_order_) {
    if (absl::Status acyclic = CheckAcyclic(); !acyclic.ok()) return acyclic;
  }
  // All the memory first: what comes then does not stop halfway.
  std::size_t roots = 0;
  ForEachNode([&roots](const GraphNode& node) { roots += node.in_degree == 0 ? 1 : 0; });
  roots_.clear();
  roots_.reserve(roots);
  OrderRoom room(costs_.empty() ? 0 : node_count_);
  successors_ = std::make_unique_for_overwrite<GraphNode*[]>(edge_count_);
  GraphNode** next = successors_.get();
  ForEachNode([&](GraphNode& node) {
    node.successors = next;
    next += node.successor_count;
    node.successor_count = 0;  // counted up again below
    GraphNodePool::JoinOf(node).store(node.in_degree, std::memory_order_relaxed);
    if (node.in_degree == 0) roots_.push_back(&node);
  });
  for (const Edge& edge : edges_) {
    // The list is ours to write until the graph is frozen.
    const_cast<GraphNode**>(edge.before->successors)[edge.before->successor_count++] = edge.after;
  }
  std::vector<Edge>().swap(edges_);
  if (!costs_.empty()) OrderByCost(room);
  frozen_ = true;
  return absl::OkStatus();
}

// Kahn, "Topological sorting of large networks", CACM 5 (1962).
absl::Status Graph::CheckAcyclic() {
  std::vector<std::vector<std::uint32_t>::size_type> first(node_count_ + 1);
  std::vector<std::uint32_t> after(edges_.size());
  for (const Edge& edge : edges_) ++first[OrdinalOf(*edge.before) + 1];
  for (std::size_t i = 0; i < node_count_; ++i) first[i + 1] += first[i];
  auto next = first;
  for (const Edge& edge : edges_) {
    after[next[OrdinalOf(*edge.before)]++] = static_cast<std::uint32_t>(OrdinalOf(*edge.after));
  }
  std::vector<std::uint32_t> waiting(node_count_);
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < node_count_; ++i) {
    waiting[i] = NodeAt(i).in_degree;
    if (waiting[i] == 0) ready.push_back(i);
  }
  std::size_t sorted = 0;
  for (; !ready.empty(); ++sorted) {
    const std::size_t node = ready.back();
    ready.pop_back();
    for (std::size_t edge = first[node]; edge < first[node + 1]; ++edge) {
      if (--waiting[after[edge]] == 0) ready.push_back(after[edge]);
    }
  }
  if (sorted == node_count_) return absl::OkStatus();
  return absl::InvalidArgumentError("circular dependency: " + CyclePath(waiting));
}

// Every node that still waits has a predecessor that does: going back from one of
// them must come round.
std::string Graph::CyclePath(const std::vector<std::uint32_t>& waiting) const {
  std::vector<const GraphNode*> from(node_count_);
  const GraphNode* at = nullptr;
  for (const Edge& edge : edges_) {
    if (waiting[OrdinalOf(*edge.before)] == 0 || waiting[OrdinalOf(*edge.after)] == 0) continue;
    from[OrdinalOf(*edge.after)] = edge.before;
    at = edge.after;
  }
  std::vector<bool> seen(node_count_);
  for (; !seen[OrdinalOf(*at)]; at = from[OrdinalOf(*at)]) seen[OrdinalOf(*at)] = true;
  std::vector<const GraphNode*> cycle = {at};
  for (const GraphNode* node = from[OrdinalOf(*at)]; node != at; node = from[OrdinalOf(*node)]) {
    cycle.push_back(node);
  }
  // From the node that was made first, in the direction of the edges.
  std::reverse(cycle.begin(), cycle.end());
  const auto by_age = [this](const GraphNode* a, const GraphNode* b) {
    return OrdinalOf(*a) < OrdinalOf(*b);
  };
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end(), by_age), cycle.end());
  std::string path;
  for (const GraphNode* node : cycle) path += NameOf(*node) + " -> ";
  return path + NameOf(*cycle.front());
}

std::optional<double> Graph::CostOf(const ReadyNode& node) const {
  const auto cost = costs_.find(static_cast<const GraphNode*>(&node));
  return cost == costs_.end() ? std::nullopt : std::optional(cost->second);
}

// The root, and the successor, with the longest cost to the end comes first: it is the
// one that the worker goes on with. The successors of a condition keep their numbers.
void Graph::OrderByCost(OrderRoom& room) {
  auto& [to_end, waiting, sorted] = room;
  const auto cost_to_end = [this, &room](const GraphNode* of) {
    return room.to_end[OrdinalOf(*of)];
  };
  const auto longest_first = [&](const GraphNode* a, const GraphNode* b) {
    return cost_to_end(a) > cost_to_end(b);
  };
  ForEachNode([&](GraphNode& node) { room.waiting[OrdinalOf(node)] = node.in_degree; });
  sorted.assign(roots_.begin(), roots_.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::uint32_t k = 0; k < sorted[i]->successor_count; ++k) {
      GraphNode* const successor = sorted[i]->successors[k];
      if (--waiting[OrdinalOf(*successor)] == 0) sorted.push_back(successor);
    }
  }
  for (auto at = sorted.rbegin(); at != sorted.rend(); ++at) {
    GraphNode& node = **at;
    auto* const begin = const_cast<GraphNode**>(node.successors);
    GraphNode** const end = begin + node.successor_count;
    double longest = 0;
    std::for_each(begin, end, [&](const GraphNode* successor) {
      longest = std::max(longest, cost_to_end(successor));
    });
    if ((node.word.load(std::memory_order_relaxed) & kCondition) == 0) {
      std::stable_sort(begin, end, longest_first);
    }
    const auto cost = costs_.find(&node);
    to_end[OrdinalOf(node)] = longest + (cost == costs_.end() ? 0 : cost->second);
  }
  std::stable_sort(roots_.begin(), roots_.end(), longest_first);
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
  for (const Slab<StdPlatform> slab : slabs_) pool_->Release(slab);
  slabs_.clear();
  ordinals_.clear();
  node_count_ = edge_count_ = 0;
  edges_.clear();
  successors_.reset();
  roots_.clear();
  names_.clear();
  costs_.clear();
  refused_ = absl::OkStatus();
  in_creation_order_ = true;
  frozen_ = false;
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
