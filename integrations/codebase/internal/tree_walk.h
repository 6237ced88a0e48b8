// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_TREE_WALK_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_TREE_WALK_H_

#include <cstdint>

#include <tree_sitter/api.h>

#include "weft/integrations/codebase/internal/extraction.h"
#include "weft/integrations/codebase/internal/grammar.h"

namespace weft::internal {

struct WalkResult {
  bool too_deep = false;  // stopped there
  // Places where the text does not fit the grammar: what was skipped, and tokens that
  // the parser had to invent.
  std::int64_t errors = 0;
  std::int32_t first_error_line = 0;  // 0: none
};

// Visits every visible node of `tree` once, parents first, and calls its rule; what the
// grammar could not fit is visited like the rest. No recursion: the depth of a tree
// costs heap, not stack.
WalkResult WalkTree(const TSTree* tree, const Grammar& grammar, std::int32_t max_depth,
                    Extraction& extraction);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_TREE_WALK_H_
