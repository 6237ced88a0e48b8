// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_TREE_SITTER_PARSER_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_TREE_SITTER_PARSER_H_

#include <memory>
#include <string_view>

#include "weft/integrations/codebase/internal/grammar.h"
#include "weft/integrations/codebase/internal/parse_arena.h"
#include "weft/integrations/codebase/parser_registry.h"

namespace weft::internal {

// Parses with tree-sitter and keeps what the grammar's rules find. Each parse starts
// from nothing in an arena that is emptied afterwards: nothing of one file reaches the
// next, and freeing a tree costs nothing.
//
// Thread safety: one thread at a time; the pool is shared.
class TreeSitterParser : public SourceParser {
 public:
  TreeSitterParser(const Grammar& grammar, std::shared_ptr<ParseArenaPool> arenas);

  ParseOutcome Parse(std::string_view source, const ParseLimits& limits,
                     FileRecord& record) override;

 private:
  ParseOutcome ParseIn(ParseArena& arena, std::string_view source, const ParseLimits& limits,
                       FileRecord& record) const;

  const Grammar& grammar_;
  const std::shared_ptr<ParseArenaPool> arenas_;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_TREE_SITTER_PARSER_H_
