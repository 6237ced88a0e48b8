// SPDX-License-Identifier: Apache-2.0
//
// Random trees under random rules, with git as the judge.
//
// WEFT_RANDOM_TREES is their number, 1,200 by default and 160 where a sanitizer makes starting
// a process dear; WEFT_RANDOM_SEED the first seed. With WEFT_COMMAND, the path of the command
// `weft`, its output is compared as well.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

#include "integrations/codebase/git_tree.h"
#include "integrations/codebase/random_tree.h"
#include "testing/from_environment.h"

namespace weft::testing {
namespace {

using Names = std::vector<std::string>;

std::string Compare(std::string_view what, const Names& ours, const Names& expected) {
  if (ours == expected) return "";
  Names sorted = ours;
  std::sort(sorted.begin(), sorted.end());
  Names extra;
  Names missing;
  std::set_difference(sorted.begin(), sorted.end(), expected.begin(), expected.end(),
                      std::back_inserter(extra));
  std::set_difference(expected.begin(), expected.end(), sorted.begin(), sorted.end(),
                      std::back_inserter(missing));
  return std::string(what) + (sorted == ours ? "" : " is not sorted") + "\n listed wrongly:\n" +
         Show(extra) + " missing:\n" + Show(missing);
}

Names WithoutHidden(Names names) {
  std::erase_if(names, [](const std::string& name) {
    return name.starts_with('.') || name.find("/.") != std::string::npos;
  });
  return names;
}

// All that is there: nothing is ignored, and the model of the tree is the oracle.
Names Everything(const TreeItems& items) {
  Names names;
  for (const TreeItem& item : items) {
    const bool listed = item.kind != TreeItem::Kind::kFolder && !item.path.starts_with(".git/");
    if (listed) names.push_back(item.path);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Empty, or what is wrong.
std::string Judge(const TreeItems& items, int workers) {
  GitTree tree;
  Build(items, tree);
  const Names gits = GitFiles(tree.root());
  const Discovery discovery = Discover(tree.root(), {.include_hidden = true}, workers);
  std::string wrong = Compare("the list with hidden files", PathsOf(discovery), gits);
  for (const DiscoveryError& error : discovery.errors) {
    wrong += "error: " + error.path + ": " + error.status.ToString() + "\n";
  }
  wrong += Compare("the list without hidden files", PathsOf(Discover(tree.root(), {}, workers)),
                   WithoutHidden(gits));
  wrong += Compare(
      "the list without rules",
      PathsOf(Discover(tree.root(), {.use_ignore_files = false, .include_hidden = true}, workers)),
      Everything(items));
  if (const char* command = std::getenv("WEFT_COMMAND")) {
    wrong +=
        Compare("the command's output",
                SplitNul(OutputOf({command, "files", "--hidden", "-0", tree.root()}, "/")), gits);
  }
  return wrong;
}

constexpr std::uint32_t kTreesByDefault = WEFT_SANITIZED ? 160 : 1'200;

// Parts, so that they run side by side.
constexpr std::uint32_t kParts = 4;
class RandomTreesTest : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(RandomTreesTest, ListsAreGitsByteForByte) {
  const bool forgetful_stars = !GitIsAtLeast(2, 52);
  const std::uint32_t first = FromEnvironment("WEFT_RANDOM_SEED", 1);
  const std::uint32_t count = FromEnvironment("WEFT_RANDOM_TREES", kTreesByDefault);
  for (std::uint32_t i = GetParam(); i < count; i += kParts) {
    const std::uint32_t seed = first + i;
    const int workers = seed % 5 == 0 ? 2 : 0;
    const TreeItems items = MakeRandomTree(seed, forgetful_stars);
    if (Judge(items, workers).empty()) continue;
    const TreeItems less =
        Shrink(items, [&](const TreeItems& some) { return !Judge(some, workers).empty(); });
    FAIL() << "seed " << seed << ", " << workers << " workers:\n"
           << Judge(less, workers) << "the tree:\n"
           << Show(less);
  }
}

INSTANTIATE_TEST_SUITE_P(Part, RandomTreesTest, ::testing::Range(0u, kParts));

// A generator whose rules match nothing, or everything, would prove little.
TEST(RandomTreeTest, RulesDecideAboutManyFilesButNotAll) {
  std::size_t all = 0;
  std::size_t kept = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    GitTree tree;
    const TreeItems items = MakeRandomTree(seed, false);
    Build(items, tree);
    all += Everything(items).size();
    kept += Discover(tree.root(), {.include_hidden = true}, 0).files.size();
  }
  EXPECT_GT(kept, all / 4);
  EXPECT_LT(kept, all * 3 / 4);
}

TEST(RandomTreeTest, ShrinkingKeepsWhatMatters) {
  const TreeItems items = MakeRandomTree(7, false);
  const auto has_rules = [](const TreeItems& some) {
    return std::any_of(some.begin(), some.end(),
                       [](const TreeItem& item) { return item.lines.size() >= 2; });
  };
  ASSERT_TRUE(has_rules(items));
  const TreeItems less = Shrink(items, has_rules);
  EXPECT_EQ(less.back().lines.size(), 2u);
  EXPECT_LE(less.size(), 2u);
}

}  // namespace
}  // namespace weft::testing
