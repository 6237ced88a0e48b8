// SPDX-License-Identifier: Apache-2.0
//
// In which form progress is shown, by what the user asked for and where it goes.

#ifndef WEFT_SYNC_PROGRESS_MODE_H_
#define WEFT_SYNC_PROGRESS_MODE_H_

#include <cstdint>

#include "absl/time/time.h"

namespace weft {

// What the user wants; the values of `weft analyze --progress`.
enum class ProgressChoice : std::uint8_t {
  kAuto,    // on a terminal only
  kAlways,  // elsewhere as lines
  kNever,
  kJson,  // as JSON lines, wherever it goes
};

enum class ProgressMode : std::uint8_t {
  kHidden,
  kBar,    // one line of the terminal, written over and over
  kLines,  // lines of plain text
  kJson,   // lines of JSON: FormatProgressJson
};

// For a descriptor, by what it is and by the environment: a terminal gets plain lines where
// NO_COLOR is set to anything (https://no-color.org), or TERM is "dumb" or not set.
ProgressMode ChooseProgressMode(ProgressChoice choice, int descriptor);

// How often it is shown at most. Lines stay, so they come once a second.
absl::Duration ProgressInterval(ProgressMode mode);

}  // namespace weft

#endif  // WEFT_SYNC_PROGRESS_MODE_H_
