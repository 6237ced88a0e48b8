// SPDX-License-Identifier: Apache-2.0
//
// The analysis on one screen, for a person.

#ifndef WEFT_TOOLS_ANALYSIS_SUMMARY_H_
#define WEFT_TOOLS_ANALYSIS_SUMMARY_H_

#include <string>

#include "weft/tools/analysis_view.h"

namespace weft::tools {

// Plain text of at most 80 columns, without colours; names cannot upset a terminal.
std::string FormatSummary(const AnalysisView& analysis);

}  // namespace weft::tools

#endif  // WEFT_TOOLS_ANALYSIS_SUMMARY_H_
