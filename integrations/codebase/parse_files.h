// SPDX-License-Identifier: Apache-2.0
//
// From files to records, in parallel.

#ifndef WEFT_INTEGRATIONS_CODEBASE_PARSE_FILES_H_
#define WEFT_INTEGRATIONS_CODEBASE_PARSE_FILES_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"
#include "weft/integrations/codebase/file_record.h"
#include "weft/integrations/codebase/parse_limits.h"
#include "weft/integrations/codebase/parser_registry.h"
#include "weft/scheduler/task_group.h"

namespace weft {

// One file that was done.
//
// Thread safety: a plain value.
struct ParseProgress {
  std::int64_t done = 0;   // files so far, with this one
  std::int64_t total = 0;  // files to parse
  FileStatus status = FileStatus::kFailed;
  std::int64_t bytes = 0;  // as in its record
};

// Thread safety: a plain value.
struct ParseOptions {
  ParseLimits limits = {};
  // Must outlive the call. Null: ParserRegistry::Default().
  const ParserRegistry* registry = nullptr;
  // Measures each file. Must outlive the call. Null: the machine's steady clock.
  const Clock* clock = nullptr;
  // As FileProcessorOptions::progress.
  std::function<void(const ParseProgress&)> progress = nullptr;
};

// Thread safety: a plain value.
struct ParsedFiles {
  // One for each file that was done, in the order of the paths given.
  std::vector<FileRecord> records;
  // What each record took to make once its file was read. Differs from run to run.
  std::vector<absl::Duration> durations;
  // OK: every path has its record. Else the reason of the cancel, and `records` are those
  // done before.
  absl::Status status;
};

// Reads and parses each of `paths`, relative to `root`, as tasks of the group's scheduler,
// and blocks until all are done. Every file has one status, by itself:
//   kSkipped: over a limit; binary; an encoding that is not read
//   kFailed: it cannot be read, changed while it was read, or has no parser
//   kParsedWithErrors, kParsed: read to its end
// A record has symbols and imports only when parsed, and lines unless it was not looked at
// as text (too large, binary, encoding, unreadable).
//
// Errors: InvalidArgument: a limit below 0, or `root` is no directory; NotFound,
// PermissionDenied, …: `root` cannot be opened.
// Memory: the records, and for each worker its parsers, the file at hand and its tree.
absl::StatusOr<ParsedFiles> ParseFiles(TaskGroup& group, const std::string& root,
                                       std::span<const std::string> paths,
                                       const ParseOptions& options = {});

// The same for one file whose bytes are at hand. Reads nothing; makes a parser for this
// call alone.
FileRecord ParseSource(std::string_view path, std::string_view bytes,
                       const ParseOptions& options = {});

}  // namespace weft

#endif  // WEFT_INTEGRATIONS_CODEBASE_PARSE_FILES_H_
