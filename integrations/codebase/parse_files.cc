// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/parse_files.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "weft/integrations/codebase/internal/record_builder.h"
#include "weft/integrations/codebase/parallel_file_processor.h"
#include "weft/scheduler/worker_local.h"

namespace weft {
namespace {

struct Measured {
  FileRecord record;
  absl::Duration duration;
};

// Tells what became of a file, also when making its record throws.
class Note {
 public:
  Note(const ParseOptions& options, std::atomic<std::int64_t>& done, std::size_t total)
      : options_(options), done_(done), progress_{.total = static_cast<std::int64_t>(total)} {}
  Note(const Note&) = delete;
  Note& operator=(const Note&) = delete;
  ~Note() {
    if (options_.progress == nullptr) return;
    // relaxed: the number is all that is told.
    progress_.done = done_.fetch_add(1, std::memory_order_relaxed) + 1;
    options_.progress(progress_);
  }
  void Take(const FileRecord& record) {
    progress_.status = record.status;
    progress_.bytes = record.bytes;
  }

 private:
  const ParseOptions& options_;
  std::atomic<std::int64_t>& done_;
  ParseProgress progress_;
};

const ParserRegistry& RegistryOf(const ParseOptions& options) {
  return options.registry != nullptr ? *options.registry : ParserRegistry::Default();
}

}  // namespace

absl::StatusOr<ParsedFiles> ParseFiles(TaskGroup& group, const std::string& root,
                                       std::span<const std::string> paths,
                                       const ParseOptions& options) {
  if (absl::Status valid = options.limits.Validate(); !valid.ok()) return valid;
  absl::StatusOr<ParallelFileProcessor> files =
      ParallelFileProcessor::Open(root, {.max_file_bytes = options.limits.max_file_bytes,
                                         .kind = "parse file",
                                         .call_on_unreadable = true});
  if (!files.ok()) return files.status();
  const Clock& clock = options.clock != nullptr ? *options.clock : SteadyClock();
  WorkerLocal<internal::RecordBuilder> builders(group.scheduler(), [&options] {
    return internal::RecordBuilder(RegistryOf(options), options.limits);
  });
  std::atomic<std::int64_t> done{0};
  std::vector<absl::StatusOr<Measured>> results =
      files->Process(group, paths, [&](TaskContext& context, const FileContent& file) {
        Note note(options, done, paths.size());
        const absl::Duration start = clock.Now();
        internal::RecordBuilder& builder = builders.Get(context);
        Measured measured;
        measured.record = file.status.ok() ? builder.Build(file.path, file.bytes)
                                           : builder.BuildUnread(file.path, file.size, file.status);
        measured.duration = clock.Now() - start;
        note.Take(measured.record);
        return measured;
      });
  ParsedFiles parsed;
  for (std::size_t i = 0; i < results.size(); ++i) {
    absl::StatusOr<Measured>& result = results[i];
    if (absl::IsUnknown(result.status())) {  // thrown: out of memory for this file
      const internal::RecordBuilder builder(RegistryOf(options), options.limits);
      result = Measured{builder.BuildUnread(paths[i], 0, result.status()), absl::ZeroDuration()};
    }
    if (!result.ok()) {
      parsed.status.Update(result.status());
      continue;
    }
    parsed.records.push_back(std::move(result->record));
    parsed.durations.push_back(result->duration);
  }
  return parsed;
}

FileRecord ParseSource(std::string_view path, std::string_view bytes, const ParseOptions& options) {
  internal::RecordBuilder builder(RegistryOf(options), options.limits);
  return builder.Build(path, bytes);
}

}  // namespace weft
