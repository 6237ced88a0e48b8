// SPDX-License-Identifier: Apache-2.0
//
// Turns the nodes that a walk meets into symbols and imports.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_EXTRACTION_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_EXTRACTION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tree_sitter/api.h>

#include "weft/integrations/codebase/file_record.h"
#include "weft/integrations/codebase/internal/grammar.h"

namespace weft::internal {

// A symbol's parent is the nearest definition around it; a function whose parent is a
// class, struct, union, interface, trait or enum is a method. Its line is that of its
// name. Where a language writes members outside their type (Rust impl, Go receivers)
// the parent is that type if the same file defines it, before or after.
//
// Thread safety: one thread; for one file.
class Extraction {
 public:
  Extraction(const Grammar& grammar, std::string_view source, FileRecord& record)
      : grammar_(grammar), source_(source), record_(record) {}
  Extraction(const Extraction&) = delete;
  Extraction& operator=(const Extraction&) = delete;

  // For the walk: `depth` is that of the node whose rule is called next, or of the node
  // that the walk goes to; definitions at that depth and below are left.
  void Enter(int depth) { depth_ = depth; }
  void Leave(int depth) {
    while (!scopes_.empty() && scopes_.back().depth >= depth) scopes_.pop_back();
  }
  // Once, after the walk.
  void Finish();

  // For rules: reading. A null node has no text and no children.
  std::string_view Text(TSNode node) const;
  std::string_view Text(std::uint32_t begin, std::uint32_t end) const;
  TSNode Child(TSNode node, Field field) const;
  TSFieldId field(Field field) const { return grammar_.field(field); }

  // Adds a definition, unless its name is empty. What the walk meets inside `extent`
  // has it as parent when `opens_scope`.
  struct Definition {
    SymbolKind kind;
    std::string_view name;
    TSNode line_of;  // where its line is taken from
    TSNode extent;
    bool opens_scope = true;
  };
  void AddSymbol(const Definition& definition);

  // The usual case: a node with a name child.
  void AddNamed(SymbolKind kind, TSNode node, TSNode name) {
    AddSymbol({.kind = kind, .name = Text(name), .line_of = name, .extent = node});
  }

  // Functions inside the node at hand are methods of the type `type_name`.
  void OpenMemberScope(std::string_view type_name);
  // Functions inside the node at hand are functions, whatever is around it.
  void OpenPlainScope();
  // The symbol added last is a member of the type `type_name`.
  void SetOwner(std::string_view type_name);

  void AddImport(std::string_view text, TSNode where);

  // What is around the node at hand.
  bool InClass() const { return !scopes_.empty() && scopes_.back().class_like; }
  std::string_view ScopeName() const {  // empty outside every symbol
    return parent() == Symbol::kNoParent ? std::string_view()
                                         : record_.symbols[static_cast<std::size_t>(parent())].name;
  }
  bool ScopeIsDirectParent() const {
    return !scopes_.empty() && scopes_.back().depth == depth_ - 1;
  }

 private:
  struct Scope {
    int depth;
    std::int32_t symbol;  // or kNoParent
    bool class_like;
    std::string_view owner;  // of the functions inside, empty: `symbol` is
  };
  struct Owned {
    std::int32_t symbol;
    std::string_view owner;
  };

  std::int32_t parent() const {
    return scopes_.empty() ? Symbol::kNoParent : scopes_.back().symbol;
  }

  const Grammar& grammar_;
  const std::string_view source_;
  FileRecord& record_;
  int depth_ = 0;
  std::vector<Scope> scopes_;
  std::vector<Owned> owned_;  // members whose type may come later
};

// The rule handler for nodes with a `name` child.
void AddNamedSymbol(Extraction& extraction, const NodeRule& rule, TSNode node);

// `text` without its first and last byte when both are the same quote.
std::string_view Unquoted(std::string_view text);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_EXTRACTION_H_
