// SPDX-License-Identifier: Apache-2.0
//
// The same function over items that come one by one, results in the order of the items:
// for more of them than fit into memory.

#ifndef WEFT_SCHEDULER_PARALLEL_STREAM_H_
#define WEFT_SCHEDULER_PARALLEL_STREAM_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/cancellation.h"
#include "weft/core/task_context.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/parallel_map.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/sync/progress_target.h"

namespace weft {

// Thread safety: a plain value.
struct StreamOptions {
  // How many items have been taken and not been handed on, at most; 0: 64 a worker.
  std::size_t window = 0;
  // Where the items count, as GroupOptions::progress says: each is announced when it is taken.
  ProgressTarget progress = {};
};

namespace internal {

template <class Next>
using ItemOf = typename std::invoke_result_t<Next&>::value_type;

}  // namespace internal

// Calls `next()` until it gives an empty std::optional; `function(item)` or
// `function(TaskContext&, item)` on the workers, as ParallelMap does; and `sink(result)`
// with each result, an absl::StatusOr<R> or absl::Status, in the order of the items. `next`
// and `sink` are called on this thread, one at a time. Returns when all results have been
// handed on.
//
// Stops early, with an error, when `group` is cancelled (its reason), or when `sink`
// returns an absl::Status that is not OK: items that were taken already run to their end,
// and nothing more is handed on. ResourceExhausted, in the same way, when there is no memory
// to begin with, or for an item's place. What `next` or `sink` throws comes out of this call, after
// those items have ended. May be called inside a task.
// Memory: the window.
template <class Next, class F, class Sink>
absl::Status ParallelMapStream(TaskGroup& group, Next next, F function, Sink sink,
                               StreamOptions options = {}) {
  using Item = internal::ItemOf<Next>;
  using Result = internal::MapResult<F, Item>;
  const auto workers = static_cast<std::size_t>(group.scheduler().worker_count());
  const std::size_t window = options.window > 0 ? options.window : 64 * workers;

  using Value = typename internal::ValueOfReturn<Result>::type;
  std::optional<TaskGroup> items;
  std::optional<std::deque<Task<Value>>> room;  // goes before `items`, which waits for them
  CancellationToken cancelled;
  absl::Status opened = internal::OrOutOfMemory([&] {
    items.emplace(group.scheduler(),
                  GroupOptions{.cancellation = group.token(), .progress = options.progress});
    room.emplace();
    cancelled = items->token();
    return absl::OkStatus();
  });
  if (!opened.ok()) return opened;
  std::deque<Task<Value>>& under_way = *room;
  const auto take_one = [&]() -> absl::StatusOr<bool> {
    std::optional<Item> item = next();
    if (!item.has_value()) return false;
    return internal::OrOutOfMemory([&]() -> absl::StatusOr<bool> {
      under_way.emplace_back();
      under_way.back() =
          items->Submit([&function, item = *std::move(item)](TaskContext& context) -> Result {
            return internal::CallOnItem<F, Item, Result>(function, context, item);
          });
      return true;
    });
  };
  const auto hand_on = [&]() -> absl::Status {
    Task<Value> oldest = std::move(under_way.front());
    under_way.pop_front();
    Result result = [&oldest]() -> Result {
      if constexpr (std::is_void_v<Value>) {
        return oldest.Get();
      } else {
        return std::move(oldest).Take();
      }
    }();
    if (absl::Status stopped = cancelled.reason(); !stopped.ok()) return stopped;
    if constexpr (std::is_convertible_v<std::invoke_result_t<Sink&, Result>, absl::Status>) {
      return std::invoke(sink, std::move(result));
    } else {
      std::invoke(sink, std::move(result));
      return absl::OkStatus();
    }
  };
  for (bool more = true; more || !under_way.empty();) {
    while (more && under_way.size() < window) {
      const absl::StatusOr<bool> taken = take_one();
      if (!taken.ok()) return taken.status();
      more = *taken;
    }
    if (under_way.empty()) break;
    if (absl::Status handed = hand_on(); !handed.ok()) return handed;
  }
  return absl::OkStatus();
}

}  // namespace weft

#endif  // WEFT_SCHEDULER_PARALLEL_STREAM_H_
