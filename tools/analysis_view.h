// SPDX-License-Identifier: Apache-2.0
//
// What the outputs of `weft analyze` show: a Codebase, or what a test made up.

#ifndef WEFT_TOOLS_ANALYSIS_VIEW_H_
#define WEFT_TOOLS_ANALYSIS_VIEW_H_

#include <map>
#include <span>
#include <string>

#include "weft/integrations/codebase/codebase.h"
#include "weft/integrations/codebase/discover_files.h"
#include "weft/integrations/codebase/file_record.h"

namespace weft::tools {

// The parts of a Codebase, under the same names.
//
// Thread safety: a plain value that does not own the records.
struct AnalysisView {
  std::string root = {};
  std::string digest = {};
  std::span<const FileRecord> files = {};
  FileTotals totals = {};
  std::map<std::string, FileTotals> languages = {};
  EntryCounts entries = {};
  std::span<const DiscoverySkip> skipped_entries = {};
  AnalysisRun run = {};

  static AnalysisView Of(const Codebase& codebase) {
    return {
        .root = codebase.root(),
        .digest = codebase.digest(),
        .files = codebase.files(),
        .totals = codebase.totals(),
        .languages = codebase.languages(),
        .entries = codebase.entries(),
        .skipped_entries = codebase.skipped_entries(),
        .run = codebase.run(),
    };
  }
};

}  // namespace weft::tools

#endif  // WEFT_TOOLS_ANALYSIS_VIEW_H_
