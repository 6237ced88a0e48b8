// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/analyze_command.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/parallel_processing_config.h"
#include "weft/integrations/codebase/codebase.h"
#include "weft/integrations/codebase/parser_registry.h"
#include "weft/integrations/trace/trace_writer.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/sync/progress_mode.h"
#include "weft/sync/terminal_text.h"
#include "weft/tools/analysis_json.h"
#include "weft/tools/analysis_summary.h"
#include "weft/tools/analysis_view.h"
#include "weft/tools/analyze_progress.h"
#include "weft/tools/command_line.h"
#include "weft/tools/cost_history_place.h"
#include "weft/tools/exit_code.h"
#include "weft/tools/interrupt_watch.h"
#include "weft/tools/json_destination.h"
#include "weft/tools/make_scheduler.h"
#include "weft/tools/output.h"
#include "weft/tools/read_config.h"
#include "weft/tools/report.h"
#include "weft/tools/selection.h"

namespace weft::tools {
namespace {

absl::StatusOr<Codebase> Analyze(TaskScheduler& scheduler, const AnalyzeArguments& arguments,
                                 const InterruptWatch& watch, AnalyzeProgress& progress) {
  CodebaseOptions options;
  options.discover = MakeDiscoverOptions(arguments.selection);
  if (arguments.max_file_size.has_value()) {
    options.limits.max_file_bytes = *arguments.max_file_size;
  }
  options.cancellation = watch.token();
  options.slowest_files = 5;  // the summary stays on one screen
  options.progress = [&](const AnalysisProgress& news) { progress.Note(news); };
  options.progress_in_bytes = progress.shown();
  absl::StatusOr<Codebase> codebase =
      Codebase::Analyze(scheduler, arguments.selection.path, options);
  progress.Finish();
  return codebase;
}

ExitCode ReportInterruption(const AnalyzeProgress& progress, const AnalyzeArguments& arguments) {
  Report("interrupted: " + progress.Describe() +
         (arguments.trace.has_value() ? "; only the trace was written" : "; nothing was written"));
  return kExitInterrupted;
}

absl::Status PrintSummary(const AnalysisView& analysis) {
  Output output(STDOUT_FILENO, "standard output");
  output.Write(FormatSummary(analysis));
  return output.Flush();
}

// Whether both names lead to one file; devices take two outputs.
bool AreOneFile(const std::string& a, const std::string& b) {
  struct stat first = {};
  struct stat second = {};
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 && S_ISREG(first.st_mode) &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool IsFolder(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

// A source that bears the name of the trace would be lost.
absl::Status CheckNoSource(const std::string& trace) {
  const SourceLanguage* const language = ParserRegistry::Default().Find(trace);
  struct stat found = {};
  if (language == nullptr || stat(trace.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("--trace would overwrite '" + MakePrintable(trace) +
                                    "', by its name a source (" + language->name +
                                    "): remove it, or give the trace another name");
}

absl::Status CheckOwnFile(const std::string& trace, const std::string& json) {
  if (json == "-" || !AreOneFile(json, trace)) return absl::OkStatus();
  return absl::InvalidArgumentError("--json and --trace lead to the same file, '" +
                                    MakePrintable(trace) + "'; give each its own");
}

// Null: none is wanted; or there is nothing to look at, and an older trace stays as it is.
absl::StatusOr<std::unique_ptr<TraceWriter>> OpenTrace(const AnalyzeArguments& arguments) {
  if (!arguments.trace.has_value() || !IsFolder(arguments.selection.path)) return nullptr;
  const std::string& path = *arguments.trace;
  const std::string json = arguments.json.value_or("-");
  if (absl::Status free = CheckNoSource(path); !free.ok()) return free;
  // Before, so that an older document stays; and when there is a file, under whatever names.
  if (absl::Status own = CheckOwnFile(path, json); !own.ok()) return own;
  absl::StatusOr<std::unique_ptr<TraceWriter>> trace = TraceWriter::Create(path);
  if (!trace.ok()) {
    return absl::Status(trace.status().code(),
                        MakePrintable(std::string(trace.status().message())));
  }
  if (absl::Status own = CheckOwnFile(path, json); !own.ok()) return own;
  return trace;
}

// Whatever became of the analysis: what has run is worth looking at. False: it is of no use.
bool CloseTrace(TraceWriter* trace) {
  if (trace == nullptr) return true;
  const absl::Status closed = trace->Close();
  if (closed.ok()) return true;
  // A full disk has the same code as what had to be left out.
  const TraceStats stats = trace->stats();
  const bool incomplete = stats.dropped + stats.tasks_left_out + stats.arrows_left_out > 0;
  Report((incomplete ? "warning: " : "") + MakePrintable(std::string(closed.message())));
  return incomplete;
}

// Both outputs are tried: whoever waited for the analysis gets what can be had of it.
absl::Status WriteResults(const AnalysisView& analysis, const std::optional<JsonDestination>& json,
                          InterruptWatch& watch) {
  absl::Status written;
  if (json.has_value()) {
    written = json->Write([&](Output& output) { WriteAnalysisJson(analysis, output); }, watch);
    if (absl::IsCancelled(written)) return written;
  }
  if (!json.has_value() || !json->is_standard_output()) {
    const absl::Status printed = PrintSummary(analysis);
    if (written.ok()) return printed;
    if (!printed.ok()) Report(std::string(printed.message()));
  }
  return written;
}

// The analysis is complete.
ExitCode Deliver(const Codebase& codebase, const std::optional<JsonDestination>& json,
                 const AnalyzeArguments& arguments, const AnalyzeProgress& progress,
                 InterruptWatch& watch) {
  const absl::Status written = WriteResults(AnalysisView::Of(codebase), json, watch);
  if (absl::IsCancelled(written)) return ReportInterruption(progress, arguments);
  if (!written.ok()) return ReportFailure(written);
  const std::int64_t failed = codebase.totals().failed;
  if (failed == 0) return kExitDone;
  // The summary says it too, where there is one.
  if (json.has_value() && json->is_standard_output()) {
    Report(FormatCount(failed) + (failed == 1 ? " file or folder" : " files or folders") +
           " failed; the records in the document say why");
  }
  return kExitSomeFailed;
}

// The scheduler lives on: at its end it keeps its history.
ExitCode AnalyzeAndDeliver(TaskScheduler& scheduler, const AnalyzeArguments& arguments,
                           const std::optional<JsonDestination>& json, TraceWriter* trace,
                           AnalyzeProgress& progress, InterruptWatch& watch) {
  const absl::StatusOr<Codebase> codebase = Analyze(scheduler, arguments, watch, progress);
  const bool traced = CloseTrace(trace);
  if (watch.interrupted()) return ReportInterruption(progress, arguments);
  if (!codebase.ok()) return ReportFailure(codebase.status());
  if (!codebase->complete()) return ReportFailure(codebase->status());
  const ExitCode code = Deliver(*codebase, json, arguments, progress, watch);
  return traced || code == kExitInterrupted ? code : kExitUnusable;
}

}  // namespace

ExitCode RunAnalyze(const AnalyzeArguments& arguments) {
  InterruptWatch watch;
  const absl::StatusOr<ParallelProcessingConfig> config = ReadConfig(arguments);
  if (!config.ok()) return ReportFailure(config.status());
  std::optional<JsonDestination> json;
  if (arguments.json.has_value()) {
    absl::StatusOr<JsonDestination> found = JsonDestination::Find(*arguments.json);
    if (!found.ok()) return ReportFailure(found.status());
    json = *std::move(found);
  }
  AnalyzeProgress progress(ChooseProgressMode(arguments.progress, STDERR_FILENO), STDERR_FILENO);
  const absl::StatusOr<std::unique_ptr<TraceWriter>> trace = OpenTrace(arguments);
  if (!trace.ok()) return ReportFailure(trace.status());
  const std::optional<std::string> history =
      arguments.no_history ? std::nullopt : FindCostHistory();
  const absl::StatusOr<std::unique_ptr<TaskScheduler>> scheduler =
      MakeScheduler(*config, trace->get(), history.value_or(""));
  if (!scheduler.ok()) return ReportFailure(scheduler.status());
  const ExitCode code =
      AnalyzeAndDeliver(**scheduler, arguments, json, trace->get(), progress, watch);
  if (arguments.no_history) return code;
  const bool has_answer = code == kExitDone || code == kExitSomeFailed;
  if (has_answer) {
    KeepCostHistory(**scheduler, history);
  } else {
    (*scheduler)->ForgetHistory();
  }
  return code;
}

}  // namespace weft::tools
