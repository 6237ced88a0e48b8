// SPDX-License-Identifier: Apache-2.0
//
// Which ready node of a graph goes first: the one with the longest way to the end.
//
// Highest level first: Hu, "Parallel sequencing and assembly line problems", Operations Research 9
// (1961), with costs; Adam, Chandy, Dickson, "A comparison of list schedules for parallel
// processing systems", CACM 17 (1974).

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "weft/distribution/cost_model.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/graph.h"
#include "weft/scheduler/internal/table_room.h"

namespace weft::internal {
namespace {

// Monotonic in `cost`, which is not negative; of its digits the first five.
std::uint32_t Quantised(double cost) {
  constexpr int kDropped = 31 - kRankBits;  // a float has 31 bits without the sign
  return std::bit_cast<std::uint32_t>(static_cast<float>(cost)) >> kDropped;
}

bool FarFrom(double now, double before) { return std::abs(now - before) > before / 10; }

}  // namespace

void Graph::SetOptions(GraphNode& node, const TaskOptions& options) {
  if (!IsNode(node)) return;
  Refuse(OrOutOfMemory([&] {
    if (const absl::Status valid = options.Validate(); !valid.ok()) {
      return absl::Status(valid.code(),
                          absl::StrCat("the options of '", NameOf(node), "': ", valid.message()));
    }
    if (options.IsSpecial() || options.finaliser) {
      return absl::InvalidArgumentError(
          "the options of '" + NameOf(node) +
          "': a node of a graph takes kind, priority and cost; retry, attempt_timeout, timeout, "
          "resources, memory_bytes, blocking and finaliser are for tasks of a group");
    }
    if (options.cost > 0) SafelyAt(costs_, &node) = options.cost;
    if (options.kind.empty() && options.priority == 0) return absl::OkStatus();
    auto kind = std::find(kinds_.begin(), kinds_.end(), options.kind);
    if (kind == kinds_.end()) kind = kinds_.insert(kind, options.kind);
    SafelyAt(options_, &node) = {.kind = static_cast<std::size_t>(kind - kinds_.begin()),
                                 .priority = options.priority};
    return absl::OkStatus();
  }));
}

bool Graph::UpdateKinds(const RunHost& host) {
  bool changed = !ranks_made_ || ranks_for_ != host.critical_path_priority;
  learns_ = false;
  kind_ids_.resize(kinds_.size());
  predicted_.resize(kinds_.size());
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    kind_ids_[i] = host.costs->Intern(kinds_[i]);
    learns_ = learns_ || kind_ids_[i].remembered();
    const double now = host.costs->Predict(kind_ids_[i]).value_or(0);
    if (!FarFrom(now, predicted_[i])) continue;
    predicted_[i] = now;
    changed = changed || host.critical_path_priority > 0;
  }
  return changed;
}

// The costs that are known; of the others the mean of those. Nothing: none is known.
std::vector<double> Graph::KnownCosts() const {
  std::vector<double> costs(node_count_, -1);
  for (const auto& [node, options] : options_) {
    if (predicted_[options.kind] > 0) costs[OrdinalOf(*node)] = predicted_[options.kind];
  }
  for (const auto& [node, hint] : costs_) {
    if (hint > 0) costs[OrdinalOf(*node)] = hint;
  }
  double sum = 0;
  std::size_t known = 0;
  for (const double cost : costs) {
    if (cost < 0) continue;
    sum += cost;
    ++known;
  }
  if (known == 0) return {};
  std::replace_if(
      costs.begin(), costs.end(), [](double cost) { return cost < 0; },
      sum / static_cast<double>(known));
  return costs;
}

std::vector<GraphNode*> Graph::InOrder() const {
  std::vector<std::uint32_t> waiting(node_count_);
  ForEachNode([&](const GraphNode& node) { waiting[OrdinalOf(node)] = node.in_degree; });
  std::vector<GraphNode*> sorted(roots_);
  sorted.reserve(node_count_);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (GraphNode* const successor :
         std::span(sorted[i]->successors, sorted[i]->successor_count)) {
      if (--waiting[OrdinalOf(*successor)] == 0) sorted.push_back(successor);
    }
  }
  return sorted;
}

// Throws std::bad_alloc: then the ranks are as they were.
void Graph::MakeRanks(const RunHost& host) {
  const bool by_path = host.critical_path_priority > 0;
  const std::vector<double> costs = by_path ? KnownCosts() : std::vector<double>();
  const auto has_priority = [](const auto& entry) { return entry.second.priority != 0; };
  has_ranks_ = !costs.empty() || std::any_of(options_.begin(), options_.end(), has_priority);
  ranked_counts_ = {};
  if (!has_ranks_) {
    ForEachNode([](GraphNode& node) { SetRank(node, 0); });
    return;
  }
  const std::vector<GraphNode*> sorted = InOrder();
  const auto cost_of = [&costs](std::size_t i) { return costs.empty() ? 0 : costs[i]; };
  std::vector<double> from_start(node_count_);  // to the beginning of the node
  for (const GraphNode* const node : sorted) {
    const std::size_t i = OrdinalOf(*node);
    for (const GraphNode* const successor : std::span(node->successors, node->successor_count)) {
      double& start = from_start[OrdinalOf(*successor)];
      start = std::max(start, from_start[i] + cost_of(i));
    }
  }
  std::vector<double> to_end(node_count_);
  std::vector<Lane> lanes(node_count_, Lane::kNormal);
  double longest = 0;
  for (std::size_t i = 0; i < node_count_; ++i)
    longest = std::max(longest, from_start[i] + cost_of(i));
  for (auto at = sorted.rbegin(); at != sorted.rend(); ++at) {
    const GraphNode& node = **at;
    const std::size_t i = OrdinalOf(node);
    const auto options = options_.find(&node);
    if (options != options_.end()) lanes[i] = LaneOf(options->second.priority);
    for (const GraphNode* const successor : std::span(node.successors, node.successor_count)) {
      const std::size_t after = OrdinalOf(*successor);
      to_end[i] = std::max(to_end[i], to_end[after]);
      lanes[i] = std::max(lanes[i], lanes[after]);  // what waits for it must not wait longer
    }
    to_end[i] += cost_of(i);
    const bool critical = from_start[i] + to_end[i] >= longest * (1 - 1e-9);
    if (by_path && !costs.empty() && critical) {
      lanes[i] = std::max(lanes[i], LaneOf(host.critical_path_priority));
    }
  }
  for (GraphNode* const node : sorted) {
    const std::size_t i = OrdinalOf(*node);
    ++ranked_counts_[static_cast<std::size_t>(lanes[i])];
    SetRank(*node, (static_cast<std::uint32_t>(lanes[i]) << kRankBits) | Quantised(to_end[i]));
  }
}

absl::Status Graph::Rank(const RunHost& host) noexcept {
  return OrOutOfMemory([&] {
    if (!UpdateKinds(host)) return absl::OkStatus();
    ranks_made_ = false;
    MakeRanks(host);
    ranks_for_ = host.critical_path_priority;
    ranks_made_ = true;
    return absl::OkStatus();
  });
}

bool Graph::TakeBackRanked(RunLoop<StdPlatform>& loop) {
  std::vector<GraphNode*> taken;
  taken.reserve(roots_.size());
  loop.lanes().TakeBackRanked(
      *this, [&taken](ReadyNode& node) { taken.push_back(static_cast<GraphNode*>(&node)); });
  if (taken.size() == roots_.size()) return true;
  for (GraphNode* const node : taken) loop.lanes().AddRanked(*node);
  return false;
}

}  // namespace weft::internal
