// SPDX-License-Identifier: Apache-2.0
//
// What is looked for in the syntax trees of one language: a table from node type to
// rule, made once and shared by all workers.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_GRAMMAR_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_GRAMMAR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tree_sitter/api.h>

#include "weft/integrations/codebase/file_record.h"

namespace weft::internal {

class Extraction;

// One node type that means something. `handle` is called when the walk enters such a
// node and before it enters the node's children.
struct NodeRule {
  std::string_view type;
  SymbolKind kind;  // for handlers that add a symbol
  void (*handle)(Extraction& extraction, const NodeRule& rule, TSNode node);
};

// Names of children that rules ask for. Not every grammar has every one.
enum class Field : std::uint8_t {
  kArgument,
  kArguments,
  kBody,
  kDeclarator,
  kFunction,
  kModuleName,
  kName,
  kPath,
  kProperty,
  kReceiver,
  kSource,
  kType,
  kValue,
};

// Thread safety: immutable.
class Grammar {
 public:
  using Rules = std::span<const NodeRule>;

  // `rule_sets` must outlive the grammar. When two rules have one type, the later counts.
  // `prepare` gives the text that the parser is to read instead of `source`, of the same
  // length and with every word in its place: `source` itself, or `copy`, which it fills.
  using Prepare = std::string_view (*)(std::string_view source, std::string& copy);
  Grammar(const TSLanguage* language, std::initializer_list<Rules> rule_sets,
          Prepare prepare = nullptr);

  const TSLanguage* language() const { return language_; }

  // Null when nodes of this symbol mean nothing.
  const NodeRule* rule(TSSymbol symbol) const {
    return symbol < rules_.size() ? rules_[symbol] : nullptr;
  }

  // 0 when the grammar has no such field.
  TSFieldId field(Field field) const { return fields_[static_cast<std::size_t>(field)]; }

  std::string_view Prepared(std::string_view source, std::string& copy) const {
    return prepare_ != nullptr ? prepare_(source, copy) : source;
  }

  // Rules for node types that this grammar does not have: a sign of a wrong version.
  const std::vector<std::string_view>& unknown_types() const { return unknown_types_; }

 private:
  static constexpr std::size_t kFields = static_cast<std::size_t>(Field::kValue) + 1;

  void AddRule(const NodeRule& rule);

  const TSLanguage* const language_;
  const Prepare prepare_;
  std::vector<const NodeRule*> rules_;  // by symbol
  std::array<TSFieldId, kFields> fields_ = {};
  std::vector<std::string_view> unknown_types_;
};

// One for each language of the default registry; made on the first call.
const Grammar& PythonGrammar();
const Grammar& JavaScriptGrammar();
const Grammar& TypeScriptGrammar();
const Grammar& TsxGrammar();
const Grammar& CGrammar();
const Grammar& CppGrammar();
const Grammar& RustGrammar();
const Grammar& GoGrammar();
const Grammar& JavaGrammar();

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_GRAMMAR_H_
