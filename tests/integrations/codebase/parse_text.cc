// SPDX-License-Identifier: Apache-2.0

#include "integrations/codebase/parse_text.h"

#include <cstddef>
#include <utility>

#include "weft/integrations/codebase/parse_files.h"

namespace weft::testing {

FileRecord ParseText(std::string_view path, std::string_view text, const ParseLimits& limits) {
  return ParseSource(path, text, {.limits = limits});
}

std::vector<std::string> Symbols(const FileRecord& record) {
  std::vector<std::string> lines;
  for (const Symbol& symbol : record.symbols) {
    std::string line = std::string(SymbolKindName(symbol.kind)) + " " + symbol.name + " " +
                       std::to_string(symbol.line) + "-" + std::to_string(symbol.end_line);
    if (symbol.parent != Symbol::kNoParent) {
      const auto parent = static_cast<std::size_t>(symbol.parent);
      line += " in " + (parent < record.symbols.size() ? record.symbols[parent].name
                                                       : "parent out of range");
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> Imports(const FileRecord& record) {
  std::vector<std::string> lines;
  for (const Import& import : record.imports) {
    lines.push_back(import.text + " @" + std::to_string(import.line));
  }
  return lines;
}

std::string Repeat(std::string_view piece, int count) {
  std::string text;
  text.reserve(piece.size() * static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) text += piece;
  return text;
}

}  // namespace weft::testing
