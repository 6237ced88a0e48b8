// SPDX-License-Identifier: Apache-2.0
//
// Records as an analysis would give them, in few words.

#ifndef WEFT_TESTS_TOOLS_RECORDS_H_
#define WEFT_TESTS_TOOLS_RECORDS_H_

#include <span>
#include <string>
#include <utility>

#include "weft/integrations/codebase/file_record.h"
#include "weft/tools/analysis_view.h"

namespace weft::tools {

inline FileRecord MakeRecord(std::string path, FileStatus status, std::string reason = "",
                             std::string language = "") {
  FileRecord record;
  record.path = std::move(path);
  record.language = std::move(language);
  record.status = status;
  record.reason = std::move(reason);
  return record;
}

// Shows `files` with their sums, and nothing else.
inline AnalysisView ViewOf(std::span<const FileRecord> files) {
  AnalysisView analysis = {.files = files};
  for (const FileRecord& file : files) {
    analysis.totals.Add(file);
    if (!file.language.empty()) analysis.languages[file.language].Add(file);
  }
  return analysis;
}

}  // namespace weft::tools

#endif  // WEFT_TESTS_TOOLS_RECORDS_H_
