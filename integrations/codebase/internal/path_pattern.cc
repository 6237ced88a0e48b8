// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/path_pattern.h"

#include <cstddef>
#include <span>
#include <utility>

namespace weft::internal {
namespace {

using Kind = GlobToken::Kind;
using Tokens = std::span<const GlobToken>;
using Way = PathPattern::Way;

bool IsSlash(const GlobToken& token) {
  return token.kind == Kind::kSlash || token.kind == Kind::kEscapedSlash;
}

bool IsDoubleStar(const GlobToken& token) { return token.kind == Kind::kStars && token.value >= 2; }

// A pattern on its way from tokens to parts.
class Splitter {
 public:
  explicit Splitter(const std::vector<ByteSet>& sets) : sets_(sets) {}

  // nullopt if one of the parts matches no name, or all together no path.
  std::optional<Way> Split(Tokens tokens) const {
    Way way;
    std::size_t begin = 0;
    std::size_t least_bytes = 0;
    for (std::size_t at = 0; at <= tokens.size(); ++at) {
      if (at < tokens.size() && !IsSlash(tokens[at])) continue;
      const Tokens part = tokens.subspan(begin, at - begin);
      begin = at + 1;
      if (part.size() == 1 && IsDoubleStar(part[0])) {
        const bool escaped = at < tokens.size() && tokens[at].kind == Kind::kEscapedSlash;
        if (escaped) way.emplace_back(Glob::Compile(part, sets_));
        if (way.empty() || way.back().has_value()) way.emplace_back();  // `**/**` is `**`
      } else {
        std::optional<Glob> glob = Glob::Compile(part, sets_);
        if (!glob.has_value()) return std::nullopt;
        least_bytes += glob->least_bytes() + 1;
        way.emplace_back(std::move(glob));
      }
    }
    if (least_bytes > kLongestPath + 1) return std::nullopt;
    return way;
  }

  // The ways of a pattern whose token `stars` is a `**` behind ordinary text, which
  // an old git compares apart and forgets: the rest is for it a pattern of its own,
  // in which the `**` stands at the beginning.
  std::vector<Way> SplitForgetful(const std::vector<GlobToken>& tokens, std::size_t stars) const {
    std::vector<GlobToken> head(tokens.begin(), tokens.begin() + static_cast<long>(stars));
    Tokens tail = Tokens(tokens).subspan(stars);
    while (tail.size() > 2 && IsDoubleStar(tail[0]) && tail[1].kind == Kind::kSlash &&
           IsDoubleStar(tail[2]) && (tail.size() == 3 || IsSlash(tail[3]))) {
      tail = tail.subspan(2);
    }
    std::vector<Way> ways;
    const auto add = [this, &ways](std::vector<GlobToken> begin, Tokens end) {
      begin.insert(begin.end(), end.begin(), end.end());
      if (std::optional<Way> way = Split(begin)) ways.push_back(*std::move(way));
    };
    const GlobToken slash{.kind = Kind::kSlash};
    const GlobToken star{.kind = Kind::kStars, .value = 1};
    const GlobToken double_star{.kind = Kind::kStars, .value = 2};
    std::vector<GlobToken> deep = head;
    deep.insert(deep.end(), {star, slash, double_star});
    if (tail.size() == 1) {
      add(head, Tokens(&star, 1));
      add(deep, {});
      return ways;
    }
    if (tail[1].kind == Kind::kSlash) add(head, tail.subspan(2));
    deep.push_back(slash);
    add(deep, tail.subspan(2));
    return ways;
  }

 private:
  const std::vector<ByteSet>& sets_;
};

// Where the `**` of GitDialect stands in `pattern`, if it has one.
std::optional<std::size_t> FindForgetfulStars(std::string_view pattern, const GlobTokens& all) {
  const std::size_t at = pattern.find_first_of("*?[\\");
  if (at == 0 || at == std::string_view::npos || pattern[at - 1] == '/') return std::nullopt;
  // Up to `at` a byte is a token.
  if (!IsDoubleStar(all.tokens[at])) return std::nullopt;
  if (at + 1 < all.tokens.size() && !IsSlash(all.tokens[at + 1])) return std::nullopt;
  return at;
}

}  // namespace

std::optional<PathPattern> ParsePathPattern(std::string_view line, GitDialect dialect) {
  PathPattern pattern;
  pattern.negated = line.starts_with('!');
  if (pattern.negated) line.remove_prefix(1);
  pattern.directories_only = line.ends_with('/');
  if (pattern.directories_only) line.remove_suffix(1);
  pattern.any_depth = line.find('/') == std::string_view::npos;
  if (line.starts_with('/')) line.remove_prefix(1);

  const std::optional<GlobTokens> all = TokenizeGlob(line);
  if (!all.has_value()) return std::nullopt;
  if (pattern.any_depth) {
    std::optional<Glob> name = Glob::Compile(all->tokens, all->sets);
    if (!name.has_value()) return std::nullopt;
    pattern.ways.emplace_back().emplace_back(std::move(name));
    return pattern;
  }
  const Splitter splitter(all->sets);
  std::optional<std::size_t> stars;
  if (dialect == GitDialect::kBefore252) stars = FindForgetfulStars(line, *all);
  if (stars.has_value()) {
    pattern.ways = splitter.SplitForgetful(all->tokens, *stars);
  } else if (std::optional<Way> way = splitter.Split(all->tokens)) {
    pattern.ways.push_back(*std::move(way));
  }
  if (pattern.ways.empty()) return std::nullopt;
  return pattern;
}

}  // namespace weft::internal
