// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/analyze_progress.h"

#include <cstdint>
#include <string>

#include "weft/integrations/codebase/codebase.h"
#include "weft/sync/progress_mode.h"
#include "weft/sync/progress_snapshot.h"
#include "weft/sync/progress_tracker.h"
#include "weft/sync/terminal_text.h"

namespace weft::tools {

AnalyzeProgress::AnalyzeProgress(ProgressMode mode, int descriptor)
    : display_(descriptor, mode),
      tracker_(
          {.label = "File", .listener = display_.Listener(), .interval = display_.interval()}) {}

void AnalyzeProgress::Note(const AnalysisProgress& progress) {
  if (progress.phase == AnalysisPhase::kDiscovering) {
    // The first comes alone, and so does the first that is parsed.
    if (!finding_.has_value()) {
      finding_ = tracker_.root().AddPart({.label = "Finding files", .is_unit = false});
    }
    if (progress.found > 0) finding_->Complete(progress.found);
  } else if (progress.done == 0) {
    finding_.reset();
    tracker_.root().Announce(progress.total, progress.total_bytes);
  } else if (progress.failed) {
    tracker_.root().Fail(1, progress.bytes);
  } else {
    tracker_.root().Complete(1, progress.bytes);
  }
}

void AnalyzeProgress::Finish() {
  tracker_.Finish();
  display_.Clear();
}

std::string AnalyzeProgress::Describe() const {
  const ProgressLevel files = tracker_.Snapshot().levels.front();
  if (files.total == 0) return "finding files";
  const std::int64_t done = files.completed + files.failed;
  return "parsed " + FormatCount(done) + " of " + FormatCount(files.total) + " files, " +
         std::to_string(100 * done / files.total) + "%";
}

}  // namespace weft::tools
