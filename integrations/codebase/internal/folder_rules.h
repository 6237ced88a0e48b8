// SPDX-License-Identifier: Apache-2.0
//
// The rule sets that count in one folder: its own first, then those of the folders
// above. Folders in which the same is known share one chain.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_FOLDER_RULES_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_FOLDER_RULES_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "weft/core/internal/ref_counted.h"
#include "weft/integrations/codebase/internal/rule_set.h"

namespace weft::internal {

// Null: no rule counts here.
class FolderRules;
using FolderRulesPtr = IntrusivePtr<const FolderRules>;

// Thread safety: immutable.
// Cost: Find asks each rule set of the chain until one has a matching rule. Enter makes
// nothing new where no rule with a slash can still match below.
class FolderRules {
 public:
  FolderRules(std::shared_ptr<const RuleSet> rules, RuleSet::Reached reached, FolderRulesPtr outer);
  FolderRules(const FolderRules&) = delete;
  FolderRules& operator=(const FolderRules&) = delete;

  // For IntrusivePtr. A chain lets go link by link: one of any length takes no stack.
  void Ref() const {
    // relaxed: the caller already holds a reference, nothing is published.
    references_.fetch_add(1, std::memory_order_relaxed);
  }
  void Unref() const;

  // The chain in a folder that has `rules` of its own. `outer` may be null.
  static FolderRulesPtr With(RuleSet rules, FolderRulesPtr outer);

  // The chain in the sub-folder `name` of the folder of `here` (may be null).
  static FolderRulesPtr Enter(const FolderRulesPtr& here, std::string_view name);

  // The nearest rule set that has a rule for the entry decides, by the last such rule.
  // `here` may be null.
  static RuleSet::Verdict Find(const FolderRulesPtr& here, std::string_view name,
                               bool is_directory);

 private:
  ~FolderRules() = default;

  const std::shared_ptr<const RuleSet> rules_;
  const RuleSet::Reached reached_;
  mutable FolderRulesPtr outer_;  // constant until the last reference goes
  const bool all_constant_;       // no node is reached in the chain: the same in all sub-folders
  mutable std::atomic<std::uint32_t> references_{0};
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_FOLDER_RULES_H_
