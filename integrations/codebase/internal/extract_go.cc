// SPDX-License-Identifier: Apache-2.0
//
// Go: functions, methods, and every type of a type declaration. The parent of a method
// is the type of its receiver when the same file has it. Imports: the path of each
// import, without its quotes.

#include "weft/integrations/codebase/internal/extraction.h"
#include "weft/integrations/codebase/internal/grammar.h"

extern "C" const TSLanguage* tree_sitter_go(void);

namespace weft::internal {
namespace {

// The T of (x T), (x *T) and (x *T[K]): the last name before any brackets.
std::string_view ReceiverType(std::string_view receiver) {
  receiver = receiver.substr(0, receiver.find('['));
  const std::size_t end = receiver.find_last_not_of(" \t\r\n)");
  if (end == std::string_view::npos) return {};
  receiver = receiver.substr(0, end + 1);
  return receiver.substr(receiver.find_last_of(" \t\r\n(*") + 1);
}

void AddMethod(Extraction& extraction, const NodeRule& rule, TSNode node) {
  const TSNode name = extraction.Child(node, Field::kName);
  if (ts_node_is_null(name) || extraction.Text(name).empty()) return;
  extraction.AddNamed(rule.kind, node, name);
  extraction.SetOwner(ReceiverType(extraction.Text(extraction.Child(node, Field::kReceiver))));
}

void AddType(Extraction& extraction, const NodeRule&, TSNode node) {
  const TSNode type = extraction.Child(node, Field::kType);
  const std::string_view form = ts_node_is_null(type) ? "" : ts_node_type(type);
  SymbolKind kind = SymbolKind::kType;
  if (form == "struct_type") kind = SymbolKind::kStruct;
  if (form == "interface_type") kind = SymbolKind::kInterface;
  extraction.AddNamed(kind, node, extraction.Child(node, Field::kName));
}

void AddImportSpec(Extraction& extraction, const NodeRule&, TSNode node) {
  const TSNode path = extraction.Child(node, Field::kPath);
  if (!ts_node_is_null(path)) extraction.AddImport(Unquoted(extraction.Text(path)), path);
}

constexpr NodeRule kRules[] = {
    {"function_declaration", SymbolKind::kFunction, AddNamedSymbol},
    {"method_declaration", SymbolKind::kMethod, AddMethod},
    {"type_spec", SymbolKind::kType, AddType},
    {"type_alias", SymbolKind::kType, AddNamedSymbol},
    {"import_spec", {}, AddImportSpec},
};

}  // namespace

const Grammar& GoGrammar() {
  static const auto* const grammar = new Grammar(tree_sitter_go(), {kRules});
  return *grammar;
}

}  // namespace weft::internal
