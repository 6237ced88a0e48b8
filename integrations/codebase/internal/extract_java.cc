// SPDX-License-Identifier: Apache-2.0
//
// Java: classes, records, interfaces, annotation types, enums, methods, constructors
// and elements of annotation types. A declaration's line is that of its name, below its
// annotations. Imports: "java.util.List", "java.util.*"; `static` is left out.

#include "weft/integrations/codebase/internal/extraction.h"
#include "weft/integrations/codebase/internal/grammar.h"

extern "C" const TSLanguage* tree_sitter_java(void);

namespace weft::internal {
namespace {

void AddImported(Extraction& extraction, const NodeRule&, TSNode node) {
  TSNode first = {};
  TSNode last = {};
  const std::uint32_t count = ts_node_named_child_count(node);
  for (std::uint32_t i = 0; i < count && i < 16; ++i) {  // comments may stand between
    const TSNode child = ts_node_named_child(node, i);
    const std::string_view type = ts_node_type(child);
    if (type != "identifier" && type != "scoped_identifier" && type != "asterisk") continue;
    if (ts_node_is_null(first)) first = child;
    last = child;
  }
  if (ts_node_is_null(first)) return;
  extraction.AddImport(extraction.Text(ts_node_start_byte(first), ts_node_end_byte(last)), first);
}

constexpr NodeRule kRules[] = {
    {"class_declaration", SymbolKind::kClass, AddNamedSymbol},
    {"record_declaration", SymbolKind::kClass, AddNamedSymbol},
    {"interface_declaration", SymbolKind::kInterface, AddNamedSymbol},
    {"annotation_type_declaration", SymbolKind::kInterface, AddNamedSymbol},
    {"enum_declaration", SymbolKind::kEnum, AddNamedSymbol},
    {"method_declaration", SymbolKind::kMethod, AddNamedSymbol},
    {"constructor_declaration", SymbolKind::kMethod, AddNamedSymbol},
    {"compact_constructor_declaration", SymbolKind::kMethod, AddNamedSymbol},
    {"annotation_type_element_declaration", SymbolKind::kMethod, AddNamedSymbol},
    {"import_declaration", {}, AddImported},
};

}  // namespace

const Grammar& JavaGrammar() {
  static const auto* const grammar = new Grammar(tree_sitter_java(), {kRules});
  return *grammar;
}

}  // namespace weft::internal
