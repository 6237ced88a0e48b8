// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/files_command.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/parallel_processing_config.h"
#include "weft/integrations/codebase/discover_files.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/sync/terminal_text.h"
#include "weft/tools/command_line.h"
#include "weft/tools/exit_code.h"
#include "weft/tools/interrupt_watch.h"
#include "weft/tools/make_scheduler.h"
#include "weft/tools/output.h"
#include "weft/tools/report.h"
#include "weft/tools/selection.h"

namespace weft::tools {
namespace {

absl::StatusOr<Discovery> Discover(const SelectionArguments& selection,
                                   const InterruptWatch& watch) {
  absl::StatusOr<std::unique_ptr<TaskScheduler>> scheduler =
      MakeScheduler(ParallelProcessingConfig{});
  if (!scheduler.ok()) return scheduler.status();
  TaskGroup group(**scheduler, GroupOptions{.cancellation = watch.token()});
  return DiscoverFiles(group, selection.path, MakeDiscoverOptions(selection));
}

absl::Status Print(const std::vector<DiscoveredFile>& files, bool nul_ended) {
  Output output(STDOUT_FILENO, "standard output");
  // A terminal would obey what a name says; everything else gets the bytes.
  const bool printable = !nul_ended && isatty(STDOUT_FILENO) == 1;
  const std::string_view end = nul_ended ? std::string_view("\0", 1) : "\n";
  for (const DiscoveredFile& file : files) {
    output.Write(printable ? MakePrintable(file.path) : file.path);
    output.Write(end);
    if (output.failed()) break;
  }
  return output.Flush();
}

void ReportErrors(const std::vector<DiscoveryError>& errors) {
  constexpr std::size_t kMostLines = 10;
  for (std::size_t i = 0; i < std::min(errors.size(), kMostLines); ++i) {
    Report("'" + MakePrintable(errors[i].path) +
           "': " + MakePrintable(std::string(errors[i].status.message())));
  }
  if (errors.size() > kMostLines) {
    Report("and " + FormatCount(static_cast<std::int64_t>(errors.size() - kMostLines)) +
           " more that could not be read");
  }
}

}  // namespace

ExitCode RunFiles(const FilesArguments& arguments) {
  const InterruptWatch watch;
  const absl::StatusOr<Discovery> found = Discover(arguments.selection, watch);
  if (watch.interrupted()) {
    Report("interrupted; nothing was printed");
    return kExitInterrupted;
  }
  if (!found.ok()) return ReportFailure(found.status());
  const absl::Status printed = Print(found->files, arguments.nul_ended);
  if (!printed.ok()) return ReportFailure(printed);
  ReportErrors(found->errors);
  return found->errors.empty() ? kExitDone : kExitSomeFailed;
}

}  // namespace weft::tools
