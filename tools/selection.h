// SPDX-License-Identifier: Apache-2.0
//
// From the words of the command line to the options of discovery.

#ifndef WEFT_TOOLS_SELECTION_H_
#define WEFT_TOOLS_SELECTION_H_

#include "weft/integrations/codebase/discover_files.h"
#include "weft/tools/command_line.h"

namespace weft::tools {

inline DiscoverOptions MakeDiscoverOptions(const SelectionArguments& selection) {
  return {
      .use_ignore_files = !selection.no_ignore,
      .include_hidden = selection.hidden,
      .include = selection.include,
      .exclude = selection.exclude,
  };
}

}  // namespace weft::tools

#endif  // WEFT_TOOLS_SELECTION_H_
