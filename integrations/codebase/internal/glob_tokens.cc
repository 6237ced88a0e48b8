// SPDX-License-Identifier: Apache-2.0
//
// The reading of a pattern, bracket expressions above all. git is the measure: where
// its reading surprises, a comment says so.

#include <array>
#include <utility>

#include "weft/integrations/codebase/internal/glob.h"

namespace weft::internal {
namespace {

using Kind = GlobToken::Kind;

// git's own tables: ASCII whatever the locale, and no vertical tab or form feed
// among the spaces.
bool InClass(std::string_view name, unsigned char c) {
  const bool upper = c >= 'A' && c <= 'Z';
  const bool lower = c >= 'a' && c <= 'z';
  const bool digit = c >= '0' && c <= '9';
  const bool graph = c > 0x20 && c < 0x7f;
  if (name == "alnum") return upper || lower || digit;
  if (name == "alpha") return upper || lower;
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "cntrl") return c < 0x20 || c == 0x7f;
  if (name == "digit") return digit;
  if (name == "graph") return graph;
  if (name == "lower") return lower;
  if (name == "print") return graph || c == ' ';
  if (name == "punct") return graph && !upper && !lower && !digit;
  if (name == "space") return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  if (name == "upper") return upper;
  return digit || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');  // xdigit
}

bool AddNamedClass(std::string_view name, ByteSet& set) {
  static constexpr std::array<std::string_view, 12> kNames = {"alnum", "alpha", "blank", "cntrl",
                                                              "digit", "graph", "lower", "print",
                                                              "punct", "space", "upper", "xdigit"};
  bool known = false;
  for (std::string_view candidate : kNames) known = known || candidate == name;
  if (!known) return false;
  for (unsigned c = 0; c < 256; ++c) {
    if (InClass(name, static_cast<unsigned char>(c))) set.set(c);
  }
  return true;
}

// Reads one bracket expression.
class SetReader {
 public:
  SetReader(std::string_view pattern, std::size_t at) : pattern_(pattern), at_(at) {}

  // Begins behind the `[`, ends behind the `]`. False when there is none, or when a
  // named class does not exist.
  bool Read();

  const ByteSet& set() const { return set_; }
  std::size_t at() const { return at_; }

 private:
  bool ReadMember();
  bool ReadRangeEnd();
  bool ReadNamedClass();
  bool has(std::size_t ahead) const { return at_ + ahead < pattern_.size(); }
  unsigned char byte(std::size_t ahead = 0) const {
    return static_cast<unsigned char>(pattern_[at_ + ahead]);
  }

  std::string_view pattern_;
  std::size_t at_;
  ByteSet set_;
  unsigned char previous_ = 0;  // may begin a range; 0 = may not
};

bool SetReader::Read() {
  const bool negated = has(0) && (byte() == '!' || byte() == '^');
  if (negated) ++at_;
  do {  // the first member may be a `]`
    if (!has(0) || !ReadMember()) return false;
  } while (has(0) && byte() != ']');
  if (!has(0)) return false;
  ++at_;
  if (negated) set_.flip();
  return true;
}

bool SetReader::ReadMember() {
  if (byte() == '-' && previous_ != 0 && has(1) && byte(1) != ']') return ReadRangeEnd();
  if (byte() == '[' && has(1) && byte(1) == ':') return ReadNamedClass();
  if (byte() == '\\') {
    ++at_;
    if (!has(0)) return false;
  }
  previous_ = byte();
  set_.set(previous_);
  ++at_;
  return true;
}

bool SetReader::ReadRangeEnd() {
  ++at_;
  if (byte() == '\\') {
    ++at_;
    if (!has(0)) return false;
  }
  for (unsigned c = previous_; c <= byte(); ++c) set_.set(c);
  previous_ = 0;
  ++at_;
  return true;
}

bool SetReader::ReadNamedClass() {
  const std::size_t close = pattern_.find(']', at_ + 2);
  if (close == std::string_view::npos) return false;
  if (close == at_ + 2 || pattern_[close - 1] != ':') {  // no ":]": a `[` like any byte
    previous_ = '[';
    set_.set(previous_);
    ++at_;
    return true;
  }
  if (!AddNamedClass(pattern_.substr(at_ + 2, close - 1 - (at_ + 2)), set_)) return false;
  previous_ = 0;
  at_ = close + 1;
  return true;
}

}  // namespace

std::optional<GlobTokens> TokenizeGlob(std::string_view pattern) {
  GlobTokens result;
  std::size_t at = 0;
  while (at < pattern.size()) {
    const char c = pattern[at++];
    GlobToken token{.kind = Kind::kByte, .byte = static_cast<unsigned char>(c)};
    if (c == '*') {
      if (!result.tokens.empty() && result.tokens.back().kind == Kind::kStars) {
        ++result.tokens.back().value;
        continue;
      }
      token = {.kind = Kind::kStars, .value = 1};
    } else if (c == '?') {
      token = {.kind = Kind::kAnyByte};
    } else if (c == '/') {
      token = {.kind = Kind::kSlash};
    } else if (c == '[') {
      SetReader reader(pattern, at);
      if (!reader.Read()) return std::nullopt;
      at = reader.at();
      token = {.kind = Kind::kSet, .value = static_cast<std::uint32_t>(result.sets.size())};
      result.sets.push_back(reader.set());
    } else if (c == '\\') {
      if (at == pattern.size()) return std::nullopt;
      const char escaped = pattern[at++];
      token.byte = static_cast<unsigned char>(escaped);
      if (escaped == '/') token.kind = Kind::kEscapedSlash;
    }
    result.tokens.push_back(token);
  }
  return result;
}

}  // namespace weft::internal
