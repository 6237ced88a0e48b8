// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/extraction.h"

#include <map>
#include <utility>

namespace weft::internal {
namespace {

bool IsClassLike(SymbolKind kind) {
  switch (kind) {
    case SymbolKind::kClass:
    case SymbolKind::kInterface:
    case SymbolKind::kStruct:
    case SymbolKind::kUnion:
    case SymbolKind::kEnum:
    case SymbolKind::kTrait: return true;
    case SymbolKind::kModule:
    case SymbolKind::kType:
    case SymbolKind::kFunction:
    case SymbolKind::kMethod:
    case SymbolKind::kMacro: return false;
  }
  return false;
}

std::int32_t StartLine(TSNode node) {
  return static_cast<std::int32_t>(ts_node_start_point(node).row) + 1;
}

// A node that ends with a line break ends at column 0 of the line after its last byte.
std::int32_t EndLine(TSNode node) {
  const TSPoint end = ts_node_end_point(node);
  const bool after_break = end.column == 0 && ts_node_end_byte(node) > ts_node_start_byte(node);
  return static_cast<std::int32_t>(end.row) + (after_break ? 0 : 1);
}

// A name may be written over several lines, as those of C++ specialisations are; here
// it is part of a line.
std::string OneLine(std::string_view name) {
  std::string line;
  for (const char c : name) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  return line;
}

}  // namespace

std::string_view Extraction::Text(TSNode node) const {
  if (ts_node_is_null(node)) return {};
  return Text(ts_node_start_byte(node), ts_node_end_byte(node));
}

std::string_view Extraction::Text(std::uint32_t begin, std::uint32_t end) const {
  if (begin >= end || begin >= source_.size()) return {};
  return source_.substr(begin, end - begin);
}

TSNode Extraction::Child(TSNode node, Field field) const {
  const TSFieldId id = grammar_.field(field);
  if (id == 0 || ts_node_is_null(node)) return TSNode{};
  return ts_node_child_by_field_id(node, id);
}

void Extraction::AddSymbol(const Definition& definition) {
  if (definition.name.empty()) return;
  SymbolKind kind = definition.kind;
  if (kind == SymbolKind::kFunction && InClass()) kind = SymbolKind::kMethod;
  const auto index = static_cast<std::int32_t>(record_.symbols.size());
  record_.symbols.push_back({.name = OneLine(definition.name),
                             .kind = kind,
                             .line = StartLine(definition.line_of),
                             .end_line = EndLine(definition.extent),
                             .parent = parent()});
  if (!scopes_.empty() && !scopes_.back().owner.empty()) SetOwner(scopes_.back().owner);
  if (definition.opens_scope) scopes_.push_back({depth_, index, IsClassLike(kind), {}});
}

void Extraction::OpenMemberScope(std::string_view type_name) {
  scopes_.push_back({depth_, parent(), true, type_name});
}

void Extraction::OpenPlainScope() { scopes_.push_back({depth_, parent(), false, {}}); }

void Extraction::SetOwner(std::string_view type_name) {
  const auto last = static_cast<std::int32_t>(record_.symbols.size()) - 1;
  if (last >= 0 && !type_name.empty()) owned_.push_back({last, type_name});
}

void Extraction::AddImport(std::string_view text, TSNode where) {
  if (text.empty()) return;
  record_.imports.push_back({.text = std::string(text), .line = StartLine(where)});
}

void Extraction::Finish() {
  if (owned_.empty()) return;
  // A type belongs to the members that stand beside it.
  std::map<std::pair<std::int32_t, std::string_view>, std::int32_t> types;
  for (std::size_t i = 0; i < record_.symbols.size(); ++i) {
    const Symbol& symbol = record_.symbols[i];
    if (!IsClassLike(symbol.kind) && symbol.kind != SymbolKind::kType) continue;
    types.try_emplace({symbol.parent, symbol.name}, static_cast<std::int32_t>(i));
  }
  for (const Owned& owned : owned_) {
    Symbol& member = record_.symbols[static_cast<std::size_t>(owned.symbol)];
    const auto type = types.find({member.parent, owned.owner});
    if (type != types.end() && type->second != owned.symbol) member.parent = type->second;
  }
}

void AddNamedSymbol(Extraction& extraction, const NodeRule& rule, TSNode node) {
  extraction.AddNamed(rule.kind, node, extraction.Child(node, Field::kName));
}

std::string_view Unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == text.back() &&
                      (text.front() == '"' || text.front() == '\'' || text.front() == '`');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace weft::internal
