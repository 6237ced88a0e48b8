// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/parse_files.h"

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
                                         .call_on_unreadable = true,
                                         .progress = options.progress});
  if (!files.ok()) return files.status();
  const Clock& clock = options.clock != nullptr ? *options.clock : SteadyClock();
  WorkerLocal<internal::RecordBuilder> builders(group.scheduler(), [&options] {
    return internal::RecordBuilder(RegistryOf(options), options.limits);
  });
  std::vector<absl::StatusOr<Measured>> results =
      files->Process(group, paths, [&](TaskContext& context, const FileContent& file) {
        const absl::Duration start = clock.Now();
        internal::RecordBuilder& builder = builders.Get(context);
        Measured measured;
        measured.record = file.status.ok() ? builder.Build(file.path, file.bytes)
                                           : builder.BuildUnread(file.path, file.size, file.status);
        measured.duration = clock.Now() - start;
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
