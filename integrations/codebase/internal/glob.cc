// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/glob.h"

#include <algorithm>
#include <utility>

namespace weft::internal {
namespace {

using Kind = GlobToken::Kind;
using Tokens = std::span<const GlobToken>;

std::string Bytes(Tokens tokens) {
  std::string text;
  for (const GlobToken& token : tokens) text += static_cast<char>(token.byte);
  return text;
}

}  // namespace

std::optional<Glob> Glob::Compile(Tokens tokens, std::span<const ByteSet> sets) {
  const auto count = [tokens](Kind kind) {
    return static_cast<std::size_t>(std::count_if(
        tokens.begin(), tokens.end(), [kind](const GlobToken& t) { return t.kind == kind; }));
  };
  const std::size_t stars = count(Kind::kStars);
  const bool plain = count(Kind::kByte) + stars == tokens.size();
  if (tokens.empty() || tokens.size() - stars > kLongestPath) return std::nullopt;

  Glob glob;
  glob.least_bytes_ = static_cast<std::uint32_t>(tokens.size() - stars);
  if (plain && stars == 0) {
    glob.shape_ = Shape::kLiteral;
    glob.text_ = Bytes(tokens);
  } else if (plain && stars == 1 && tokens.front().kind == Kind::kStars) {
    glob.shape_ = Shape::kSuffix;
    glob.text_ = Bytes(tokens.subspan(1));
  } else if (plain && stars == 1 && tokens.back().kind == Kind::kStars) {
    glob.shape_ = Shape::kPrefix;
    glob.text_ = Bytes(tokens.first(tokens.size() - 1));
  } else {
    std::size_t at = 0;
    while (tokens[at].kind == Kind::kByte) ++at;
    glob.text_ = Bytes(tokens.first(at));
    auto rest = std::make_unique<Program>();
    for (; at < tokens.size(); ++at) rest->Append(tokens[at], sets);
    glob.rest_ = std::move(rest);
  }
  return glob;
}

void Glob::Program::Append(const GlobToken& token, std::span<const ByteSet> all_sets) {
  Op op{.kind = token.kind, .byte = token.byte};
  if (token.kind == Kind::kSet) {
    op.set = static_cast<std::uint16_t>(sets.size());
    sets.push_back(all_sets[token.value]);
  }
  ops.push_back(op);
}

bool Glob::Matches(std::string_view name) const {
  if (name.size() < least_bytes_) return false;
  switch (shape_) {
    case Shape::kLiteral: return name == text_;
    case Shape::kSuffix: return name.ends_with(text_);
    case Shape::kPrefix: return name.starts_with(text_);
    case Shape::kGeneral:
      return name.starts_with(text_) && rest_->Matches(name.substr(text_.size()));
  }
  return false;
}

// Everything before the last asterisk met so far has found its earliest place, and
// a later one could not help; so on a mismatch only that asterisk takes one byte more.
bool Glob::Program::Matches(std::string_view name) const {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t op = 0;
  std::size_t at = 0;
  std::size_t star_op = kNone;
  std::size_t star_at = 0;
  while (at < name.size()) {
    if (op < ops.size() && ops[op].kind == Kind::kStars) {
      star_op = op++;
      star_at = at;
      if (op == ops.size()) return true;
    } else if (op < ops.size() && Accepts(ops[op], static_cast<unsigned char>(name[at]))) {
      ++op;
      ++at;
    } else if (star_op != kNone) {
      op = star_op + 1;
      at = ++star_at;
    } else {
      return false;
    }
  }
  while (op < ops.size() && ops[op].kind == Kind::kStars) ++op;
  return op == ops.size();
}

bool Glob::Program::Accepts(const Op& op, unsigned char byte) const {
  switch (op.kind) {
    case Kind::kByte: return op.byte == byte;
    case Kind::kAnyByte: return true;
    case Kind::kSet: return sets[op.set].test(byte);
    default: return false;
  }
}

}  // namespace weft::internal
