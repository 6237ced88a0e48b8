// SPDX-License-Identifier: Apache-2.0
//
// A source tree as facts: every file with its language, status, symbols and imports.

#ifndef WEFT_INTEGRATIONS_CODEBASE_CODEBASE_H_
#define WEFT_INTEGRATIONS_CODEBASE_CODEBASE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "weft/core/cancellation.h"
#include "weft/core/clock.h"
#include "weft/integrations/codebase/discover_files.h"
#include "weft/integrations/codebase/file_record.h"
#include "weft/integrations/codebase/parse_limits.h"
#include "weft/integrations/codebase/parser_registry.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {

enum class AnalysisPhase : std::uint8_t { kDiscovering, kParsing };

// Thread safety: a plain value.
struct AnalysisProgress {
  AnalysisPhase phase = AnalysisPhase::kDiscovering;
  std::int64_t found = 0;        // discovering: files in the folder that was just read
  std::int64_t done = 0;         // files parsed
  std::int64_t total = 0;        // files to parse; 0 while discovering
  std::int64_t total_bytes = 0;  // of these files; 0 unless progress_in_bytes is set
  // Of the file that was just parsed. What is larger than its limit has cost nothing.
  std::int64_t bytes = 0;
  bool failed = false;
};

// Thread safety: a plain value.
struct CodebaseOptions {
  DiscoverOptions discover = {};
  ParseLimits limits = {};
  // Must outlive the call. Null: ParserRegistry::Default().
  const ParserRegistry* registry = nullptr;
  // Stops the analysis: see Codebase::status().
  CancellationToken cancellation = {};
  // Called when a phase begins, from the calling thread, and after each folder with files and
  // each parsed file, from workers, also at the same time from several: it must allow that, be
  // quick, and not throw. Each `done` from 1 to `total` comes once, not necessarily in order.
  std::function<void(const AnalysisProgress&)> progress = nullptr;
  // Asks for the size of each file before the first is parsed, so that progress tells
  // total_bytes: one system call a file.
  bool progress_in_bytes = false;
  // How many of the files that took longest are listed.
  std::size_t slowest_files = 10;
  // Must outlive the call. Null: the machine's steady clock.
  const Clock* clock = nullptr;
};

// Sums over files; `files` is the sum of the four statuses.
//
// Thread safety: a plain value.
struct FileTotals {
  std::int64_t files = 0;
  std::int64_t parsed = 0;
  std::int64_t parsed_with_errors = 0;
  std::int64_t skipped = 0;
  std::int64_t failed = 0;
  std::int64_t bytes = 0;
  std::int64_t lines = 0;
  std::int64_t symbols = 0;
  std::int64_t imports = 0;

  void Add(const FileRecord& record);
  friend bool operator==(const FileTotals&, const FileTotals&) = default;
};

// What was found beside the candidates.
//
// Thread safety: a plain value.
struct EntryCounts {
  std::int64_t other_files = 0;  // no parser for their name
  std::int64_t symlinks = 0;     // never followed
  std::int64_t directories = 0;  // that were read, the root included
  // Left out by a rule; what lies below a directory that is left out is not counted.
  std::int64_t ignored = 0;
  std::int64_t hidden = 0;
  std::int64_t filtered = 0;

  friend bool operator==(const EntryCounts&, const EntryCounts&) = default;
};

// Thread safety: a plain value.
struct SlowFile {
  std::string path;
  absl::Duration duration;  // to parse, on one worker
};

// How the run went; differs from run to run.
//
// Thread safety: a plain value.
struct AnalysisRun {
  int workers = 0;
  absl::Duration discovering;
  absl::Duration parsing;
  absl::Duration total;
  std::int64_t peak_memory_bytes = 0;  // of the process so far
  std::vector<SlowFile> slowest;       // longest first
};

// Candidates are the regular files that discovery finds and the registry has a parser
// for; each has one record. What could not be discovered (an unreadable directory, an
// ignore file that cannot be read) has a record as well, kFailed and without a language:
// whoever looks for failed files sees that something is missing.
//
// Thread safety: const methods from any thread.
class Codebase {
 public:
  // Discovers and parses the tree below `root` on the scheduler's workers and blocks until
  // it is done. Everything but run() depends on the tree and the options alone, not on the
  // number of workers.
  //
  // Errors: InvalidArgument: the root is no directory, or an option is wrong; NotFound,
  // PermissionDenied, …: the root cannot be opened; the reason of a cancel that came
  // before there were files.
  static absl::StatusOr<Codebase> Analyze(TaskScheduler& scheduler, std::string root,
                                          const CodebaseOptions& options = {});

  // OK: complete. Else the reason of the cancel: files() has those done before it.
  const absl::Status& status() const { return status_; }
  bool complete() const { return status_.ok(); }

  const std::string& root() const { return root_; }

  // In the order of the bytes of their paths.
  const std::vector<FileRecord>& files() const { return files_; }

  // Null: no such record. O(log files).
  const FileRecord* FindFile(std::string_view path) const;

  const FileTotals& totals() const { return totals_; }
  // By language name; records without a language are in none.
  const std::map<std::string, FileTotals>& languages() const { return languages_; }
  const EntryCounts& entries() const { return entries_; }
  // What is neither a file nor a directory, and the like: in path order.
  const std::vector<DiscoverySkip>& skipped_entries() const { return skipped_entries_; }
  const AnalysisRun& run() const { return run_; }

  // 32 hexadecimal digits: XXH3-128 of files(), and so of all sums over them, and of
  // complete(). What was left out, root() and run() are not in it. Equal digests: equal
  // facts.
  const std::string& digest() const { return digest_; }

 private:
  explicit Codebase(std::string root) : root_(std::move(root)) {}

  void TakeDiscovery(Discovery& found, std::int64_t candidates);
  void TakeRecords(std::vector<FileRecord> records);

  std::string root_;
  absl::Status status_;
  std::vector<FileRecord> files_;
  FileTotals totals_;
  std::map<std::string, FileTotals> languages_;
  EntryCounts entries_;
  std::vector<DiscoverySkip> skipped_entries_;
  AnalysisRun run_;
  std::string digest_;
};

}  // namespace weft

#endif  // WEFT_INTEGRATIONS_CODEBASE_CODEBASE_H_
