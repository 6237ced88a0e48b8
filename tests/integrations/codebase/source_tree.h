// SPDX-License-Identifier: Apache-2.0
//
// Trees of sources that are the same for the same seed, and their analysis.

#ifndef WEFT_TESTS_INTEGRATIONS_CODEBASE_SOURCE_TREE_H_
#define WEFT_TESTS_INTEGRATIONS_CODEBASE_SOURCE_TREE_H_

#include <string>

#include "integrations/codebase/temp_tree.h"
#include "weft/integrations/codebase/codebase.h"

namespace weft::testing {

// About `files` files in several folders: every language, some with errors, some binary,
// some that error recovery is slow on, some of no language.
void WriteRandomTree(const TempTree& tree, unsigned seed, int files);

// With a scheduler of its own.
Codebase AnalyzeWith(int workers, const std::string& root, const CodebaseOptions& options = {});

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_CODEBASE_SOURCE_TREE_H_
