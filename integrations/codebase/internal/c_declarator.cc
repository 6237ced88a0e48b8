// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/c_declarator.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace weft::internal {
namespace {

bool IsWrapper(std::string_view type) {
  return type == "pointer_declarator" || type == "function_declarator" ||
         type == "array_declarator" || type == "parenthesized_declarator" ||
         type == "attributed_declarator" || type == "reference_declarator" ||
         type == "init_declarator";
}

bool IsName(std::string_view type) {
  return type == "identifier" || type == "field_identifier" || type == "type_identifier" ||
         type == "qualified_identifier" || type == "operator_name" || type == "destructor_name" ||
         type == "operator_cast" || type == "template_function" || type == "template_method" ||
         type == "primitive_type";  // typedef ... size_t
}

// What a wrapper wraps. Some grammars give it a field, some only a place.
TSNode Inner(const Extraction& extraction, TSNode wrapper) {
  const TSNode inner = extraction.Child(wrapper, Field::kDeclarator);
  if (!ts_node_is_null(inner)) return inner;
  const std::uint32_t count = ts_node_named_child_count(wrapper);
  for (std::uint32_t i = 0; i < count && i < 8; ++i) {  // a few attributes come before it
    const TSNode child = ts_node_named_child(wrapper, i);
    const std::string_view type = ts_node_type(child);
    if (IsWrapper(type) || IsName(type)) return child;
  }
  return TSNode{};
}

// A conversion operator has no name of its own: it ends where its parameters begin.
std::uint32_t EndOfName(const Extraction& extraction, TSNode name) {
  TSNode last = name;
  while (std::string_view(ts_node_type(last)) == "qualified_identifier") {
    const TSNode next = extraction.Child(last, Field::kName);
    if (ts_node_is_null(next)) break;
    last = next;
  }
  if (std::string_view(ts_node_type(last)) == "operator_cast") {
    const TSNode parameters = extraction.Child(last, Field::kDeclarator);
    if (!ts_node_is_null(parameters)) return ts_node_start_byte(parameters);
  }
  return ts_node_end_byte(name);
}

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string_view TrimmedRight(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n\\");
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

}  // namespace

namespace {

bool IsMacroLike(std::string_view name) {
  return name.size() > 1 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// The error right before the declarator; null when there is none.
TSNode ErrorBefore(TSNode node, TSNode declarator) {
  if (!ts_node_has_error(node)) return TSNode{};
  const std::uint32_t count = ts_node_named_child_count(node);
  TSNode before = {};
  for (std::uint32_t i = 0; i < count && i < 8; ++i) {  // a few attributes come before it
    const TSNode child = ts_node_named_child(node, i);
    if (ts_node_eq(child, declarator)) return before;
    before = ts_node_is_error(child) ? child : TSNode{};
  }
  return TSNode{};
}

}  // namespace

DeclaredName FindDeclaredName(const Extraction& extraction, TSNode declarator) {
  DeclaredName found = {};
  TSNode node = declarator;
  bool is_function = false;
  while (!ts_node_is_null(node)) {
    const std::string_view type = ts_node_type(node);
    if (IsName(type)) {
      found.node = node;
      found.text =
          TrimmedRight(extraction.Text(ts_node_start_byte(node), EndOfName(extraction, node)));
      found.is_function = is_function || type == "operator_cast";
      found.is_qualified = type == "qualified_identifier";
      return found;
    }
    if (!IsWrapper(type)) return found;
    // Parentheses only group; what stands next to the name decides.
    if (type != "parenthesized_declarator") is_function = type == "function_declarator";
    node = Inner(extraction, node);
  }
  return found;
}

DeclaredName NameOfDeclaration(const Extraction& extraction, TSNode declaration) {
  const TSNode declarator = extraction.Child(declaration, Field::kDeclarator);
  const DeclaredName name = FindDeclaredName(extraction, declarator);
  if (ts_node_is_null(name.node) || !IsMacroLike(name.text)) return name;
  const TSNode error = ErrorBefore(declaration, declarator);
  if (ts_node_is_null(error) || ts_node_named_child_count(error) == 0) return name;
  const DeclaredName inner = FindDeclaredName(extraction, ts_node_named_child(error, 0));
  return ts_node_is_null(inner.node) || IsMacroLike(inner.text) ? name : inner;
}

void AddTypeWithBody(Extraction& extraction, const NodeRule& rule, TSNode node) {
  if (ts_node_is_null(extraction.Child(node, Field::kBody))) return;
  AddNamedSymbol(extraction, rule, node);
}

namespace {

std::optional<SymbolKind> KindOfType(std::string_view type) {
  if (type == "class_specifier") return SymbolKind::kClass;
  if (type == "struct_specifier") return SymbolKind::kStruct;
  if (type == "union_specifier") return SymbolKind::kUnion;
  return std::nullopt;
}

// The name in the head of a class: of `API Foo final : public N::Base` it is Foo.
std::string_view NameInHead(std::string_view head) {
  for (std::size_t at = head.find(':'); at != std::string_view::npos; at = head.find(':', at)) {
    if (!head.substr(at).starts_with("::")) {
      head = head.substr(0, at);
      break;
    }
    at += 2;
  }
  head = TrimmedRight(head);
  if (head.ends_with(" final")) head = TrimmedRight(head.substr(0, head.size() - 6));
  const auto begin = std::find_if_not(head.rbegin(), head.rend(), [](char c) {
                       return IsLetterOrDigit(c) || c == '_' || c == ':';
                     }).base();
  return head.substr(static_cast<std::size_t>(begin - head.begin()));
}

// True: `node` is a class with a macro before its name, and has been added.
bool AddAnnotatedType(Extraction& extraction, const DeclaredName& declared, TSNode node) {
  const TSNode type = extraction.Child(node, Field::kType);
  const TSNode body = extraction.Child(node, Field::kBody);
  if (ts_node_is_null(type) || ts_node_is_null(body) || declared.is_function) return false;
  const std::optional<SymbolKind> kind = KindOfType(ts_node_type(type));
  if (!kind || !ts_node_is_null(extraction.Child(type, Field::kBody))) return false;
  const std::string_view head = extraction.Text(ts_node_end_byte(type), ts_node_start_byte(body));
  extraction.AddSymbol({.kind = *kind, .name = NameInHead(head), .line_of = type, .extent = node});
  return true;
}

}  // namespace

void AddFunctionDefinition(Extraction& extraction, const NodeRule&, TSNode node) {
  const DeclaredName name = NameOfDeclaration(extraction, node);
  if (ts_node_is_null(name.node) || AddAnnotatedType(extraction, name, node)) return;
  extraction.AddSymbol({.kind = name.is_qualified ? SymbolKind::kMethod : SymbolKind::kFunction,
                        .name = name.text,
                        .line_of = name.node,
                        .extent = node});
}

namespace {

void AddTypeDefinition(Extraction& extraction, const NodeRule& rule, TSNode node) {
  const TSFieldId declarator = extraction.field(Field::kDeclarator);
  TSTreeCursor cursor = ts_tree_cursor_new(node);
  for (bool more = ts_tree_cursor_goto_first_child(&cursor); more;
       more = ts_tree_cursor_goto_next_sibling(&cursor)) {
    if (ts_tree_cursor_current_field_id(&cursor) != declarator) continue;
    const DeclaredName name = FindDeclaredName(extraction, ts_tree_cursor_current_node(&cursor));
    if (ts_node_is_null(name.node)) continue;
    extraction.AddSymbol({.kind = rule.kind,
                          .name = name.text,
                          .line_of = name.node,
                          .extent = node,
                          .opens_scope = false});
  }
  ts_tree_cursor_delete(&cursor);
}

void AddInclude(Extraction& extraction, const NodeRule&, TSNode node) {
  const TSNode path = extraction.Child(node, Field::kPath);
  if (!ts_node_is_null(path)) extraction.AddImport(extraction.Text(path), path);
}

void AddMacro(Extraction& extraction, const NodeRule& rule, TSNode node) {
  const TSNode name = extraction.Child(node, Field::kName);
  extraction.AddSymbol({.kind = rule.kind,
                        .name = extraction.Text(name),
                        .line_of = name,
                        .extent = node,
                        .opens_scope = false});
}

}  // namespace

Grammar::Rules CommonCRules() {
  static constexpr NodeRule kRules[] = {
      {"function_definition", SymbolKind::kFunction, AddFunctionDefinition},
      {"struct_specifier", SymbolKind::kStruct, AddTypeWithBody},
      {"union_specifier", SymbolKind::kUnion, AddTypeWithBody},
      {"enum_specifier", SymbolKind::kEnum, AddTypeWithBody},
      {"type_definition", SymbolKind::kType, AddTypeDefinition},
      {"preproc_def", SymbolKind::kMacro, AddMacro},
      {"preproc_function_def", SymbolKind::kMacro, AddMacro},
      {"preproc_include", {}, AddInclude},
  };
  return kRules;
}

}  // namespace weft::internal
