// SPDX-License-Identifier: Apache-2.0
//
// Numbers 0 to n-1 in chunks, on the workers of a scheduler: what the parallel
// algorithms have in common.

#ifndef WEFT_SCHEDULER_INTERNAL_RANGE_RUN_H_
#define WEFT_SCHEDULER_INTERNAL_RANGE_RUN_H_

#include <cstddef>
#include <limits>
#include <mutex>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

#include "weft/core/internal/platform.h"
#include "weft/core/task_context.h"
#include "weft/core/task_kind.h"

namespace weft {

class TaskGroup;

namespace internal {

// Chains of tasks, one chain per worker: each task takes the next chunk that nobody has
// taken, and is followed by another task. So no more tasks exist than workers, other
// groups get their turn between two chunks, and a big one delays only its chain. Chunks
// become smaller towards the end, within the bounds given.
//
// Guided self-scheduling: Polychronopoulos and Kuck, IEEE Trans. Computers C-36 (1987).
//
// Thread safety: one thread; `run_chunk` is called on several, and must not throw.
class RangeRun {
 public:
  using RunChunk = absl::FunctionRef<void(TaskContext&, std::size_t begin, std::size_t end)>;

  // `kind`: of the tasks.
  RangeRun(std::size_t count, std::size_t min_chunk, std::size_t max_chunk, TaskKind kind,
           RunChunk run_chunk)
      : count_(count),
        kind_(kind),
        min_chunk_(min_chunk),
        max_chunk_(max_chunk),
        run_chunk_(run_chunk) {}
  RangeRun(const RangeRun&) = delete;
  RangeRun& operator=(const RangeRun&) = delete;

  // Blocks until all chunks that were begun have ended. The reason when not all were:
  // `group` was cancelled, or took no more tasks, or there was no memory for one.
  absl::Status Run(TaskGroup& group);

  // Nothing from here on was begun.
  std::size_t first_unstarted() const;

 private:
  struct Chunk {
    std::size_t begin;
    std::size_t end;
  };
  Chunk Take();
  absl::Status RunChains(TaskGroup& group);
  // One more task that takes chunks. False: it was refused.
  bool Follow(TaskGroup& chains);

  const std::size_t count_;
  const TaskKind kind_;
  std::size_t min_chunk_;
  std::size_t max_chunk_;
  const RunChunk run_chunk_;
  std::size_t divisor_ = 1;
  StdPlatform::Atomic<std::size_t> next_{0};
};

// Of many errors, the one with the smallest number: it does not depend on the order in
// which they come.
//
// Thread safety: every method from any thread.
class FirstError {
 public:
  void Record(std::size_t number, absl::Status error) {
    std::lock_guard lock(lock_);
    if (number >= number_) return;
    number_ = number;
    error_ = std::move(error);
  }
  absl::Status status() const {
    std::lock_guard lock(lock_);
    return error_;
  }

 private:
  mutable StdPlatform::Lock lock_;
  std::size_t number_ = std::numeric_limits<std::size_t>::max();  // guarded by lock_
  absl::Status error_;                                            // guarded by lock_
};

}  // namespace internal
}  // namespace weft

#endif  // WEFT_SCHEDULER_INTERNAL_RANGE_RUN_H_
