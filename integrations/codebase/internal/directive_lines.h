// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIRECTIVE_LINES_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIRECTIVE_LINES_H_

#include <string>
#include <string_view>

namespace weft::internal {

// For C and C++. Their grammars take blanks behind a directive for a reason to go on in
// the next line: `#define A ` swallows the `#include` or the function that follows, and
// nothing tells. This is `source`, or, when it has such a line, `copy`, made to be the
// same text with each such line's end moved in front of the blanks: no byte that is not
// blank moves, and none changes its line.
std::string_view EndDirectives(std::string_view source, std::string& copy);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIRECTIVE_LINES_H_
