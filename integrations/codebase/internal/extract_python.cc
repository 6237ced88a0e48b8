// SPDX-License-Identifier: Apache-2.0
//
// Python: classes and functions at any depth, on the line of their `class`, `def` or
// `async` as the interpreter's `ast` reports it, also below decorators. Imports:
// `import a.b as c, d` is "a.b" and "d"; `from ..a import b` is "..a".

#include "weft/integrations/codebase/internal/extraction.h"
#include "weft/integrations/codebase/internal/grammar.h"

extern "C" const TSLanguage* tree_sitter_python(void);

namespace weft::internal {
namespace {

void AddDefinition(Extraction& extraction, const NodeRule& rule, TSNode node) {
  const TSNode name = extraction.Child(node, Field::kName);
  extraction.AddSymbol(
      {.kind = rule.kind, .name = extraction.Text(name), .line_of = node, .extent = node});
}

void AddImported(Extraction& extraction, const NodeRule&, TSNode node) {
  TSTreeCursor cursor = ts_tree_cursor_new(node);
  for (bool more = ts_tree_cursor_goto_first_child(&cursor); more;
       more = ts_tree_cursor_goto_next_sibling(&cursor)) {
    TSNode name = ts_tree_cursor_current_node(&cursor);
    if (!ts_node_is_named(name)) continue;
    const TSNode aliased = extraction.Child(name, Field::kName);
    if (!ts_node_is_null(aliased)) name = aliased;
    if (std::string_view(ts_node_type(name)) != "dotted_name") continue;
    extraction.AddImport(extraction.Text(name), name);
  }
  ts_tree_cursor_delete(&cursor);
}

void AddFromImport(Extraction& extraction, const NodeRule&, TSNode node) {
  const TSNode module = extraction.Child(node, Field::kModuleName);
  if (!ts_node_is_null(module)) extraction.AddImport(extraction.Text(module), module);
}

void AddFutureImport(Extraction& extraction, const NodeRule&, TSNode node) {
  extraction.AddImport("__future__", node);
}

constexpr NodeRule kRules[] = {
    {"class_definition", SymbolKind::kClass, AddDefinition},
    {"function_definition", SymbolKind::kFunction, AddDefinition},
    {"import_statement", {}, AddImported},
    {"import_from_statement", {}, AddFromImport},
    {"future_import_statement", {}, AddFutureImport},
};

}  // namespace

const Grammar& PythonGrammar() {
  static const auto* const grammar = new Grammar(tree_sitter_python(), {kRules});
  return *grammar;
}

}  // namespace weft::internal
