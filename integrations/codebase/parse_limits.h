// SPDX-License-Identifier: Apache-2.0
//
// How much one file may cost. Whether a file is over a limit depends on the file and
// the limits alone: never on time, on the machine, or on other files.

#ifndef WEFT_INTEGRATIONS_CODEBASE_PARSE_LIMITS_H_
#define WEFT_INTEGRATIONS_CODEBASE_PARSE_LIMITS_H_

#include <cstdint>

#include "absl/status/status.h"

namespace weft {

// A file over one of these is skipped, with the limit in its reason. Every limit
// must be at least 0; `size` is the file's bytes.
//
// Thread safety: a plain value.
struct ParseLimits {
  // Larger files are not read.
  std::int64_t max_file_bytes = std::int64_t{8} << 20;

  // Levels of the syntax tree, and of brackets in the text: a look at the brackets
  // alone comes first, since a tree of a million levels costs hundreds of megabytes
  // before it can be measured. Real files have up to 18,000 levels.
  std::int32_t max_depth = 20'000;

  // Operations of the parser: a step of its grammar, 64 bytes of syntax nodes
  // allocated, or 16 bytes of text looked at each count as one, about 100 ns. Real
  // files of 0.1 to 8 MiB take 2 to 5 a byte, at most 15. Error recovery can take
  // thousands: it copies what it has skipped at every token.
  std::int64_t max_operations_base = 2'000'000;
  std::int64_t max_operations_per_byte = 24;

  // Memory of one syntax tree and its making. Real files take 12 to 90 bytes a byte, the
  // densest text that is no error, one line of `f();`, 194.
  std::int64_t max_parse_bytes_base = std::int64_t{32} << 20;
  std::int64_t max_parse_bytes_per_byte = 256;

  // A file is not begun when `size` times kEstimatedBytesPerByte, the mean of the
  // hungriest language, is over this. No parse takes more, whatever the two above say.
  std::int64_t max_estimated_bytes = std::int64_t{512} << 20;
  static constexpr std::int64_t kEstimatedBytesPerByte = 36;

  // For a file of `size` bytes; sums that do not fit end at the greatest number.
  std::int64_t MaxOperations(std::int64_t size) const;
  std::int64_t MaxParseBytes(std::int64_t size) const;
  std::int64_t EstimatedBytes(std::int64_t size) const;

  // InvalidArgument: a limit is below 0.
  absl::Status Validate() const;

  friend bool operator==(const ParseLimits&, const ParseLimits&) = default;
};

}  // namespace weft

#endif  // WEFT_INTEGRATIONS_CODEBASE_PARSE_LIMITS_H_
