// SPDX-License-Identifier: Apache-2.0
//
// Writing that notices when it fails: a full disk or a closed pipe must not end as a
// success with half the answer.

#ifndef WEFT_TOOLS_OUTPUT_H_
#define WEFT_TOOLS_OUTPUT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace weft::tools {

// Bytes on their way to a descriptor, through a buffer. The first error is kept and
// ends all writing. Does not own the descriptor.
//
// Thread safety: one thread at a time.
class Output {
 public:
  // `name` is how errors call it: "standard output", "'out.json'".
  Output(int descriptor, std::string name);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Write(std::string_view text);

  // Writes out what is buffered; the first error of all writing so far, as
  // "cannot write to <name>: <why>".
  [[nodiscard]] absl::Status Flush();

  bool failed() const { return !error_.ok(); }

 private:
  void WriteOut(std::string_view text);

  const int descriptor_;
  const std::string name_;
  std::string buffer_;
  absl::Status error_;
};

// Makes descriptors 0, 1 and 2 usable or at least harmless: a closed one would be
// taken by the next file that is opened, and would be written over. Writing to one
// that was closed fails. Call first in main.
void ReserveStandardDescriptors();

}  // namespace weft::tools

#endif  // WEFT_TOOLS_OUTPUT_H_
