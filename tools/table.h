// SPDX-License-Identifier: Apache-2.0
//
// Figures under each other, for people.

#ifndef WEFT_TOOLS_TABLE_H_
#define WEFT_TOOLS_TABLE_H_

#include <string>
#include <vector>

namespace weft::tools {

// Columns as wide as their longest cell, two blanks between them. The first column is
// aligned to the left, the others to the right.
//
// Thread safety: one thread at a time.
class Table {
 public:
  explicit Table(std::vector<std::string> titles);

  // Requires: as many cells as titles, all printable.
  void AddRow(std::vector<std::string> cells);

  // Every line ends with a newline and without blanks before it.
  std::string Format() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weft::tools

#endif  // WEFT_TOOLS_TABLE_H_
