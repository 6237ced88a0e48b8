// SPDX-License-Identifier: Apache-2.0
//
// Shows progress on a descriptor, beside what else is said there.

#ifndef WEFT_SYNC_PROGRESS_DISPLAY_H_
#define WEFT_SYNC_PROGRESS_DISPLAY_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "weft/sync/progress_mode.h"
#include "weft/sync/progress_snapshot.h"

namespace weft {

// A bar is one line that fits the terminal, whose width is asked for each time, and that is
// gone at the end; the other forms are lines that stay. What cannot be written is given up: the
// work goes on without.
//
// Thread safety: every method may be called from any thread.
class ProgressDisplay {
 public:
  ProgressDisplay(int descriptor, ProgressMode mode);
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;
  ~ProgressDisplay();  // Clear()

  void Show(const ProgressSnapshot& snapshot) ABSL_LOCKS_EXCLUDED(mu_);

  // A line that stays, whatever the form; a bar comes below it.
  void Say(std::string_view line) ABSL_LOCKS_EXCLUDED(mu_);

  // Takes the bar away; what is shown later is ignored.
  void Clear() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  std::string TakeBarAway() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void PrintBar(const ProgressSnapshot& snapshot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Print(std::string_view text) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const int descriptor_;
  const ProgressMode mode_;
  absl::Mutex mu_;
  bool cleared_ ABSL_GUARDED_BY(mu_) = false;
  bool broken_ ABSL_GUARDED_BY(mu_) = false;      // nothing can be written any more
  std::size_t columns_ ABSL_GUARDED_BY(mu_) = 0;  // of the bar that is on the screen
};

}  // namespace weft

#endif  // WEFT_SYNC_PROGRESS_DISPLAY_H_
