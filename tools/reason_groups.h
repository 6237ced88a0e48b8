// SPDX-License-Identifier: Apache-2.0
//
// Why files were skipped or failed, in few lines however many files there are.

#ifndef WEFT_TOOLS_REASON_GROUPS_H_
#define WEFT_TOOLS_REASON_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "weft/integrations/codebase/file_record.h"

namespace weft::tools {

// Files whose reasons differ in their figures at most.
struct ReasonGroup {
  static constexpr std::size_t kMostExamples = 3;

  std::string reason;  // bytes as the records have them; differing figures are an N
  std::int64_t count = 0;
  std::vector<std::string> examples;  // paths, the first in the order of `files`

  friend bool operator==(const ReasonGroup&, const ReasonGroup&) = default;
};

// The groups of the files with this status, the most frequent first.
std::vector<ReasonGroup> GroupReasons(std::span<const FileRecord> files, FileStatus status);

}  // namespace weft::tools

#endif  // WEFT_TOOLS_REASON_GROUPS_H_
