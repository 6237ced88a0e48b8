// SPDX-License-Identifier: Apache-2.0
//
// The analysis of a source tree, this folder: the grammars have come along.

#include "weft/integrations/codebase/codebase.h"

#include <algorithm>
#include <iostream>
#include <memory>

#include "absl/status/statusor.h"

#include "weft/scheduler/task_scheduler.h"

int main() {
  auto scheduler = weft::TaskScheduler::Create({});
  if (!scheduler.ok()) return 1;
  const absl::StatusOr<weft::Codebase> codebase = weft::Codebase::Analyze(**scheduler, TREE);
  if (!codebase.ok() || !codebase->complete()) return 1;
  const weft::FileRecord* file = codebase->FindFile("codebase.cc");
  if (file == nullptr || file->status != weft::FileStatus::kParsed) return 1;
  const bool has_main = std::any_of(file->symbols.begin(), file->symbols.end(),
                                    [](const auto& symbol) { return symbol.name == "main"; });
  if (!has_main || file->imports.size() != 6) return 1;
  std::cout << codebase->totals().files << " files, " << codebase->totals().symbols << " symbols\n";
  return 0;
}
