// SPDX-License-Identifier: Apache-2.0
//
// Shows progress on a descriptor, beside what else is said there.

#ifndef WEFT_SYNC_PROGRESS_DISPLAY_H_
#define WEFT_SYNC_PROGRESS_DISPLAY_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/sync/progress_mode.h"
#include "weft/sync/progress_snapshot.h"

namespace weft {

//   ProgressDisplay display(STDERR_FILENO);  // before the tracker: it must outlive that
//   ProgressTracker progress(
//       {.label = "File", .listener = display.Listener(), .interval = display.interval()});
//
// A bar is one line that fits the terminal, whose width is asked for each time, and that is
// gone at the end; the other forms are lines that stay. What cannot be written is given up: the
// work goes on without.
//
// Thread safety: every method may be called from any thread.
class ProgressDisplay {
 public:
  // `descriptor` stays the caller's.
  ProgressDisplay(int descriptor, ProgressMode mode);
  // In the form that fits the descriptor: ChooseProgressMode.
  explicit ProgressDisplay(int descriptor, ProgressChoice choice = ProgressChoice::kAuto);
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;
  ~ProgressDisplay();  // Clear()

  ProgressMode mode() const { return mode_; }
  // Whether anything of Show is seen.
  bool shown() const { return mode_ != ProgressMode::kHidden; }

  // For ProgressOptions: calls Show, which must be there as long as the tracker. Null where nothing
  // is seen, so that nothing is made for it.
  std::function<void(const ProgressSnapshot&)> Listener();
  // The same: how often, at least so much time apart.
  absl::Duration interval() const { return ProgressInterval(mode_); }

  // The writes are blocking ones where the descriptor blocks.
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
