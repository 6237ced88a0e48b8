// SPDX-License-Identifier: Apache-2.0
//
// A snapshot of progress in each form in which it is shown.

#ifndef WEFT_SYNC_PROGRESS_TEXT_H_
#define WEFT_SYNC_PROGRESS_TEXT_H_

#include <cstddef>
#include <string>

#include "weft/sync/progress_snapshot.h"

namespace weft {

// Text with escape sequences for colours, and how wide it is.
struct ProgressBar {
  std::string text;
  std::size_t columns = 0;
};

// "File 310/2,000 completed [######----------]  31% 0:12 left", at most `columns` wide. Where
// there is little room it has no bar, then no time, then fewer words; in the end it is the
// percentage alone, or nothing. Without a total it is a text whose end is cut.
ProgressBar FormatProgressBar(const ProgressSnapshot& snapshot, std::size_t columns);

// "File 310/2,000 completed, 31%, 0:12 left".
std::string FormatProgressLine(const ProgressSnapshot& snapshot);

// One JSON object without a line break, of schema "weft.progress/1"; docs/json.md lists its
// members. Labels that are not UTF-8 are written as EscapeBytes does.
std::string FormatProgressJson(const ProgressSnapshot& snapshot);

}  // namespace weft

#endif  // WEFT_SYNC_PROGRESS_TEXT_H_
