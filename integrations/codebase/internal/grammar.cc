// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/grammar.h"

namespace weft::internal {
namespace {

constexpr std::array<std::string_view, 13> kFieldNames = {
    "argument", "arguments", "body",     "declarator", "function", "module_name", "name",
    "path",     "property",  "receiver", "source",     "type",     "value"};

}  // namespace

Grammar::Grammar(const TSLanguage* language, std::initializer_list<Rules> rule_sets,
                 Prepare prepare)
    : language_(language), prepare_(prepare), rules_(ts_language_symbol_count(language), nullptr) {
  static_assert(kFieldNames.size() == kFields);
  for (std::size_t i = 0; i < kFields; ++i) {
    fields_[i] = ts_language_field_id_for_name(language, kFieldNames[i].data(),
                                               static_cast<std::uint32_t>(kFieldNames[i].size()));
  }
  for (const Rules rules : rule_sets) {
    for (const NodeRule& rule : rules) AddRule(rule);
  }
}

void Grammar::AddRule(const NodeRule& rule) {
  bool found = false;
  for (std::size_t symbol = 0; symbol < rules_.size(); ++symbol) {
    const auto id = static_cast<TSSymbol>(symbol);
    // Keywords have names as well: "class" is a token and, in JavaScript, an expression.
    if (ts_language_symbol_type(language_, id) != TSSymbolTypeRegular) continue;
    if (rule.type != ts_language_symbol_name(language_, id)) continue;
    rules_[symbol] = &rule;
    found = true;
  }
  if (!found) unknown_types_.push_back(rule.type);
}

}  // namespace weft::internal
