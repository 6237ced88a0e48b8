// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/table.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "weft/sync/terminal_text.h"

namespace weft::tools {

Table::Table(std::vector<std::string> titles) { rows_.push_back(std::move(titles)); }

void Table::AddRow(std::vector<std::string> cells) {
  assert(cells.size() == rows_.front().size());
  rows_.push_back(std::move(cells));
}

std::string Table::Format() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], CountColumns(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line = PadRight(row.front(), widths.front());
    for (std::size_t i = 1; i < row.size(); ++i) line += "  " + PadLeft(row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace weft::tools
