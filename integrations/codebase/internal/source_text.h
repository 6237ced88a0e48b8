// SPDX-License-Identifier: Apache-2.0
//
// What can be said of a source text before any grammar sees it. Each function is
// linear in the text and depends on nothing else.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_SOURCE_TEXT_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_SOURCE_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::internal {

struct SourceText {
  std::string_view text;    // without a UTF-8 byte order mark
  std::string skip_reason;  // not empty: this is no text that a parser here can read
};

// UTF-16 and UTF-32 are told by their byte order marks; without one, a NUL among the
// first 8 KiB makes a file binary.
SourceText DecodeSource(std::string_view bytes);

// Line feeds, plus one for a last line without one. A carriage return alone ends no
// line, as for git, wc and the parsers.
std::int64_t CountLines(std::string_view text);

// Whether more than `max_depth` brackets are open at once. A closing bracket also
// closes those of other kinds inside it, so a stray one in a comment does not count for
// long; what stands between two equal quotes of one line is left out.
bool NestsDeeperThan(std::string_view text, std::int32_t max_depth);

// Whether a header is C++: see ParserRegistry::Default.
bool LooksLikeCpp(std::string_view text);

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_SOURCE_TEXT_H_
