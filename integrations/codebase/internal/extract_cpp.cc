// SPDX-License-Identifier: Apache-2.0
//
// C++: as C, and classes with a body, namespaces with a name, aliases and concepts.
// Functions declared in a class body are its methods, also without a body; friends are
// not. A function defined with a qualified name keeps it as written ("Shape::area")
// and counts as a method: nearly always it is one.

#include "weft/integrations/codebase/internal/c_declarator.h"
#include "weft/integrations/codebase/internal/directive_lines.h"
#include "weft/integrations/codebase/internal/extraction.h"
#include "weft/integrations/codebase/internal/grammar.h"

extern "C" const TSLanguage* tree_sitter_cpp(void);

namespace weft::internal {
namespace {

void AddMemberDeclaration(Extraction& extraction, const NodeRule& rule, TSNode node) {
  if (!extraction.InClass()) return;
  const DeclaredName name =
      FindDeclaredName(extraction, extraction.Child(node, Field::kDeclarator));
  if (ts_node_is_null(name.node) || !name.is_function) return;
  extraction.AddSymbol({.kind = rule.kind,
                        .name = name.text,
                        .line_of = name.node,
                        .extent = node,
                        .opens_scope = false});
}

void EnterFriend(Extraction& extraction, const NodeRule&, TSNode) { extraction.OpenPlainScope(); }

constexpr NodeRule kRules[] = {
    {"class_specifier", SymbolKind::kClass, AddTypeWithBody},
    {"namespace_definition", SymbolKind::kModule, AddNamedSymbol},
    {"alias_declaration", SymbolKind::kType, AddNamedSymbol},
    {"concept_definition", SymbolKind::kType, AddNamedSymbol},
    {"field_declaration", SymbolKind::kMethod, AddMemberDeclaration},
    {"declaration", SymbolKind::kMethod, AddMemberDeclaration},
    {"friend_declaration", {}, EnterFriend},
};

}  // namespace

const Grammar& CppGrammar() {
  static const auto* const grammar =
      new Grammar(tree_sitter_cpp(), {CommonCRules(), kRules}, EndDirectives);
  return *grammar;
}

}  // namespace weft::internal
