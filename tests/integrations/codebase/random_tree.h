// SPDX-License-Identifier: Apache-2.0
//
// Trees with ignore files, made from a seed, that can be taken apart piece by piece.

#ifndef WEFT_TESTS_INTEGRATIONS_CODEBASE_RANDOM_TREE_H_
#define WEFT_TESTS_INTEGRATIONS_CODEBASE_RANDOM_TREE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "integrations/codebase/git_tree.h"

namespace weft::testing {

struct TreeItem {
  enum class Kind { kFolder, kFile, kSymlink, kIgnoreFile };

  Kind kind = Kind::kFile;
  std::string path;
  std::string target = {};              // of a link
  std::vector<std::string> lines = {};  // of an ignore file, with their line ends
};

// Folders come before what is in them.
using TreeItems = std::vector<TreeItem>;

// The same for the same seed. Without `forgetful_stars` no pattern has `**` right behind text
// and before a slash or its end, where versions of git disagree.
TreeItems MakeRandomTree(std::uint32_t seed, bool forgetful_stars);

// With a .git; an ignore file ".git/info/exclude" lands there.
void Build(const TreeItems& items, GitTree& tree);

// Takes away items and lines as long as `fails` says so of what is left.
TreeItems Shrink(TreeItems items, const std::function<bool(const TreeItems&)>& fails);

std::string Show(const TreeItems& items);

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_CODEBASE_RANDOM_TREE_H_
