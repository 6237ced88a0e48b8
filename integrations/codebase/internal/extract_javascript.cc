// SPDX-License-Identifier: Apache-2.0
//
// JavaScript and TypeScript. Functions are declarations, signatures, methods (also of
// object literals), class fields and variables whose value is a function; classes are
// declarations, named expressions and variables whose value is a class. Functions put
// into a property (`exports.f = ...`, `{f: ...}`) are none: they have no name of their
// own. Imports: `import`, `export ... from`, `import x = require("m")`, and calls of
// `require` and `import` with a literal, all without its quotes.

#include "weft/integrations/codebase/internal/extraction.h"
#include "weft/integrations/codebase/internal/grammar.h"

extern "C" {
const TSLanguage* tree_sitter_javascript(void);
const TSLanguage* tree_sitter_typescript(void);
const TSLanguage* tree_sitter_tsx(void);
}

namespace weft::internal {
namespace {

std::string_view TypeOf(TSNode node) {
  return ts_node_is_null(node) ? std::string_view() : ts_node_type(node);
}

bool IsFunctionValue(std::string_view type) {
  return type == "arrow_function" || type == "function_expression" || type == "generator_function";
}

void AddVariable(Extraction& extraction, const NodeRule&, TSNode node) {
  const TSNode name = extraction.Child(node, Field::kName);
  if (TypeOf(name) != "identifier") return;
  const std::string_view value = TypeOf(extraction.Child(node, Field::kValue));
  if (IsFunctionValue(value)) extraction.AddNamed(SymbolKind::kFunction, node, name);
  if (value == "class") extraction.AddNamed(SymbolKind::kClass, node, name);
}

void AddField(Extraction& extraction, const NodeRule&, TSNode node) {
  if (!IsFunctionValue(TypeOf(extraction.Child(node, Field::kValue)))) return;
  TSNode name = extraction.Child(node, Field::kProperty);
  if (ts_node_is_null(name)) name = extraction.Child(node, Field::kName);
  extraction.AddNamed(SymbolKind::kMethod, node, name);
}

// `const A = class B {}` is one class: the variable has it already.
void AddClassExpression(Extraction& extraction, const NodeRule& rule, TSNode node) {
  if (extraction.ScopeIsDirectParent() && extraction.InClass()) return;
  AddNamedSymbol(extraction, rule, node);
}

void AddModule(Extraction& extraction, const NodeRule& rule, TSNode node) {
  const TSNode name = extraction.Child(node, Field::kName);
  extraction.AddSymbol({.kind = rule.kind,
                        .name = Unquoted(extraction.Text(name)),
                        .line_of = name,
                        .extent = node});
}

void AddSource(Extraction& extraction, const NodeRule&, TSNode node) {
  const TSNode source = extraction.Child(node, Field::kSource);
  if (!ts_node_is_null(source)) extraction.AddImport(Unquoted(extraction.Text(source)), source);
}

void AddRequireCall(Extraction& extraction, const NodeRule&, TSNode node) {
  // Calls are many: most are told apart by their first letters alone.
  const std::string_view call = extraction.Text(node);
  if (!call.starts_with("require") && !call.starts_with("import")) return;
  const std::string_view function = extraction.Text(extraction.Child(node, Field::kFunction));
  if (function != "require" && function != "import") return;
  const TSNode arguments = extraction.Child(node, Field::kArguments);
  if (TypeOf(arguments) != "arguments") return;
  const TSNode first = ts_node_named_child(arguments, 0);
  if (TypeOf(first) == "string") extraction.AddImport(Unquoted(extraction.Text(first)), first);
}

constexpr NodeRule kJavaScriptRules[] = {
    {"class_declaration", SymbolKind::kClass, AddNamedSymbol},
    {"class", SymbolKind::kClass, AddClassExpression},
    {"function_declaration", SymbolKind::kFunction, AddNamedSymbol},
    {"generator_function_declaration", SymbolKind::kFunction, AddNamedSymbol},
    {"method_definition", SymbolKind::kMethod, AddNamedSymbol},
    {"variable_declarator", {}, AddVariable},
    {"import_statement", {}, AddSource},
    {"export_statement", {}, AddSource},
    {"call_expression", {}, AddRequireCall},
};

constexpr NodeRule kJavaScriptOnlyRules[] = {
    {"field_definition", {}, AddField},
};

constexpr NodeRule kTypeScriptRules[] = {
    {"abstract_class_declaration", SymbolKind::kClass, AddNamedSymbol},
    {"interface_declaration", SymbolKind::kInterface, AddNamedSymbol},
    {"type_alias_declaration", SymbolKind::kType, AddNamedSymbol},
    {"enum_declaration", SymbolKind::kEnum, AddNamedSymbol},
    {"internal_module", SymbolKind::kModule, AddModule},
    {"module", SymbolKind::kModule, AddModule},
    {"function_signature", SymbolKind::kFunction, AddNamedSymbol},
    {"method_signature", SymbolKind::kMethod, AddNamedSymbol},
    {"abstract_method_signature", SymbolKind::kMethod, AddNamedSymbol},
    {"public_field_definition", {}, AddField},
    {"import_require_clause", {}, AddSource},
};

}  // namespace

const Grammar& JavaScriptGrammar() {
  static const auto* const grammar =
      new Grammar(tree_sitter_javascript(), {kJavaScriptRules, kJavaScriptOnlyRules});
  return *grammar;
}

const Grammar& TypeScriptGrammar() {
  static const auto* const grammar =
      new Grammar(tree_sitter_typescript(), {kJavaScriptRules, kTypeScriptRules});
  return *grammar;
}

const Grammar& TsxGrammar() {
  static const auto* const grammar =
      new Grammar(tree_sitter_tsx(), {kJavaScriptRules, kTypeScriptRules});
  return *grammar;
}

}  // namespace weft::internal
