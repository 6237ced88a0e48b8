// SPDX-License-Identifier: Apache-2.0
//
// Many tasks as one.

#ifndef WEFT_SCHEDULER_GATHER_H_
#define WEFT_SCHEDULER_GATHER_H_

#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/task.h"
#include "weft/scheduler/task_group.h"

namespace weft {

// A task of `group` whose value is the results of `tasks`, in their order, once all have
// ended, however they did: absl::StatusOr<T> each, or absl::Status of those without a
// value. Values are moved where nobody else holds a handle, and copied otherwise; a value
// that can be neither is FailedPrecondition at its place.
//
// Memory: the handles, then the results.
template <class T>
Task<std::vector<internal::ResultOf<T>>> Gather(TaskGroup& group, std::vector<Task<T>> tasks) {
  std::vector<Task<T>> after;
  try {
    after = tasks;
  } catch (const std::bad_alloc&) {
    return group.Submit([]() -> absl::StatusOr<std::vector<internal::ResultOf<T>>> {
      return internal::OutOfMemory();
    });
  }
  return group.Submit(
      [tasks = std::move(tasks)]() mutable {
        std::vector<internal::ResultOf<T>> results;
        results.reserve(tasks.size());
        for (Task<T>& task : tasks) {
          if constexpr (std::is_void_v<T>) {
            results.push_back(task.Get());
          } else {
            results.push_back(std::move(task).Take());
          }
        }
        return results;
      },
      internal::AfterGiven<T>{{}, std::move(after)});
}

}  // namespace weft

#endif  // WEFT_SCHEDULER_GATHER_H_
