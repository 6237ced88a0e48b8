// SPDX-License-Identifier: Apache-2.0
//
// One line on standard error that says how far the work is, and is gone at the end.

#ifndef WEFT_TOOLS_PROGRESS_LINE_H_
#define WEFT_TOOLS_PROGRESS_LINE_H_

#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"

namespace weft::tools {

enum class ProgressChoice {
  kAuto,    // on a terminal only
  kAlways,  // elsewhere as lines, one a second
  kNever,
};

// How progress looks where it goes.
struct ProgressStyle {
  bool shown = false;
  bool in_place = false;  // rewrites one line; otherwise every update is a line

  // For a descriptor, by what it is and by the variable TERM.
  static ProgressStyle For(ProgressChoice choice, int descriptor);
};

// Uses no escape sequences, hence no colours: blanks erase what was there.
//
// Thread safety: every method may be called from any thread.
// Cost: an update that comes too early costs a try-lock and a clock read.
class ProgressLine {
 public:
  ProgressLine(int descriptor, ProgressStyle style, const Clock& clock);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();  // Clear()

  // Shows what `describe` returns, unless the last update was just before: at most 10 a
  // second in place, one a second as lines. Never waits for another update.
  void Update(absl::FunctionRef<std::string()> describe) ABSL_LOCKS_EXCLUDED(mu_);

  // A line that stays, whatever the style; the next update comes below it.
  void Say(std::string_view line) ABSL_LOCKS_EXCLUDED(mu_);

  // Takes the line away; later updates are ignored.
  void Clear() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  std::string TakeLineAway() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Print(std::string_view text) const;

  const int descriptor_;
  const ProgressStyle style_;
  const Clock& clock_;
  absl::Mutex mu_;
  bool cleared_ ABSL_GUARDED_BY(mu_) = false;
  std::size_t columns_ ABSL_GUARDED_BY(mu_) = 0;  // now on the screen
  absl::Duration next_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();
};

}  // namespace weft::tools

#endif  // WEFT_TOOLS_PROGRESS_LINE_H_
