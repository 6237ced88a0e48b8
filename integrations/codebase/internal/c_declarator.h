// SPDX-License-Identifier: Apache-2.0
//
// What C and C++ share: names lie inside declarators, wrapped in any number of
// pointers, arrays, parameter lists and parentheses.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_C_DECLARATOR_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_C_DECLARATOR_H_

#include <string_view>

#include <tree_sitter/api.h>

#include "weft/integrations/codebase/internal/extraction.h"
#include "weft/integrations/codebase/internal/grammar.h"

namespace weft::internal {

struct DeclaredName {
  TSNode node;            // null when there is none
  std::string_view text;  // as written: "f", "Shape::area", "operator bool"
  bool is_function;       // what has the name is a function, not a pointer to one
  bool is_qualified;      // "Shape::area"
};

// The name inside a declarator. Cost: its length; no recursion.
DeclaredName FindDeclaredName(const Extraction& extraction, TSNode declarator);

// What `declaration` declares. An annotation by macro is taken by the grammar for the
// declarator, and what it annotates for an error: `int x GUARDED_BY(mu);` declares x,
// `void r() LOCKS(mu);` a function r.
DeclaredName NameOfDeclaration(const Extraction& extraction, TSNode declaration);

// The rule handler for functions with a body. `class API Foo : public Base {...}` looks
// like one to the grammar and is added as the class that it is.
void AddFunctionDefinition(Extraction& extraction, const NodeRule& rule, TSNode node);

// The rule handler for types: those without a body are only mentioned.
void AddTypeWithBody(Extraction& extraction, const NodeRule& rule, TSNode node);

// The rules of both languages.
Grammar::Rules CommonCRules();

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_C_DECLARATOR_H_
