// SPDX-License-Identifier: Apache-2.0
//
// Text for the eyes of a person at a terminal. A file name may hold anything, also
// what a terminal would obey: nothing here lets that through.

#ifndef WEFT_SYNC_TERMINAL_TEXT_H_
#define WEFT_SYNC_TERMINAL_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft {

// `bytes` with every control character, every character that turns the direction of
// writing, and every byte that is not UTF-8 written as \n, \r, \t or \xNN.
std::string MakePrintable(std::string_view bytes);

// The columns that `printable` takes on a terminal; wide characters take two.
std::size_t CountColumns(std::string_view printable);

// Cuts from the front, where a path says least, until at most `columns` are left:
// "...deep/folder/name.py". Requires: columns >= 3.
std::string KeepEnd(std::string_view printable, std::size_t columns);
// Cuts from the end, where a sentence says least, until at most `columns` are left.
std::string KeepFront(std::string_view printable, std::size_t columns);

// Pads with blanks to `columns`; longer text stays as it is.
std::string PadRight(std::string_view printable, std::size_t columns);
std::string PadLeft(std::string_view printable, std::size_t columns);

// 1234567 -> "1,234,567".
std::string FormatCount(std::int64_t count);
// 1536 -> "1.5 KiB"; powers of 1024, two or three digits.
std::string FormatBytes(std::int64_t bytes);
// 0.5 -> "0.50 s", 75 -> "1 min 15 s"; negative and NaN are shown as 0.
std::string FormatSeconds(double seconds);

}  // namespace weft

#endif  // WEFT_SYNC_TERMINAL_TEXT_H_
