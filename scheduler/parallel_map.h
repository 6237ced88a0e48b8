// SPDX-License-Identifier: Apache-2.0
//
// The same function over many items, results in the order of the items.

#ifndef WEFT_SCHEDULER_PARALLEL_MAP_H_
#define WEFT_SCHEDULER_PARALLEL_MAP_H_

#include <cstddef>
#include <exception>
#include <functional>
#include <ranges>
#include <span>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/task_context.h"
#include "weft/scheduler/internal/callable_traits.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/range_progress.h"
#include "weft/scheduler/internal/range_run.h"
#include "weft/scheduler/task_group.h"
#include "weft/sync/progress_target.h"

namespace weft {

// Thread safety: a plain value.
struct MapOptions {
  TaskKind kind = {};  // of the tasks: one for each item, or for each min_task_size of them
  // Where the items count: `&tracker`, or `&part`, which must outlive the call. They are announced
  // when it begins, and count alike. Each ends where its result is there: completed, or failed
  // when it is an error, also for those that no call was made for. What GroupOptions::progress says
  // of listeners is true here.
  ProgressTarget progress = {};
};

namespace internal {

template <class F, class Item, class Result>
Result CallOnItem(F& function, TaskContext& context, const Item& item) {
  const auto call = [&]() -> decltype(auto) {
    if constexpr (std::is_invocable_v<F&, TaskContext&, const Item&>) {
      return std::invoke(function, context, item);
    } else {
      return std::invoke(function, item);
    }
  };
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<decltype(call)>>) {
      call();
      return absl::OkStatus();
    } else {
      return call();
    }
  } catch (...) {
    return StatusOfException(std::current_exception());
  }
}

template <class F, class Item>
auto MapReturn() {
  if constexpr (std::is_invocable_v<F&, TaskContext&, const Item&>) {
    return std::type_identity<std::invoke_result_t<F&, TaskContext&, const Item&>>();
  } else {
    return std::type_identity<std::invoke_result_t<F&, const Item&>>();
  }
}

template <class F, class Item>
using MapResult = ResultOf<typename ValueOfReturn<
    std::remove_cvref_t<typename decltype(MapReturn<F, Item>())::type>>::type>;

}  // namespace internal

// Calls `function(item)` or `function(TaskContext&, item)` once for each item, on the
// workers of the group's scheduler, and blocks until all calls have returned. The
// function may return R, absl::StatusOr<R>, absl::Status or void; an element of the
// result is absl::StatusOr<R> (absl::Status for the last two), at its item's place.
// What it throws is that element's error, Unknown; other items go on.
//
// Stops early when `group` is cancelled: items not started have the reason as error.
// Calls on different threads share `function`: it must allow that. `items` and
// `function` must live until this returns. May be called inside a task.
// Memory: the results, and one task per worker. Throws std::bad_alloc when there is none for
// the results; items that no task could be had for are ResourceExhausted.
template <std::ranges::contiguous_range Items, class F>
auto ParallelMap(TaskGroup& group, const Items& items, F function, const MapOptions& options = {}) {
  using Item = std::ranges::range_value_t<Items>;
  using Result = internal::MapResult<F, Item>;
  const std::span<const Item> all(items);
  std::vector<Result> results(all.size());
  const internal::RangeProgress progress(options.progress, all.size());
  const auto run_items = [&](TaskContext& context, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      if (i > first && context.cancelled()) [[unlikely]] {
        results[i] = internal::OrOutOfMemory([&] { return context.token().reason(); });
      } else {
        results[i] = internal::CallOnItem<F, Item, Result>(function, context, all[i]);
      }
      progress.End(results[i].ok());
    }
  };
  internal::RangeRun run(all.size(), /*min_chunk=*/1, /*max_chunk=*/1, options.kind, run_items);
  absl::Status stopped = run.Run(group);
  for (std::size_t i = run.first_unstarted(); i < all.size(); ++i) results[i] = stopped;
  progress.Fail(all.size() - run.first_unstarted());
  return results;
}

}  // namespace weft

#endif  // WEFT_SCHEDULER_PARALLEL_MAP_H_
