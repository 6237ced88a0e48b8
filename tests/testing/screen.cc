// SPDX-License-Identifier: Apache-2.0

#include "testing/screen.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "weft/sync/internal/utf8.h"
#include "weft/sync/terminal_text.h"

namespace weft::testing {

void Screen::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const char byte = bytes.front();
    if (byte == '\x1b') {
      bytes = ReadEscape(bytes);
    } else if (byte == '\r') {
      Leave();
      column_ = 0;
      bytes.remove_prefix(1);
    } else if (byte == '\n') {
      Leave();
      lines_.emplace_back();
      bytes.remove_prefix(1);
    } else {
      bytes = ReadCharacter(bytes);
    }
  }
}

std::string_view Screen::ReadEscape(std::string_view bytes) {
  ++escapes_;
  const std::size_t end = bytes.find_first_not_of("0123456789;", 2);
  const std::string_view sequence = bytes.substr(0, end == bytes.npos ? end : end + 1);
  if (sequence == "\x1b[K") {
    lines_.back().resize(std::min(lines_.back().size(), column_));
  } else if (sequence.starts_with("\x1b[") && sequence.ends_with('m')) {
    coloured_ = sequence != "\x1b[0m" && sequence != "\x1b[m";
  } else {
    unknown_ += sequence;
  }
  return bytes.substr(sequence.size());
}

std::string_view Screen::ReadCharacter(std::string_view bytes) {
  const std::size_t size = std::max<std::size_t>(internal::ReadUtf8(bytes).size, 1);
  const std::string character(bytes.substr(0, size));
  if (MakePrintable(character) != character) unknown_ += character;
  const std::size_t width = CountColumns(character);
  std::vector<Cell>& line = lines_.back();
  if (width == 0) {
    if (column_ > 0) line[column_ - 1].text += character;
    return bytes.substr(size);
  }
  if (column_ + width > columns_) wrapped_ = true;
  if (column_ + width >= columns_) filled_ = true;
  line.resize(std::max(line.size(), column_ + width));
  line[column_] = {character, false};
  for (std::size_t i = 1; i < width; ++i) line[column_ + i] = {"", false};
  column_ += width;
  return bytes.substr(size);
}

void Screen::Leave() {
  const std::string text = TextOf(lines_.back());
  if (!text.empty()) drawn_.push_back(text);
}

std::string Screen::TextOf(const std::vector<Cell>& line) {
  std::string text;
  for (const Cell& cell : line) text += cell.blank ? " " : cell.text;
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::vector<std::string> Screen::lines() const {
  std::vector<std::string> texts;
  for (const std::vector<Cell>& line : lines_) texts.push_back(TextOf(line));
  return texts;
}

}  // namespace weft::testing
