// SPDX-License-Identifier: Apache-2.0
//
// How far `weft analyze` is: from what the analysis tells to what the user sees.

#ifndef WEFT_TOOLS_ANALYZE_PROGRESS_H_
#define WEFT_TOOLS_ANALYZE_PROGRESS_H_

#include <optional>
#include <string>

#include "weft/integrations/codebase/codebase.h"
#include "weft/sync/progress_display.h"
#include "weft/sync/progress_mode.h"
#include "weft/sync/progress_tracker.h"

namespace weft::tools {

// Files are found first, nobody knows how many; then they are parsed, and what that costs goes
// by their bytes.
//
// Thread safety: Note as CodebaseOptions::progress is called; the rest by one thread.
class AnalyzeProgress {
 public:
  AnalyzeProgress(ProgressMode mode, int descriptor);

  // Whether somebody sees it.
  bool shown() const { return display_.shown(); }

  void Note(const AnalysisProgress& progress);

  // The last state; then a bar is gone.
  void Finish();

  // "parsed 1,234 of 5,678 files, 21%", "finding files".
  std::string Describe() const;

 private:
  ProgressDisplay display_;
  ProgressTracker tracker_;
  std::optional<ProgressTracker::Part> finding_;  // while files are found
};

}  // namespace weft::tools

#endif  // WEFT_TOOLS_ANALYZE_PROGRESS_H_
