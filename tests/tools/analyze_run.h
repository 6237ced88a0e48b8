// SPDX-License-Identifier: Apache-2.0
//
// What tests of `weft analyze` share: trees, and ways to read what it says.

#ifndef WEFT_TESTS_TOOLS_ANALYZE_RUN_H_
#define WEFT_TESTS_TOOLS_ANALYZE_RUN_H_

#include <string>
#include <vector>

#include "nlohmann/json.hpp"

#include "scratch_folder.h"

namespace weft::tools {

// The value that `text` is; a failure of the test when it is none.
nlohmann::json ParseJson(const std::string& text);

// The document of a run over `tree` that must end with `exit_code`.
nlohmann::json Analyze(const ScratchFolder& tree, std::vector<std::string> options = {},
                       int exit_code = 0);

// The record of `path`, as the document writes it; a failure of the test when there is none.
nlohmann::json FindFile(const nlohmann::json& document, const std::string& path);

// Expects lines of at most 80 columns that hold nothing a terminal would obey.
void ExpectFitsTerminal(const std::string& text);

// A little of everything, and enough of it that workers meet: 182 candidates.
void WriteMixedTree(const ScratchFolder& tree);

}  // namespace weft::tools

#endif  // WEFT_TESTS_TOOLS_ANALYZE_RUN_H_
