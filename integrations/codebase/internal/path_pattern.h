// SPDX-License-Identifier: Apache-2.0
//
// One line of an ignore file, taken apart: what it matches, folder by folder.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_PATH_PATTERN_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_PATH_PATTERN_H_

#include <optional>
#include <string_view>
#include <vector>

#include "weft/integrations/codebase/internal/glob.h"

namespace weft::internal {

// How git reads `**` right behind ordinary text, as in "lib**/a.c" or "/lib**".
// Elsewhere all versions agree.
enum class GitDialect {
  kBefore252,  // git up to 2.51: it crosses folders, and with the slash behind it may be nothing
  kSince252,   // as gitignore(5) says: it is an ordinary asterisk
};

// The dialect of the gits that Debian 12 and Ubuntu 24.04 ship; a fixed one, so that a list
// of files does not depend on which git is installed, or whether any is.
inline constexpr GitDialect kGitDialect = GitDialect::kBefore252;

struct PathPattern {
  // One folder or file name of a path; without a glob it is `**`: any number of
  // folders, none included, or, as the last part, everything below.
  using Part = std::optional<Glob>;
  using Way = std::vector<Part>;

  bool negated = false;           // !pattern: brings back what an earlier line left out
  bool directories_only = false;  // pattern/
  bool any_depth = false;         // without a slash: one part, in every folder below
  std::vector<Way> ways;          // it matches when one of these does; never empty
};

// `line` without its line end, not a comment. nullopt: matches nothing, ever.
std::optional<PathPattern> ParsePathPattern(std::string_view line,
                                            GitDialect dialect = kGitDialect);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_PATH_PATTERN_H_
