// SPDX-License-Identifier: Apache-2.0
//
// How far a job is at one moment, as a plain value.

#ifndef WEFT_SYNC_PROGRESS_SNAPSHOT_H_
#define WEFT_SYNC_PROGRESS_SNAPSHOT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace weft {

// One level of a job: chapters, or the sections of one chapter.
//
// Thread safety: a plain value.
struct ProgressLevel {
  std::string label = {};
  std::int64_t completed = 0;  // units that ended well
  std::int64_t failed = 0;     // units that ended otherwise
  std::int64_t total = 0;      // 0: not known yet; else never below completed + failed

  friend bool operator==(const ProgressLevel&, const ProgressLevel&) = default;
};

// Thread safety: a plain value.
struct ProgressSnapshot {
  // The whole job first; then, level by level, the earliest part that has not ended.
  std::vector<ProgressLevel> levels = {};

  // What is done of the whole, 0 to 1, by cost where costs are known. From one tracker never
  // less than before; 1 only when it is finished and every unit has ended.
  double fraction = 0;

  absl::Duration elapsed = absl::ZeroDuration();  // since the tracker was made
  // Until all is done, at the pace so far. Nothing: there is no ground for a guess, or finished.
  std::optional<absl::Duration> remaining = {};
  bool finished = false;

  // "Chapter 3/7, Section 2/5 completed"; with failures "Chapter 3/7 (1 failed), …". A level
  // whose total is not known is "Section: 12"; one of which nothing is known is left out.
  std::string Text() const;
};

}  // namespace weft

#endif  // WEFT_SYNC_PROGRESS_SNAPSHOT_H_
