// SPDX-License-Identifier: Apache-2.0
//
// Calls a function with the bytes of each of many files, in parallel.

#ifndef WEFT_INTEGRATIONS_CODEBASE_PARALLEL_FILE_PROCESSOR_H_
#define WEFT_INTEGRATIONS_CODEBASE_PARALLEL_FILE_PROCESSOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/task_context.h"
#include "weft/integrations/codebase/internal/read_file.h"
#include "weft/scheduler/parallel_map.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/worker_local.h"

namespace weft {

// One file, as a function sees it. The views live as long as the call.
//
// Thread safety: a plain value.
struct FileContent {
  std::string_view path;  // as given
  absl::Status status;    // not OK only with call_on_unreadable
  std::int64_t size = 0;  // of the file; known also when it was too large to read
  std::string_view bytes;
};

// Thread safety: a plain value.
struct FileProcessorOptions {
  // Larger files are an error, ResourceExhausted.
  std::int64_t max_file_bytes = std::int64_t{8} << 20;

  // Of the tasks, one for each file.
  TaskKind kind = "file";

  // Call the function also for files that could not be read. Otherwise their error is
  // their result.
  bool call_on_unreadable = false;

  // Called after each file, from the worker that had it, also at the same time from
  // several: it must allow that, be quick, and not throw. Each number from 1 to `total`
  // comes once, not necessarily in order; after a cancel some never come.
  std::function<void(std::int64_t done, std::int64_t total)> progress = nullptr;
};

// Files are opened relative to the root, without following links, and read whole into a
// buffer of the worker's; one that fails, or a function that throws, costs only its own
// result.
//
// Thread safety: const methods from any thread.
// Cost: beyond the results, one buffer per worker, as large as its largest file.
class ParallelFileProcessor {
 public:
  // Errors: NotFound, PermissionDenied, …: the root cannot be opened;
  // InvalidArgument: it is no directory.
  static absl::StatusOr<ParallelFileProcessor> Open(const std::string& root,
                                                    FileProcessorOptions options = {});

  // Calls `function(const FileContent&)` or `function(TaskContext&, const FileContent&)`
  // once for each path, in tasks of the group's scheduler, and blocks until all have
  // returned. `function` may return R, absl::StatusOr<R>, absl::Status or void; an element
  // of the result is absl::StatusOr<R> (absl::Status for the last two), in the order of
  // `paths`. Errors of an element, each with the path in front:
  //   NotFound, PermissionDenied, …: the system's; FailedPrecondition: not a regular
  //   file, or behind a link; ResourceExhausted: over max_file_bytes; Aborted: changed
  //   while it was read; InvalidArgument: a path that is absolute or has "." or "..";
  //   Unknown: `function` threw; or the reason of a cancel of `group`.
  template <class F>
  auto Process(TaskGroup& group, std::span<const std::string> paths, F function) const {
    using Result = internal::MapResult<F, FileContent>;
    WorkerLocal<std::string> buffers(group.scheduler());
    std::atomic<std::int64_t> done{0};
    const auto total = static_cast<std::int64_t>(paths.size());
    const auto process = [&](TaskContext& context, const std::string& path) {
      const Progress progress{options_, done, total};  // also when `function` throws
      std::string& buffer = buffers.Get(context);
      const FileContent content = Read(path, buffer);
      if (!content.status.ok() && !options_.call_on_unreadable) {
        return Result(WithPath(path, content.status));
      }
      return Call<Result>(function, context, content);
    };
    return ParallelMap(group, paths, process, {.kind = options_.kind});
  }

 private:
  struct Progress {
    const FileProcessorOptions& options;
    std::atomic<std::int64_t>& done;
    std::int64_t total;
    ~Progress() {
      // relaxed: the number is all that is told.
      const std::int64_t now = done.fetch_add(1, std::memory_order_relaxed) + 1;
      if (options.progress != nullptr) options.progress(now, total);
    }
  };

  ParallelFileProcessor(internal::FileTree tree, FileProcessorOptions options)
      : tree_(std::move(tree)), options_(std::move(options)) {}

  template <class Result, class F>
  static Result Call(F& function, TaskContext& context, const FileContent& content) {
    const auto call = [&]() -> decltype(auto) {
      if constexpr (std::is_invocable_v<F&, TaskContext&, const FileContent&>) {
        return std::invoke(function, context, content);
      } else {
        return std::invoke(function, content);
      }
    };
    if constexpr (std::is_void_v<decltype(call())>) {
      call();
      return absl::OkStatus();
    } else {
      return call();
    }
  }

  // Into `buffer`, which gives back what a large file has taken.
  FileContent Read(const std::string& path, std::string& buffer) const;
  static absl::Status WithPath(const std::string& path, const absl::Status& status);

  internal::FileTree tree_;
  FileProcessorOptions options_;
};

}  // namespace weft

#endif  // WEFT_INTEGRATIONS_CODEBASE_PARALLEL_FILE_PROCESSOR_H_
