// SPDX-License-Identifier: Apache-2.0
//
// One text through the default registry's parser, and its facts as lines of text that
// an expectation can be written in by hand.

#ifndef WEFT_TESTS_INTEGRATIONS_CODEBASE_PARSE_TEXT_H_
#define WEFT_TESTS_INTEGRATIONS_CODEBASE_PARSE_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "weft/integrations/codebase/file_record.h"
#include "weft/integrations/codebase/parse_limits.h"

namespace weft::testing {

// ParseSource with the default registry.
FileRecord ParseText(std::string_view path, std::string_view text, const ParseLimits& limits = {});

// A symbol as "class A 1-5", or "method f 2-3 in A" when it has a parent.
std::vector<std::string> Symbols(const FileRecord& record);

// An import as "os.path @3".
std::vector<std::string> Imports(const FileRecord& record);

// `piece`, `count` times.
std::string Repeat(std::string_view piece, int count);

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_CODEBASE_PARSE_TEXT_H_
