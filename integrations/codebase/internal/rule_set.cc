// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/rule_set.h"

#include <algorithm>
#include <utility>

namespace weft::internal {

void RuleSet::Ends::Set(std::int32_t rule, bool directories_only) {
  (directories_only ? directories : anything) = rule;
}

std::int32_t RuleSet::Ends::Last(bool is_directory) const {
  return is_directory ? std::max(anything, directories) : anything;
}

RuleSet::RuleSet() {
  index_.AddScope();
  AddNode(false);
}

void RuleSet::Add(PathPattern pattern) {
  const auto rule = static_cast<std::int32_t>(negated_.size());
  negated_.push_back(pattern.negated);
  if (pattern.any_depth) {
    const std::int32_t number = AddEdge(kAnyDepth, *std::move(pattern.ways[0][0]));
    edge(number).ends.Set(rule, pattern.directories_only);
    return;
  }
  for (PathPattern::Way& way : pattern.ways) {
    AddWay(std::move(way), rule, pattern.directories_only);
  }
}

void RuleSet::AddWay(PathPattern::Way way, std::int32_t rule, bool directories_only) {
  std::int32_t at = kRoot;
  for (std::size_t i = 0; i < way.size(); ++i) {
    const bool last = i + 1 == way.size();
    if (!way[i].has_value()) {
      at = Below(at);
      if (last) node(at).everything.Set(rule, directories_only);
      continue;
    }
    if (node(at).scope == kNone) node(at).scope = index_.AddScope();
    const std::int32_t number = AddEdge(node(at).scope, *std::move(way[i]));
    if (last) {
      edge(number).ends.Set(rule, directories_only);
      continue;
    }
    if (edge(number).node == kNone) {
      const std::int32_t next = AddNode(false);
      edge(number).node = next;
    }
    at = edge(number).node;
  }
}

std::int32_t RuleSet::AddNode(bool stays) {
  nodes_.emplace_back().stays = stays;
  return static_cast<std::int32_t>(nodes_.size()) - 1;
}

// `**/**` is `**`.
std::int32_t RuleSet::Below(std::int32_t number) {
  if (node(number).stays) return number;
  if (node(number).below == kNone) {
    const std::int32_t below = AddNode(true);
    node(number).below = below;
  }
  return node(number).below;
}

std::int32_t RuleSet::AddEdge(std::int32_t scope, Glob glob) {
  const std::int32_t number = index_.Add(scope, std::move(glob));
  if (static_cast<std::size_t>(number) == edges_.size()) edges_.emplace_back();
  return number;
}

RuleSet::Reached RuleSet::Top() const {
  Reached reached;
  Reach(kRoot, reached);
  return reached;
}

// A node that leads nowhere is left out: in most folders none is left.
void RuleSet::Reach(std::int32_t number, Reached& reached) const {
  for (std::int32_t at = number; at != kNone; at = node(at).below) {
    if (node(at).scope != kNone || node(at).everything.Last(true) != kNone) {
      reached.push_back(at);
    }
  }
}

RuleSet::Reached RuleSet::Enter(const Reached& reached, std::string_view name) const {
  Reached next;
  for (const std::int32_t number : reached) {
    const Node& from = node(number);
    if (from.stays) next.push_back(number);
    if (from.scope == kNone) continue;
    index_.Visit(from.scope, name, [this, &next](std::int32_t found) {
      if (edge(found).node != kNone) Reach(edge(found).node, next);
    });
  }
  std::sort(next.begin(), next.end());
  next.erase(std::unique(next.begin(), next.end()), next.end());
  return next;
}

RuleSet::Verdict RuleSet::Find(const Reached& reached, std::string_view name,
                               bool is_directory) const {
  std::int32_t last = kNone;
  const auto take = [this, &last, is_directory](std::int32_t found) {
    last = std::max(last, edge(found).ends.Last(is_directory));
  };
  if (has_any_depth_rules()) index_.Visit(kAnyDepth, name, take);
  for (const std::int32_t number : reached) {
    const Node& from = node(number);
    last = std::max(last, from.everything.Last(is_directory));
    if (from.scope != kNone) index_.Visit(from.scope, name, take);
  }
  if (last == kNone) return Verdict::kNone;
  return negated_[static_cast<std::size_t>(last)] ? Verdict::kNegatedMatch : Verdict::kMatch;
}

}  // namespace weft::internal
