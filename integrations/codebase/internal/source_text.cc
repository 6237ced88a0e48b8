// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/source_text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace weft::internal {
namespace {

constexpr std::size_t kBinaryProbe = 8192;

struct ByteOrderMark {
  std::string_view bytes;
  std::string_view encoding;
};

// UTF-32 before UTF-16: the one begins with the other.
constexpr std::array<ByteOrderMark, 4> kOtherEncodings = {{
    {{"\xff\xfe\0\0", 4}, "UTF-32LE"},
    {{"\0\0\xfe\xff", 4}, "UTF-32BE"},
    {{"\xff\xfe", 2}, "UTF-16LE"},
    {{"\xfe\xff", 2}, "UTF-16BE"},
}};

// Finds the end of a quoted stretch that ends on its line.
class QuoteSkipper {
 public:
  explicit QuoteSkipper(std::string_view text) : text_(text) {}

  // `at` is a quote: the place after its partner, or after itself when it has none.
  std::size_t Skip(std::size_t at) {
    const char quote = text_[at];
    std::size_t& open_until = quote == '"' ? double_ : quote == '\'' ? single_ : back_;
    if (at < open_until) return at + 1;  // a search from an earlier place found none
    for (std::size_t i = at + 1; i < text_.size() && text_[i] != '\n'; ++i) {
      if (text_[i] == quote) return i + 1;
      if (text_[i] == '\\') ++i;
    }
    open_until = std::min(text_.find('\n', at), text_.size());
    return at + 1;
  }

 private:
  const std::string_view text_;
  std::size_t double_ = 0, single_ = 0, back_ = 0;
};

// The brackets that are open.
class BracketStack {
 public:
  std::size_t depth() const { return open_.size(); }

  void Open(char bracket) {
    open_.push_back(bracket);
    ++CountOf(bracket);
  }

  void Close(char bracket) {
    const char opening = bracket == ')' ? '(' : bracket == ']' ? '[' : '{';
    if (CountOf(opening) == 0) return;
    char top = 0;
    do {
      top = open_.back();
      open_.pop_back();
      --CountOf(top);
    } while (top != opening);
  }

 private:
  std::size_t& CountOf(char opening) {
    return counts_[opening == '(' ? 0 : opening == '[' ? 1 : 2];
  }

  std::vector<char> open_;
  std::array<std::size_t, 3> counts_ = {};
};

}  // namespace

SourceText DecodeSource(std::string_view bytes) {
  for (const ByteOrderMark& mark : kOtherEncodings) {
    if (!bytes.starts_with(mark.bytes)) continue;
    return {{}, "encoding " + std::string(mark.encoding) + " is not read"};
  }
  constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
  if (bytes.starts_with(kUtf8Mark)) return {bytes.substr(kUtf8Mark.size()), {}};
  const std::string_view probe = bytes.substr(0, kBinaryProbe);
  if (!probe.empty() && std::memchr(probe.data(), '\0', probe.size()) != nullptr) {
    return {{}, "binary: a NUL byte among the first 8,192"};
  }
  return {bytes, {}};
}

std::int64_t CountLines(std::string_view text) {
  if (text.empty()) return 0;
  return std::count(text.begin(), text.end(), '\n') + (text.back() == '\n' ? 0 : 1);
}

bool NestsDeeperThan(std::string_view text, std::int32_t max_depth) {
  BracketStack brackets;
  QuoteSkipper quotes(text);
  for (std::size_t at = 0; at < text.size();) {
    const char byte = text[at];
    switch (byte) {
      case '(':
      case '[':
      case '{':
        brackets.Open(byte);
        if (brackets.depth() > static_cast<std::size_t>(max_depth)) return true;
        break;
      case ')':
      case ']':
      case '}': brackets.Close(byte); break;
      case '"':
      case '\'':
      case '`': at = quotes.Skip(at); continue;
      case '\\': ++at; break;
      default: break;
    }
    ++at;
  }
  return false;
}

}  // namespace weft::internal
