// SPDX-License-Identifier: Apache-2.0
//
// What a person would see of bytes that were written to a terminal.

#ifndef WEFT_TESTS_TESTING_SCREEN_H_
#define WEFT_TESTS_TESTING_SCREEN_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft::testing {

// Knows carriage return, line feed, colours and "erase to the end of the line"; all else that a
// terminal obeys is `unknown`.
//
// Thread safety: one thread at a time.
class Screen {
 public:
  explicit Screen(std::size_t columns) : columns_(columns) {}

  void Write(std::string_view bytes);

  // Without blanks at their ends; the last one is that of the cursor.
  std::vector<std::string> lines() const;
  // Each state of the cursor's line that a carriage return, a line feed or the end has left.
  const std::vector<std::string>& drawn() const { return drawn_; }

  bool wrapped() const { return wrapped_; }    // something went beyond the last column
  bool filled() const { return filled_; }      // something stood in the last column
  bool coloured() const { return coloured_; }  // colours are on now
  bool used_escapes() const { return escapes_ > 0; }
  const std::string& unknown() const { return unknown_; }

 private:
  struct Cell {
    std::string text;  // a character, and accents on it; empty: the right half of the one before
    bool blank = true;
  };

  std::string_view ReadEscape(std::string_view bytes);
  std::string_view ReadCharacter(std::string_view bytes);
  void Leave();
  static std::string TextOf(const std::vector<Cell>& line);

  const std::size_t columns_;
  std::vector<std::vector<Cell>> lines_ = {{}};
  std::size_t column_ = 0;
  std::vector<std::string> drawn_;
  bool wrapped_ = false;
  bool filled_ = false;
  bool coloured_ = false;
  int escapes_ = 0;
  std::string unknown_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_TESTING_SCREEN_H_
