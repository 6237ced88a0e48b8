// SPDX-License-Identifier: Apache-2.0
//
// The matcher alone. What git thinks of each feature is asked in gitignore_test.cc.

#include "weft/integrations/codebase/internal/glob.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

#include "weft/integrations/codebase/internal/name_index.h"

namespace weft::internal {
namespace {

std::optional<Glob> Compile(std::string_view pattern) {
  const std::optional<GlobTokens> tokens = TokenizeGlob(pattern);
  if (!tokens.has_value()) return std::nullopt;
  return Glob::Compile(tokens->tokens, tokens->sets);
}

bool Matches(std::string_view pattern, std::string_view name) {
  const std::optional<Glob> glob = Compile(pattern);
  return glob.has_value() && glob->Matches(name);
}

// The meaning of a pattern of bytes, `?` and `*`, in the simplest form that is right: whether
// pattern[i..] matches name[j..], for all i and j from the end.
bool MatchesByTable(std::string_view pattern, std::string_view name) {
  std::vector<std::vector<bool>> table(pattern.size() + 1,
                                       std::vector<bool>(name.size() + 1, false));
  table[pattern.size()][name.size()] = true;
  for (std::size_t i = pattern.size(); i-- > 0;) {
    for (std::size_t j = name.size() + 1; j-- > 0;) {
      const bool more = j < name.size();
      table[i][j] = pattern[i] == '*' ? table[i + 1][j] || (more && table[i][j + 1])
                                      : more && (pattern[i] == '?' || pattern[i] == name[j]) &&
                                            table[i + 1][j + 1];
    }
  }
  return table[0][0];
}

TEST(GlobTest, ShapesAreRecognised) {
  EXPECT_EQ(Compile("a.c")->shape(), Glob::Shape::kLiteral);
  EXPECT_EQ(Compile("\\*")->shape(), Glob::Shape::kLiteral);
  EXPECT_EQ(Compile("*.c")->shape(), Glob::Shape::kSuffix);
  EXPECT_EQ(Compile("**.c")->shape(), Glob::Shape::kSuffix);
  EXPECT_EQ(Compile("*")->shape(), Glob::Shape::kSuffix);
  EXPECT_EQ(Compile("a*")->shape(), Glob::Shape::kPrefix);
  EXPECT_EQ(Compile("a*c")->shape(), Glob::Shape::kGeneral);
  EXPECT_EQ(Compile("*a*")->shape(), Glob::Shape::kGeneral);
  EXPECT_EQ(Compile("a?")->shape(), Glob::Shape::kGeneral);
  EXPECT_EQ(Compile("[a]")->shape(), Glob::Shape::kGeneral);
}

TEST(GlobTest, SuffixAndPrefixDoNotOverlapTheirName) {
  EXPECT_TRUE(Matches("*.c", ".c"));
  EXPECT_FALSE(Matches("*.c", "c"));
  EXPECT_TRUE(Matches("ab*", "ab"));
  EXPECT_FALSE(Matches("ab*ba", "aba"));
  EXPECT_TRUE(Matches("ab*ba", "abba"));
}

TEST(GlobTest, WhatCannotMatchIsRefused) {
  for (const char* pattern : {"", "[", "[a", "[]", "[!]", "[a-", "a\\", "[\\", "[[:foo:]]",
                              "[[::]]", "[[:alpha:]", "[[:alpha"}) {
    EXPECT_FALSE(Compile(pattern).has_value()) << pattern;
  }
  EXPECT_FALSE(Compile(std::string(5000, 'a')).has_value());
  EXPECT_TRUE(Compile("*" + std::string(4096, '?')).has_value());
}

TEST(GlobTest, RandomPatternsMatchLikeATable) {
  constexpr std::string_view kPatternBytes = "aab?**";
  constexpr std::string_view kNameBytes = "aab";
  constexpr unsigned kSeed = 20240611;
  std::mt19937 random(kSeed);
  int matched = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string pattern;
    std::string name;
    for (auto n = 1 + random() % 8; n > 0; --n) {
      pattern += kPatternBytes[random() % kPatternBytes.size()];
    }
    for (auto n = 1 + random() % 9; n > 0; --n) name += kNameBytes[random() % kNameBytes.size()];
    const bool expected = MatchesByTable(pattern, name);
    matched += expected ? 1 : 0;
    ASSERT_EQ(Matches(pattern, name), expected)
        << "pattern " << pattern << ", name " << name << ", seed " << kSeed << ", case " << i;
  }
  EXPECT_GT(matched, 20'000);
}

// A matcher that tries every split needs longer than the universe has; ours some 10^7 steps.
TEST(GlobTest, GlobOfDeathIsCheap) {
  std::string pattern;
  for (int i = 0; i < 1'000; ++i) pattern += "*a";
  const std::string name(10'000, 'a');
  EXPECT_FALSE(Matches(pattern + "*b", name));
  EXPECT_TRUE(Matches(pattern + "*", name));
  EXPECT_FALSE(Matches(pattern + "[!a]", name));
}

TEST(NameIndexTest, FindsTheGlobsOfItsScopeAndNoOthers) {
  NameIndex index;
  const std::int32_t first = index.AddScope();
  const std::int32_t second = index.AddScope();
  const auto add = [&index](std::int32_t scope, std::string_view pattern) {
    return index.Add(scope, *Compile(pattern));
  };
  const std::int32_t literal = add(first, "a.c");
  const std::int32_t suffix = add(first, "*.c");
  const std::int32_t everything = add(first, "*");
  const std::int32_t prefix = add(first, "a*");
  const std::int32_t general = add(first, "?.c");
  const std::int32_t other = add(second, "a.c");
  EXPECT_EQ(add(first, "a.c"), literal);
  EXPECT_EQ(add(first, "**.c"), suffix);
  EXPECT_NE(other, literal);

  const auto found = [&index](std::int32_t scope, std::string_view name) {
    std::vector<std::int32_t> numbers;
    index.Visit(scope, name, [&numbers](std::int32_t number) { numbers.push_back(number); });
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  };
  using Numbers = std::vector<std::int32_t>;
  EXPECT_EQ(found(first, "a.c"), Numbers({literal, suffix, everything, prefix, general}));
  EXPECT_EQ(found(first, "b.c"), Numbers({suffix, everything, general}));
  EXPECT_EQ(found(first, "x"), Numbers({everything}));
  EXPECT_EQ(found(second, "a.c"), Numbers({other}));
  EXPECT_EQ(found(second, "b.c"), Numbers({}));
}

}  // namespace
}  // namespace weft::internal
