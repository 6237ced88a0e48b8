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

// What has neither a type nor a qualified name is a constructor, or the use of a macro,
// as `TEST(A, B) {...}` is.
bool IsMacroUse(const Extraction& extraction, const DeclaredName& name, TSNode node) {
  if (!ts_node_is_null(extraction.Child(node, Field::kType))) return false;
  const std::string_view type = ts_node_type(name.node);
  if (type != "identifier" && type != "field_identifier") return false;
  const std::string_view scope = extraction.ScopeName();
  return !extraction.InClass() || name.text != scope.substr(0, scope.find_first_of(" <"));
}

void AddMemberDeclaration(Extraction& extraction, const NodeRule& rule, TSNode node) {
  if (!extraction.InClass()) return;
  const DeclaredName name = NameOfDeclaration(extraction, node);
  if (ts_node_is_null(name.node) || !name.is_function) return;
  if (IsMacroUse(extraction, name, node)) return;
  extraction.AddSymbol({.kind = rule.kind,
                        .name = name.text,
                        .line_of = name.node,
                        .extent = node,
                        .opens_scope = false});
}

void AddFunction(Extraction& extraction, const NodeRule& rule, TSNode node) {
  const DeclaredName name = NameOfDeclaration(extraction, node);
  if (!ts_node_is_null(name.node) && IsMacroUse(extraction, name, node)) {
    extraction.OpenPlainScope();
  } else {
    AddFunctionDefinition(extraction, rule, node);
  }
}

void EnterFriend(Extraction& extraction, const NodeRule&, TSNode) { extraction.OpenPlainScope(); }

constexpr NodeRule kRules[] = {
    {"function_definition", SymbolKind::kFunction, AddFunction},
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
