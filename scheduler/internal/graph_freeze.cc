// SPDX-License-Identifier: Apache-2.0
//
// Freezing: a cycle is refused with its path, successors are laid out and ordered.

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
#include "weft/scheduler/internal/graph.h"
#include "weft/scheduler/internal/table_room.h"

namespace weft::internal {

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

}  // namespace weft::internal
