// SPDX-License-Identifier: Apache-2.0
//
// C: function definitions, not prototypes; structs, unions and enums that have a name
// and a body; every name of a typedef; macros. Imports: what follows #include, with its
// quotes or brackets.

#include "weft/integrations/codebase/internal/c_declarator.h"
#include "weft/integrations/codebase/internal/directive_lines.h"
#include "weft/integrations/codebase/internal/grammar.h"

extern "C" const TSLanguage* tree_sitter_c(void);

namespace weft::internal {

const Grammar& CGrammar() {
  static const auto* const grammar = new Grammar(tree_sitter_c(), {CommonCRules()}, EndDirectives);
  return *grammar;
}

}  // namespace weft::internal
