// SPDX-License-Identifier: Apache-2.0
//
// Rules as a set: which of many decides, and that many cost no more than few.

#include "weft/integrations/codebase/internal/rule_set.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

#include "weft/integrations/codebase/internal/folder_rules.h"
#include "weft/integrations/codebase/internal/ignore_file.h"
#include "weft/integrations/codebase/internal/path_pattern.h"

namespace weft::internal {
namespace {

using Verdict = RuleSet::Verdict;

// The verdict on a path below the folder of the rules, as a walk would come to it but for the
// folders above, which it takes as kept.
Verdict Ask(const RuleSet& rules, std::string_view path) {
  RuleSet::Reached reached = rules.Top();
  for (std::size_t slash;
       (slash = path.find('/')) + 1 < path.size() && slash != std::string_view::npos;) {
    reached = rules.Enter(reached, path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  const bool is_directory = path.ends_with('/');
  if (is_directory) path.remove_suffix(1);
  return rules.Find(reached, path, is_directory);
}

Verdict Ask(std::string_view text, std::string_view path) {
  return Ask(ParseIgnoreFile(text), path);
}

TEST(RuleSetTest, LastMatchWinsAcrossAllKindsOfRules) {
  // A literal, a suffix, a prefix, a general glob, an anchored path and `**` all match "a/b.c".
  const std::string rules[] = {"b.c", "*.c", "b*", "?.c", "/a/b.c", "a/**", "**/b.c", "/*/*.c"};
  for (const std::string& first : rules) {
    for (const std::string& second : rules) {
      EXPECT_EQ(Ask(first + "\n!" + second + "\n", "a/b.c"), Verdict::kNegatedMatch)
          << first << " then !" << second;
      EXPECT_EQ(Ask("!" + first + "\n" + second + "\n", "a/b.c"), Verdict::kMatch)
          << "!" << first << " then " << second;
    }
  }
}

TEST(RuleSetTest, RulesForFoldersOnlyDoNotHideEarlierOnes) {
  EXPECT_EQ(Ask("a\n!a/\n", "a"), Verdict::kMatch);
  EXPECT_EQ(Ask("a\n!a/\n", "a/"), Verdict::kNegatedMatch);
  EXPECT_EQ(Ask("a/\n!a\n", "a/"), Verdict::kNegatedMatch);
  EXPECT_EQ(Ask("x/a/\n!x/a\n", "x/a/"), Verdict::kNegatedMatch);
  EXPECT_EQ(Ask("x/**\n!x/**/\n", "x/y/z/"), Verdict::kNegatedMatch);
  EXPECT_EQ(Ask("x/**\n!x/**/\n", "x/y/z"), Verdict::kMatch);
}

TEST(RuleSetTest, OverlappingDoubleStarsAreAllFollowed) {
  const std::string text = "**/a/**/b/**/a/c\n";
  EXPECT_EQ(Ask(text, "a/b/a/c"), Verdict::kMatch);
  EXPECT_EQ(Ask(text, "x/a/a/x/b/b/x/a/a/c"), Verdict::kMatch);
  EXPECT_EQ(Ask(text, "a/b/a/b/a/c"), Verdict::kMatch);
  EXPECT_EQ(Ask(text, "b/a/a/c"), Verdict::kNone);
  EXPECT_EQ(Ask(text, "a/b/a/x/c"), Verdict::kNone);
}

TEST(RuleSetTest, FarFromItsPathsNothingIsReached) {
  const RuleSet rules = ParseIgnoreFile("/build/out\ndoc/*.txt\n");
  EXPECT_FALSE(rules.Top().empty());
  EXPECT_FALSE(rules.Enter(rules.Top(), "doc").empty());
  EXPECT_TRUE(rules.Enter(rules.Top(), "src").empty());
  EXPECT_TRUE(rules.Enter(rules.Enter(rules.Top(), "build"), "x").empty());
}

TEST(RuleSetTest, BothDialectsOfDoubleStarBehindText) {
  const auto ask = [](GitDialect dialect, std::string_view line, std::string_view path) {
    RuleSet rules;
    rules.Add(*ParsePathPattern(line, dialect));
    return Ask(rules, path) == Verdict::kMatch;
  };
  constexpr GitDialect kOld = GitDialect::kBefore252;
  constexpr GitDialect kNew = GitDialect::kSince252;
  for (const GitDialect dialect : {kOld, kNew}) {
    EXPECT_TRUE(ask(dialect, "foo**/bar", "foo/bar"));
    EXPECT_TRUE(ask(dialect, "foo**/bar", "foox/bar"));
    EXPECT_FALSE(ask(dialect, "foo**/bar", "xfoo/bar"));
    EXPECT_FALSE(ask(dialect, "?oo**/bar", "foo/x/bar"));
    EXPECT_FALSE(ask(dialect, "foo**x/bar", "foo/x/bar"));
    EXPECT_TRUE(ask(dialect, "/foo**", "fooo"));
  }
  for (const char* path : {"foo/x/bar", "foox/y/z/bar", "foobar"}) {
    EXPECT_TRUE(ask(kOld, "foo**/bar", path)) << path;
    EXPECT_FALSE(ask(kNew, "foo**/bar", path)) << path;
  }
  EXPECT_TRUE(ask(kOld, "/foo**", "foo/x"));
  EXPECT_FALSE(ask(kNew, "/foo**", "foo/x"));
  EXPECT_TRUE(ask(kOld, "/foo**/**", "foo"));
  EXPECT_TRUE(ask(kOld, "a/foo**\\/b", "a/foo/x/b"));
  EXPECT_FALSE(ask(kOld, "a/foo**\\/b", "a/foob"));
}

// Each name is a hash look-up: 20,000 matches for each of 20,000 names would take minutes.
TEST(RuleSetTest, ManyRulesCostNoMoreThanFew) {
  constexpr int kRules = 20'000;
  std::string text;
  for (int i = 0; i < kRules; ++i) {
    const std::string n = std::to_string(i);
    text +=
        "name" + n + "\n*.ext" + n + "\npre" + n + "*\n/dir/file" + n + "\n**/deep" + n + "/x\n";
  }
  const RuleSet rules = ParseIgnoreFile(text);
  const RuleSet::Reached dir = rules.Enter(rules.Top(), "dir");
  int matched = 0;
  for (int i = 0; i < kRules; ++i) {
    const std::string n = std::to_string(i);
    const RuleSet::Reached deep = rules.Enter(dir, "deep" + n);
    const bool all = rules.Find(dir, "name" + n, false) == Verdict::kMatch &&
                     rules.Find(dir, "a.ext" + n, false) == Verdict::kMatch &&
                     rules.Find(dir, "pre" + n, false) == Verdict::kMatch &&
                     rules.Find(dir, "file" + n, false) == Verdict::kMatch &&
                     rules.Find(deep, "x", false) == Verdict::kMatch &&
                     rules.Find(deep, "file" + n, false) == Verdict::kNone;
    matched += all ? 1 : 0;
  }
  EXPECT_EQ(matched, kRules);
}

TEST(RuleSetTest, HugePatternsAreRefusedOrHeld) {
  std::string slashes;
  for (int i = 0; i < 500'000; ++i) slashes += "a/";
  EXPECT_FALSE(ParsePathPattern(slashes + "b").has_value());  // no path is so long
  EXPECT_FALSE(ParsePathPattern(std::string(1 << 20, '?')).has_value());
  std::string stars;
  for (int i = 0; i < 300'000; ++i) stars += "**/";
  const RuleSet rules = ParseIgnoreFile(stars + "b\n");
  EXPECT_EQ(Ask(rules, "x/y/b"), Verdict::kMatch);
  EXPECT_EQ(Ask(rules, "x/y/c"), Verdict::kNone);
}

TEST(FolderRulesTest, NearestSetWithARuleDecides) {
  const FolderRulesPtr outer = FolderRules::With(ParseIgnoreFile("*.o\n!a.c\nx/y\n"), {});
  const FolderRulesPtr inner =
      FolderRules::With(ParseIgnoreFile("!*.o\n/y\n"), FolderRules::Enter(outer, "x"));
  EXPECT_EQ(FolderRules::Find(outer, "b.o", false), Verdict::kMatch);
  EXPECT_EQ(FolderRules::Find(inner, "b.o", false), Verdict::kNegatedMatch);
  EXPECT_EQ(FolderRules::Find(inner, "a.c", false), Verdict::kNegatedMatch);
  EXPECT_EQ(FolderRules::Find(inner, "y", false), Verdict::kMatch);
  EXPECT_EQ(FolderRules::Find(inner, "z", false), Verdict::kNone);
  EXPECT_EQ(FolderRules::Find({}, "z", false), Verdict::kNone);
}

TEST(FolderRulesTest, FoldersInWhichNothingChangesShareOneChain) {
  const FolderRulesPtr names = FolderRules::With(ParseIgnoreFile("*.o\n"), {});
  EXPECT_EQ(FolderRules::Enter(names, "x"), names);
  const FolderRulesPtr paths = FolderRules::With(ParseIgnoreFile("a/b\n"), names);
  EXPECT_EQ(FolderRules::Enter(paths, "x"), names);  // nothing of a/b can match below x
  const FolderRulesPtr deep = FolderRules::With(ParseIgnoreFile("**/a/b\n"), names);
  const FolderRulesPtr below = FolderRules::Enter(deep, "x");
  EXPECT_EQ(FolderRules::Enter(below, "y"), below);
  EXPECT_EQ(FolderRules::With(ParseIgnoreFile("# nothing\n"), names), names);
}

TEST(FolderRulesTest, LongChainsNeedNoStack) {
  FolderRulesPtr chain;
  for (int i = 0; i < 200'000; ++i) chain = FolderRules::With(ParseIgnoreFile("a\n"), chain);
  FolderRulesPtr second = chain;
  chain = {};
  EXPECT_EQ(FolderRules::Find(second, "a", false), Verdict::kMatch);
}

}  // namespace
}  // namespace weft::internal
