// SPDX-License-Identifier: Apache-2.0
//
// The analysis as a JSON document of schema weft.analysis/1 (docs/json.md).

#ifndef WEFT_TOOLS_ANALYSIS_JSON_H_
#define WEFT_TOOLS_ANALYSIS_JSON_H_

#include "weft/tools/analysis_view.h"
#include "weft/tools/output.h"

namespace weft::tools {

// Stops early when `output` has failed.
// Cost: memory for one file's record beside the buffer of `output`.
void WriteAnalysisJson(const AnalysisView& analysis, Output& output);

}  // namespace weft::tools

#endif  // WEFT_TOOLS_ANALYSIS_JSON_H_
