// SPDX-License-Identifier: Apache-2.0
//
// How bytes from an analysed tree stand in JSON, which knows only Unicode text: a
// backslash is doubled, and a byte that is not part of well-formed UTF-8 is written
// \xNN with two lower-case hexadecimal digits. JSON's own escapes come on top.

#ifndef WEFT_SYNC_ESCAPE_BYTES_H_
#define WEFT_SYNC_ESCAPE_BYTES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace weft {

// Well-formed UTF-8 for any bytes; different bytes give different texts.
// Cost: linear; at most four times the size.
std::string EscapeBytes(std::string_view bytes);

// The bytes of which `text` is the escape. InvalidArgument when it is the escape of
// nothing: a lone backslash, or a byte escaped that needed none.
absl::StatusOr<std::string> UnescapeBytes(std::string_view text);

}  // namespace weft

#endif  // WEFT_SYNC_ESCAPE_BYTES_H_
