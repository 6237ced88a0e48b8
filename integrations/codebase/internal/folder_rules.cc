// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/folder_rules.h"

#include <utility>
#include <vector>

namespace weft::internal {

FolderRules::FolderRules(std::shared_ptr<const RuleSet> rules, RuleSet::Reached reached,
                         FolderRulesPtr outer)
    : rules_(std::move(rules)),
      reached_(std::move(reached)),
      outer_(std::move(outer)),
      all_constant_(reached_.empty() && (!outer_ || outer_->all_constant_)) {}

void FolderRules::Unref() const {
  const FolderRules* last = this;
  // acq_rel: each release is seen by the one that finds the count at 1.
  while (last != nullptr && last->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    const FolderRules* outer = last->outer_.Release();
    delete last;
    last = outer;
  }
}

FolderRulesPtr FolderRules::With(RuleSet rules, FolderRulesPtr outer) {
  if (rules.empty()) return outer;
  auto shared = std::make_shared<const RuleSet>(std::move(rules));
  RuleSet::Reached top = shared->Top();
  return MakeCounted<const FolderRules>(std::move(shared), std::move(top), std::move(outer));
}

FolderRulesPtr FolderRules::Enter(const FolderRulesPtr& here, std::string_view name) {
  std::vector<const FolderRulesPtr*> changing;
  const FolderRulesPtr* constant = &here;
  for (; *constant && !(*constant)->all_constant_; constant = &(*constant)->outer_) {
    changing.push_back(constant);
  }
  FolderRulesPtr below = *constant;
  for (auto it = changing.rbegin(); it != changing.rend(); ++it) {
    const FolderRules& level = ***it;
    RuleSet::Reached reached = level.rules_->Enter(level.reached_, name);
    if (below == level.outer_ && reached == level.reached_) {
      below = **it;
    } else if (!reached.empty() || level.rules_->has_any_depth_rules()) {
      below = MakeCounted<const FolderRules>(level.rules_, std::move(reached), std::move(below));
    }
  }
  return below;
}

RuleSet::Verdict FolderRules::Find(const FolderRulesPtr& here, std::string_view name,
                                   bool is_directory) {
  for (const FolderRules* level = here.get(); level != nullptr; level = level->outer_.get()) {
    const RuleSet::Verdict verdict = level->rules_->Find(level->reached_, name, is_directory);
    if (verdict != RuleSet::Verdict::kNone) return verdict;
  }
  return RuleSet::Verdict::kNone;
}

}  // namespace weft::internal
