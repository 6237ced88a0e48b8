// SPDX-License-Identifier: Apache-2.0
//
// Rust: functions (also those declared in traits and extern blocks), structs, enums,
// unions, traits, type aliases, modules with a body, macro_rules. Functions of an impl
// are methods; their parent is the type when it stands in the same module of the same
// file, else what is around the impl. Imports: the argument of `use` as written, the
// name of `extern crate` and of `mod` without a body.

#include "weft/integrations/codebase/internal/extraction.h"
#include "weft/integrations/codebase/internal/grammar.h"

extern "C" const TSLanguage* tree_sitter_rust(void);

namespace weft::internal {
namespace {

void EnterImpl(Extraction& extraction, const NodeRule&, TSNode node) {
  TSNode type = extraction.Child(node, Field::kType);
  const TSNode generic = extraction.Child(type, Field::kType);  // Vec of Vec<T>
  if (!ts_node_is_null(generic)) type = generic;
  extraction.OpenMemberScope(extraction.Text(type));
}

void AddMod(Extraction& extraction, const NodeRule& rule, TSNode node) {
  if (!ts_node_is_null(extraction.Child(node, Field::kBody))) {
    AddNamedSymbol(extraction, rule, node);
    return;
  }
  const TSNode name = extraction.Child(node, Field::kName);
  if (!ts_node_is_null(name)) extraction.AddImport(extraction.Text(name), name);
}

void AddUse(Extraction& extraction, const NodeRule&, TSNode node) {
  const TSNode argument = extraction.Child(node, Field::kArgument);
  if (!ts_node_is_null(argument)) extraction.AddImport(extraction.Text(argument), argument);
}

void AddExternCrate(Extraction& extraction, const NodeRule&, TSNode node) {
  const TSNode name = extraction.Child(node, Field::kName);
  if (!ts_node_is_null(name)) extraction.AddImport(extraction.Text(name), name);
}

constexpr NodeRule kRules[] = {
    {"function_item", SymbolKind::kFunction, AddNamedSymbol},
    {"function_signature_item", SymbolKind::kFunction, AddNamedSymbol},
    {"struct_item", SymbolKind::kStruct, AddNamedSymbol},
    {"enum_item", SymbolKind::kEnum, AddNamedSymbol},
    {"union_item", SymbolKind::kUnion, AddNamedSymbol},
    {"trait_item", SymbolKind::kTrait, AddNamedSymbol},
    {"type_item", SymbolKind::kType, AddNamedSymbol},
    {"macro_definition", SymbolKind::kMacro, AddNamedSymbol},
    {"impl_item", {}, EnterImpl},
    {"mod_item", SymbolKind::kModule, AddMod},
    {"use_declaration", {}, AddUse},
    {"extern_crate_declaration", {}, AddExternCrate},
};

}  // namespace

const Grammar& RustGrammar() {
  static const auto* const grammar = new Grammar(tree_sitter_rust(), {kRules});
  return *grammar;
}

}  // namespace weft::internal
