// SPDX-License-Identifier: Apache-2.0
//
// The same function over many items, results in the order of the items.

#ifndef WEFT_SCHEDULER_PARALLEL_MAP_H_
#define WEFT_SCHEDULER_PARALLEL_MAP_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/task_context.h"
#include "weft/scheduler/internal/callable_traits.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {

namespace internal {

// Chains of tasks, one chain per worker: each task takes the next item that nobody
// has taken, and is followed by another task. So no more tasks exist than workers,
// other groups get their turn between two items, and a big item delays only its chain.
template <class Item, class F, class Result>
class MapRun {
 public:
  MapRun(std::span<const Item> items, F& function, std::vector<Result>& results)
      : items_(items), function_(function), results_(results) {}

  void Begin(TaskGroup& group, std::size_t chains) {
    group_ = &group;
    for (std::size_t i = 0; i < std::min(chains, items_.size()); ++i) Follow();
  }

  // Items from here on were not started. After the group's end only.
  std::size_t first_unstarted() const { return std::min(next_.load(), items_.size()); }

 private:
  void Follow() {
    group_->Submit([this](TaskContext& context) {
      if (context.cancelled()) return;
      // relaxed: only uniqueness matters; results are read after the group's end.
      const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= items_.size()) return;
      RunOne(context, index);
      Follow();
    });
  }

  void RunOne(TaskContext& context, std::size_t index) {
    try {
      results_[index] = Call(context, items_[index]);
    } catch (...) {
      results_[index] = StatusOfException(std::current_exception());
    }
  }

  Result Call(TaskContext& context, const Item& item) {
    if constexpr (std::is_invocable_v<F&, TaskContext&, const Item&>) {
      return Convert([&]() -> decltype(auto) { return std::invoke(function_, context, item); });
    } else {
      return Convert([&]() -> decltype(auto) { return std::invoke(function_, item); });
    }
  }

  template <class C>
  static Result Convert(C call) {
    if constexpr (std::is_void_v<std::invoke_result_t<C>>) {
      call();
      return absl::OkStatus();
    } else {
      return call();
    }
  }

  const std::span<const Item> items_;
  F& function_;
  std::vector<Result>& results_;
  TaskGroup* group_ = nullptr;
  std::atomic<std::size_t> next_{0};
};

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
// Memory: the results, and one task per worker.
template <std::ranges::contiguous_range Items, class F>
auto ParallelMap(TaskGroup& group, const Items& items, F function) {
  using Item = std::ranges::range_value_t<Items>;
  using Result = internal::MapResult<F, Item>;
  const std::span<const Item> all(items);
  std::vector<Result> results(all.size());
  internal::MapRun<Item, F, Result> run(all, function, results);
  absl::Status stopped;
  {
    TaskGroup chains(group.scheduler(), {.cancellation = group.token()});
    run.Begin(chains, static_cast<std::size_t>(group.scheduler().worker_count()));
    const RunSummary summary = chains.Wait();
    stopped = summary.status;
    if (stopped.ok() && !summary.failures.empty()) stopped = summary.failures.front().status;
  }
  for (std::size_t i = run.first_unstarted(); i < all.size(); ++i) results[i] = stopped;
  return results;
}

}  // namespace weft

#endif  // WEFT_SCHEDULER_PARALLEL_MAP_H_
