// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/directive_lines.h"

#include <algorithm>
#include <cstddef>

namespace weft::internal {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

// Where the blanks begin that end `line`, a directive; its size if none do, or if it goes
// on in the next line.
std::size_t TrailingBlanks(std::string_view line) {
  std::size_t end = line.size();
  while (end > 0 && IsBlank(line[end - 1])) --end;
  if (end == line.size() || end == 0 || line[end - 1] == '\\') return line.size();
  const auto first = std::find_if_not(line.begin(), line.end(), IsBlank);
  return *first == '#' ? end : line.size();
}

}  // namespace

std::string_view EndDirectives(std::string_view source, std::string& copy) {
  copy.clear();
  for (std::size_t begin = 0; begin < source.size();) {
    const std::size_t feed = source.find('\n', begin);
    if (feed == std::string_view::npos) break;
    std::string_view line = source.substr(begin, feed - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);  // belongs to the line's end
    const std::size_t end = TrailingBlanks(line);
    if (end < line.size()) {
      if (copy.empty()) copy = source;
      copy[begin + end] = '\n';
      copy[feed] = ' ';  // what was there is blank, whatever it was
    }
    begin = feed + 1;
  }
  return copy.empty() ? source : std::string_view(copy);
}

}  // namespace weft::internal
