// SPDX-License-Identifier: Apache-2.0
//
// The settings of a run: what --config says, and on top what the command line says.

#ifndef WEFT_TOOLS_READ_CONFIG_H_
#define WEFT_TOOLS_READ_CONFIG_H_

#include "absl/status/statusor.h"

#include "weft/core/parallel_processing_config.h"
#include "weft/tools/command_line.h"

namespace weft::tools {

// Errors name the file: it cannot be read, is no config, or asks for what this version
// does not have.
absl::StatusOr<ParallelProcessingConfig> ReadConfig(const AnalyzeArguments& arguments);

}  // namespace weft::tools

#endif  // WEFT_TOOLS_READ_CONFIG_H_
