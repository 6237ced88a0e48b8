// SPDX-License-Identifier: Apache-2.0
//
// LooksLikeCpp: whether a .h file is for C++ alone.

#include <array>
#include <cstddef>
#include <string_view>

#include "weft/integrations/codebase/internal/source_text.h"

namespace weft::internal {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view SkipSpace(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && IsSpace(text[i])) ++i;
  return text.substr(i);
}

std::string_view TakeWord(std::string_view& text) {
  std::size_t i = 0;
  while (i < text.size() && IsWordByte(text[i])) ++i;
  const std::string_view word = text.substr(0, i);
  text = SkipSpace(text.substr(i));
  return word;
}

// `line` begins with no space.
bool BeginsAsCpp(std::string_view line) {
  std::string_view rest = line;
  std::string_view word = TakeWord(rest);
  if (word == "inline") word = TakeWord(rest);
  const char next = rest.empty() ? '\0' : rest.front();
  if (word == "template") return next == '<';
  if (word == "namespace") return next == '{' || next == '\0' || IsWordByte(next);
  if (word == "class" || word == "using" || word == "virtual") {
    return rest.size() < line.size() - word.size() && IsWordByte(next);
  }
  if (word == "public" || word == "private" || word == "protected") {
    const std::string_view access = TakeWord(rest);  // Qt: public slots:
    return rest.starts_with(':') && !rest.starts_with("::") &&
           (access.empty() || access == "slots" || access == "Q_SLOTS");
  }
  return false;
}

// Follows comments and conditions from line to line.
class HeaderScanner {
 public:
  // The next line, without its break. True: only C++ has such a line.
  bool Line(std::string_view line) {
    const std::string_view code = SkipSpace(in_comment_ ? AfterComment(line) : line);
    if (code.starts_with('#')) {
      std::string_view directive = SkipSpace(code.substr(1));
      Directive(TakeWord(directive), directive);
    } else if (!in_comment_ && guarded_ == 0 && BeginsAsCpp(code)) {
      return true;
    }
    FollowComments(code);
    return false;
  }

 private:
  std::string_view AfterComment(std::string_view line) {
    const std::size_t end = line.find("*/");
    if (end == std::string_view::npos) return {};
    in_comment_ = false;
    return line.substr(end + 2);
  }

  void FollowComments(std::string_view code) {
    for (std::size_t i = 0; i + 1 < code.size() && !in_comment_; ++i) {
      if (code[i] == '"') {
        for (++i; i < code.size() && code[i] != '"'; ++i) {
          if (code[i] == '\\') ++i;
        }
      } else if (code[i] == '/' && code[i + 1] == '/') {
        return;
      } else if (code[i] == '/' && code[i + 1] == '*') {
        const std::size_t end = code.find("*/", i + 2);
        in_comment_ = end == std::string_view::npos;
        i = end + 1;
      }
    }
  }

  // `#ifdef __cplusplus` and `#if defined(__cplusplus)` hide their lines from C. A
  // comparison with a version is something that C++ headers do.
  void Directive(std::string_view word, std::string_view condition) {
    if (word == "endif") {
      if (guarded_ > 0) --guarded_;
      return;
    }
    if (!word.starts_with("if")) return;
    const std::size_t name = condition.find("__cplusplus");
    const bool guard =
        name != std::string_view::npos &&
        (word != "if" || condition.substr(0, name).find("defined") != std::string_view::npos);
    if (guarded_ > 0 || guard) ++guarded_;
  }

  bool in_comment_ = false;
  std::size_t guarded_ = 0;  // conditions open, from the first guard on
};

}  // namespace

bool LooksLikeCpp(std::string_view text) {
  HeaderScanner scanner;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (scanner.Line(text.substr(0, end))) return true;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace weft::internal
