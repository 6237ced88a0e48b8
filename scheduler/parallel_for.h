// SPDX-License-Identifier: Apache-2.0
//
// Loops and sums over a range of numbers.

#ifndef WEFT_SCHEDULER_PARALLEL_FOR_H_
#define WEFT_SCHEDULER_PARALLEL_FOR_H_

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/task_context.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/range_progress.h"
#include "weft/scheduler/internal/range_run.h"
#include "weft/scheduler/task_group.h"
#include "weft/sync/progress_target.h"

namespace weft {

// Thread safety: a plain value.
struct RangeOptions {
  // A task gets at least so many numbers (the last one may get fewer), or
  // ParallelProcessingConfig::min_task_size where that is more. More saves time where one number is
  // a matter of nanoseconds. At least 1.
  std::size_t min_items_per_task = 1;
  TaskKind kind = {};  // of the tasks
  // Where the numbers count, as MapOptions::progress says; those of one call or task together, when
  // it has ended. A call for a part that failed has failed for all of it.
  ProgressTarget progress = {};
};

namespace internal {

// A body for one number, or for a part of the range: [first, last).
template <class F, class Index>
concept RangeBody =
    std::is_invocable_v<F&, Index, Index> || std::is_invocable_v<F&, TaskContext&, Index, Index>;

template <class F, class... Args>
decltype(auto) CallWithContext(F& function, TaskContext& context, Args... args) {
  if constexpr (std::is_invocable_v<F&, TaskContext&, Args...>) {
    return std::invoke(function, context, args...);
  } else {
    return std::invoke(function, args...);
  }
}

// Calls `function`, which returns void or absl::Status; what it throws is an error.
template <class F, class... Args>
absl::Status CallGuarded(F& function, TaskContext& context, Args... args) {
  try {
    using R = decltype(CallWithContext(function, context, args...));
    static_assert(std::is_void_v<R> || std::is_convertible_v<R, absl::Status>,
                  "the body of ParallelFor returns void or absl::Status");
    if constexpr (std::is_void_v<R>) {
      CallWithContext(function, context, args...);
      return absl::OkStatus();
    } else {
      return CallWithContext(function, context, args...);
    }
  } catch (...) {
    return StatusOfException(std::current_exception());
  }
}

template <std::integral Index>
std::size_t CountBetween(Index begin, Index end) {
  if (end <= begin) return 0;
  using Unsigned = std::make_unsigned_t<Index>;
  return static_cast<std::size_t>(
      static_cast<Unsigned>(static_cast<Unsigned>(end) - static_cast<Unsigned>(begin)));
}
template <std::integral Index>
Index Advance(Index begin, std::size_t by) {
  using Unsigned = std::make_unsigned_t<Index>;
  return static_cast<Index>(static_cast<Unsigned>(begin) + static_cast<Unsigned>(by));
}

}  // namespace internal

// Calls `body(i)` once for each i of [begin, end), or `body(first, last)` for parts that
// make up the range, on the workers of the group's scheduler, and blocks until all calls
// have returned. A TaskContext& may be the first parameter. The body returns void or
// absl::Status and may throw.
//
// All of the range is done even when some calls fail; the result is the error with the
// smallest number, whatever the number of workers. When `group` is cancelled, what was
// not begun is left out, and the result is the reason. InvalidArgument for options out
// of range. ResourceExhausted when nothing could be begun, or not all, for want of memory.
// May be called inside a task.
template <std::integral Index, class F>
absl::Status ParallelFor(TaskGroup& group, Index begin, Index end, F body,
                         const RangeOptions& options = {}) {
  if (options.min_items_per_task < 1) {
    return internal::StatusWithText(absl::StatusCode::kInvalidArgument,
                                    "min_items_per_task is 0, expected at least 1");
  }
  internal::FirstError errors;
  const std::size_t count = internal::CountBetween(begin, end);
  const internal::RangeProgress progress(options.progress, count);
  std::atomic<bool> left_out{false};  // relaxed: read after the run
  const auto run_chunk = [&](TaskContext& context, std::size_t first, std::size_t last) {
    std::size_t completed = 0;
    if constexpr (internal::RangeBody<F, Index>) {
      absl::Status ended = internal::CallGuarded(body, context, internal::Advance(begin, first),
                                                 internal::Advance(begin, last));
      if (ended.ok()) completed = last - first;
      if (!ended.ok()) errors.Record(first, std::move(ended));
    } else {
      for (std::size_t i = first; i < last; ++i) {
        if (context.cancelled()) {
          left_out.store(true, std::memory_order_relaxed);
          break;
        }
        absl::Status ended = internal::CallGuarded(body, context, internal::Advance(begin, i));
        if (ended.ok()) ++completed;
        if (!ended.ok()) errors.Record(i, std::move(ended));
      }
    }
    progress.Complete(completed);
    progress.Fail(last - first - completed);
  };
  internal::RangeRun run(count, options.min_items_per_task, std::numeric_limits<std::size_t>::max(),
                         options.kind, run_chunk);
  absl::Status stopped = run.Run(group);
  progress.Fail(count - run.first_unstarted());
  if (stopped.ok() && left_out) {
    stopped = internal::OrOutOfMemory([&] { return group.token().reason(); });
  }
  return stopped.ok() ? errors.status() : stopped;
}

// Joins what `map(i)`, or `map(first, last)` for a part, gives for all of [begin, end):
// combine(...combine(combine(identity, a), b)..., z), in the order of the range. The parts
// depend on the length of the range and the options alone, and so does the result, also
// where `combine` is not exact, as with floating-point numbers.
//
// T is the type of `identity`. `map` and `combine` may throw; errors are those of
// ParallelFor. Memory: 1,024 values of type T at most.
template <std::integral Index, class T, class Map, class Combine>
absl::StatusOr<T> ParallelReduce(TaskGroup& group, Index begin, Index end, T identity, Map map,
                                 Combine combine, const RangeOptions& options = {}) {
  constexpr std::size_t kMostParts = 1024;
  if (options.min_items_per_task < 1) {
    return internal::StatusWithText(absl::StatusCode::kInvalidArgument,
                                    "min_items_per_task is 0, expected at least 1");
  }
  const std::size_t count = internal::CountBetween(begin, end);
  const std::size_t parts = std::min(
      kMostParts, count / options.min_items_per_task + (count % options.min_items_per_task != 0));
  std::vector<std::optional<T>> values;
  const absl::Status room = internal::OrOutOfMemory([&] {
    values.resize(parts);
    return absl::OkStatus();
  });
  if (!room.ok()) return room;
  const auto first_of = [&](std::size_t part) {
    return count / parts * part + std::min(part, count % parts);
  };
  const auto value_of = [&](TaskContext& context, std::size_t part) -> T {
    const std::size_t first = first_of(part);
    const std::size_t last = first_of(part + 1);
    if constexpr (internal::RangeBody<Map, Index>) {
      return internal::CallWithContext(map, context, internal::Advance(begin, first),
                                       internal::Advance(begin, last));
    } else {
      T value = internal::CallWithContext(map, context, internal::Advance(begin, first));
      for (std::size_t i = first + 1; i < last; ++i) {
        value = std::invoke(combine, std::move(value),
                            internal::CallWithContext(map, context, internal::Advance(begin, i)));
      }
      return value;
    }
  };
  const internal::RangeProgress progress(options.progress, count);
  const auto fill = [&](TaskContext& context, std::size_t part) {
    values[part].emplace(value_of(context, part));
    progress.Complete(first_of(part + 1) - first_of(part));
  };
  absl::Status ended = ParallelFor(group, std::size_t{0}, parts, fill, {.kind = options.kind});
  for (std::size_t part = 0; part < parts; ++part) {
    if (!values[part].has_value()) progress.Fail(first_of(part + 1) - first_of(part));
  }
  if (!ended.ok()) return ended;
  try {
    for (std::optional<T>& value : values) {
      identity = std::invoke(combine, std::move(identity), *std::move(value));
    }
  } catch (...) {
    return internal::StatusOfException(std::current_exception());
  }
  return identity;
}

}  // namespace weft

#endif  // WEFT_SCHEDULER_PARALLEL_FOR_H_
