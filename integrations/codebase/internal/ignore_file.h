// SPDX-License-Identifier: Apache-2.0
//
// The text of a .gitignore or .git/info/exclude, line by line as git reads it.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_IGNORE_FILE_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_IGNORE_FILE_H_

#include <string_view>

#include "weft/integrations/codebase/internal/path_pattern.h"
#include "weft/integrations/codebase/internal/rule_set.h"

namespace weft::internal {

// A byte order mark at the beginning, a carriage return before the line end and spaces
// without a backslash at the end of a line do not count; nor does what follows a NUL.
// Lines that can match nothing are left out.
// Cost: linear in `text`.
RuleSet ParseIgnoreFile(std::string_view text, GitDialect dialect = kGitDialect);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_IGNORE_FILE_H_
