// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/ignore_file.h"

#include <cstddef>
#include <optional>
#include <utility>

namespace weft::internal {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view WithoutTrailingSpaces(std::string_view line) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == ' ') continue;
    if (line[at] == '\\') ++at;  // what it escapes stays, a space above all
    end = at + 1;
  }
  return line.substr(0, end);  // beyond the end if the last byte is a backslash: all of it
}

}  // namespace

RuleSet ParseIgnoreFile(std::string_view text, GitDialect dialect) {
  RuleSet rules;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with('#')) continue;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = WithoutTrailingSpaces(line.substr(0, line.find('\0')));
    std::optional<PathPattern> pattern = ParsePathPattern(line, dialect);
    if (pattern.has_value()) rules.Add(*std::move(pattern));
  }
  return rules;
}

}  // namespace weft::internal
