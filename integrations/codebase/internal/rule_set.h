// SPDX-License-Identifier: Apache-2.0
//
// The rules of one ignore file, asked folder by folder on the way down: what is known
// of a folder's path is the set of places in the rules that its names have reached, so
// a question looks at one name only, however deep the folder lies.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_RULE_SET_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_RULE_SET_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weft/integrations/codebase/internal/name_index.h"
#include "weft/integrations/codebase/internal/path_pattern.h"

namespace weft::internal {

// Rules with slashes form a tree of folder names. A node of it is *reached* in a folder
// when the folder's path, seen from where the rules lie, leads to it.
//
// Thread safety: const methods from any thread once it is filled.
// Cost: Add is linear in the pattern; Find and Enter ask NameIndex once a reached node.
class RuleSet {
 public:
  using Reached = std::vector<std::int32_t>;  // sorted, no duplicates

  enum class Verdict : std::uint8_t { kNone, kMatch, kNegatedMatch };

  RuleSet();

  // Rules added later go before earlier ones.
  void Add(PathPattern pattern);

  // The nodes reached in the folder where the rules lie.
  Reached Top() const;

  // Those reached in its sub-folder `name`.
  Reached Enter(const Reached& reached, std::string_view name) const;

  // What the last rule says that matches the entry `name` of a folder.
  Verdict Find(const Reached& reached, std::string_view name, bool is_directory) const;

  bool empty() const { return negated_.empty(); }
  bool has_any_depth_rules() const { return !index_.empty(kAnyDepth); }

 private:
  static constexpr std::int32_t kAnyDepth = 0;  // scope of the rules without a slash
  static constexpr std::int32_t kRoot = 0;      // node where the others begin
  static constexpr std::int32_t kNone = -1;

  // The last of the rules that end at one place.
  struct Ends {
    std::int32_t anything = kNone;
    std::int32_t directories = kNone;  // pattern/

    void Set(std::int32_t rule, bool directories_only);
    std::int32_t Last(bool is_directory) const;
  };
  struct Edge {  // one for each glob of the index
    Ends ends;
    std::int32_t node = kNone;  // where the rest of the longer rules lies
  };
  struct Node {
    std::int32_t scope = kNone;  // names that lead on; made with the first
    std::int32_t below = kNone;  // the node of `**` from here, reached in all that is below
    bool stays = false;          // this is such a node
    Ends everything;             // rules that end with `**`: they match every name
  };

  void AddWay(PathPattern::Way way, std::int32_t rule, bool directories_only);
  std::int32_t AddNode(bool stays);
  std::int32_t Below(std::int32_t number);
  std::int32_t AddEdge(std::int32_t scope, Glob glob);
  void Reach(std::int32_t number, Reached& reached) const;
  const Node& node(std::int32_t number) const { return nodes_[static_cast<std::size_t>(number)]; }
  Node& node(std::int32_t number) { return nodes_[static_cast<std::size_t>(number)]; }
  const Edge& edge(std::int32_t number) const { return edges_[static_cast<std::size_t>(number)]; }
  Edge& edge(std::int32_t number) { return edges_[static_cast<std::size_t>(number)]; }

  NameIndex index_;
  std::vector<Edge> edges_;
  std::vector<Node> nodes_;
  std::vector<bool> negated_;  // by rule
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_RULE_SET_H_
