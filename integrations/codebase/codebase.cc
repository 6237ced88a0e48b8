// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/codebase.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "weft/integrations/codebase/internal/digest.h"
#include "weft/integrations/codebase/internal/read_file.h"
#include "weft/integrations/codebase/parse_files.h"
#include "weft/scheduler/parallel_for.h"
#include "weft/scheduler/task_group.h"

namespace weft {
namespace {

void Tell(const CodebaseOptions& options, const AnalysisProgress& progress) {
  if (options.progress != nullptr) options.progress(progress);
}

absl::StatusOr<Discovery> Discover(TaskScheduler& scheduler, const std::string& root,
                                   const CodebaseOptions& options) {
  Tell(options, {.phase = AnalysisPhase::kDiscovering});
  TaskGroup group(scheduler, {.cancellation = options.cancellation});
  if (options.progress == nullptr) return DiscoverFiles(group, root, options.discover);
  DiscoverOptions discover = options.discover;
  discover.progress = [&options](std::int64_t found) {
    if (options.discover.progress != nullptr) options.discover.progress(found);
    Tell(options, {.phase = AnalysisPhase::kDiscovering, .found = found});
  };
  return DiscoverFiles(group, root, discover);
}

// What a file of this size will have told when it is done.
std::int64_t CountedBytes(std::int64_t size, const CodebaseOptions& options) {
  return size > options.limits.max_file_bytes ? 0 : size;
}

// Of many files an estimate, from some of them: a look at each would take its share of a run over
// small ones. 0 where it cannot be known: parsing says why.
std::int64_t SumSizes(TaskScheduler& scheduler, const std::string& root,
                      const std::vector<std::string>& paths, const CodebaseOptions& options) {
  const absl::StatusOr<internal::FileTree> tree = internal::FileTree::Open(root);
  if (!tree.ok()) return 0;
  TaskGroup group(scheduler, {.cancellation = options.cancellation});
  constexpr std::size_t kEnoughForATask = 256;  // of a microsecond each
  constexpr std::size_t kMostLooks = 4096;
  const std::size_t stride = (paths.size() + kMostLooks - 1) / kMostLooks;
  const std::size_t looks = stride == 0 ? 0 : (paths.size() + stride - 1) / stride;
  const std::int64_t seen =
      ParallelReduce(
          group, std::size_t{0}, looks, std::int64_t{0},
          [&](std::size_t i) { return CountedBytes(tree->GuessSize(paths[i * stride]), options); },
          std::plus<>(), {.min_items_per_task = kEnoughForATask})
          .value_or(0);
  if (stride <= 1) return seen;
  return static_cast<std::int64_t>(static_cast<double>(seen) / static_cast<double>(looks) *
                                   static_cast<double>(paths.size()));
}

absl::StatusOr<ParsedFiles> Parse(TaskScheduler& scheduler, const std::string& root,
                                  const std::vector<std::string>& paths,
                                  const CodebaseOptions& options) {
  AnalysisProgress begun = {.phase = AnalysisPhase::kParsing,
                            .total = static_cast<std::int64_t>(paths.size())};
  if (options.progress_in_bytes) begun.total_bytes = SumSizes(scheduler, root, paths, options);
  Tell(options, begun);
  TaskGroup group(scheduler, {.cancellation = options.cancellation});
  ParseOptions parse = {
      .limits = options.limits, .registry = options.registry, .clock = options.clock};
  if (options.progress != nullptr) {
    parse.progress = [&options, &begun](const ParseProgress& file) {
      AnalysisProgress progress = begun;
      progress.done = file.done;
      progress.bytes = CountedBytes(file.bytes, options);
      progress.failed = file.status == FileStatus::kFailed;
      Tell(options, progress);
    };
  }
  return ParseFiles(group, root, paths, parse);
}

std::vector<std::string> Candidates(const Discovery& found, const ParserRegistry& registry) {
  std::vector<std::string> paths;
  for (const DiscoveredFile& file : found.files) {
    if (file.type == DiscoveredType::kRegular && registry.Find(file.path) != nullptr) {
      paths.push_back(file.path);
    }
  }
  return paths;
}

FileRecord RecordOf(const DiscoveryError& error) {
  FileRecord record;
  record.path = error.path;
  record.status = FileStatus::kFailed;
  const absl::string_view reason = error.status.message();
  record.reason = std::string(reason.data(), reason.size());
  return record;
}

std::vector<SlowFile> Slowest(const ParsedFiles& parsed, std::size_t count) {
  std::vector<SlowFile> slowest;
  for (std::size_t i = 0; i < parsed.records.size(); ++i) {
    slowest.push_back({parsed.records[i].path, parsed.durations[i]});
  }
  count = std::min(count, slowest.size());
  const auto middle = slowest.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(slowest.begin(), middle, slowest.end(),
                    [](const SlowFile& a, const SlowFile& b) { return a.duration > b.duration; });
  slowest.resize(count);
  return slowest;
}

// proc(5): VmHWM, in kB. getrusage would count what ran in this process before exec.
std::int64_t PeakMemoryBytes() {
  std::ifstream status("/proc/self/status");
  std::string key;
  std::int64_t kilobytes = 0;
  while (status >> key) {
    if (key == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

void FileTotals::Add(const FileRecord& record) {
  ++files;
  switch (record.status) {
    case FileStatus::kParsed: ++parsed; break;
    case FileStatus::kParsedWithErrors: ++parsed_with_errors; break;
    case FileStatus::kSkipped: ++skipped; break;
    case FileStatus::kFailed: ++failed; break;
  }
  bytes += record.bytes;
  lines += record.lines;
  symbols += static_cast<std::int64_t>(record.symbols.size());
  imports += static_cast<std::int64_t>(record.imports.size());
}

absl::StatusOr<Codebase> Codebase::Analyze(TaskScheduler& scheduler, std::string root,
                                           const CodebaseOptions& options) {
  if (absl::Status valid = options.limits.Validate(); !valid.ok()) return valid;
  const Clock& clock = options.clock != nullptr ? *options.clock : SteadyClock();
  const ParserRegistry& registry =
      options.registry != nullptr ? *options.registry : ParserRegistry::Default();
  Codebase codebase(std::move(root));
  const absl::Duration start = clock.Now();
  absl::StatusOr<Discovery> found = Discover(scheduler, codebase.root_, options);
  if (!found.ok()) return found.status();
  const absl::Duration discovered = clock.Now();
  const std::vector<std::string> paths = Candidates(*found, registry);
  absl::StatusOr<ParsedFiles> parsed = Parse(scheduler, codebase.root_, paths, options);
  if (!parsed.ok()) return parsed.status();
  const absl::Duration end = clock.Now();
  codebase.status_ = parsed->status;
  codebase.run_.slowest = Slowest(*parsed, options.slowest_files);
  for (const DiscoveryError& error : found->errors) parsed->records.push_back(RecordOf(error));
  codebase.TakeRecords(std::move(parsed->records));
  codebase.TakeDiscovery(*found, static_cast<std::int64_t>(paths.size()));
  codebase.digest_ = internal::DigestOf(codebase);
  codebase.run_.workers = scheduler.worker_count();
  codebase.run_.discovering = discovered - start;
  codebase.run_.parsing = end - discovered;
  codebase.run_.total = clock.Now() - start;
  codebase.run_.peak_memory_bytes = PeakMemoryBytes();
  return codebase;
}

void Codebase::TakeRecords(std::vector<FileRecord> records) {
  files_ = std::move(records);
  // Parsed files are in order; what could not be discovered comes between them.
  std::stable_sort(files_.begin(), files_.end(),
                   [](const FileRecord& a, const FileRecord& b) { return a.path < b.path; });
  for (const FileRecord& record : files_) {
    totals_.Add(record);
    if (!record.language.empty()) languages_[record.language].Add(record);
  }
}

void Codebase::TakeDiscovery(Discovery& found, std::int64_t candidates) {
  const auto links = std::count_if(
      found.files.begin(), found.files.end(),
      [](const DiscoveredFile& file) { return file.type == DiscoveredType::kSymlink; });
  entries_.symlinks = links;
  entries_.other_files = static_cast<std::int64_t>(found.files.size()) - links - candidates;
  entries_.directories = found.directories;
  entries_.ignored = found.ignored;
  entries_.hidden = found.hidden;
  entries_.filtered = found.filtered;
  skipped_entries_ = std::move(found.skipped);
}

const FileRecord* Codebase::FindFile(std::string_view path) const {
  const auto found = std::lower_bound(
      files_.begin(), files_.end(), path,
      [](const FileRecord& record, std::string_view wanted) { return record.path < wanted; });
  return found != files_.end() && found->path == path ? &*found : nullptr;
}

}  // namespace weft
