// SPDX-License-Identifier: Apache-2.0
//
// What few tasks have: a name, a policy, a token, an error that was read.

#ifndef WEFT_SCHEDULER_INTERNAL_TASK_EXTRAS_H_
#define WEFT_SCHEDULER_INTERNAL_TASK_EXTRAS_H_

#include <cstdint>
#include <forward_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "weft/core/cancellation.h"
#include "weft/core/internal/platform.h"
#include "weft/distribution/cost_model.h"
#include "weft/scheduler/internal/made_once.h"
#include "weft/scheduler/internal/run_record.h"
#include "weft/scheduler/internal/task_policy.h"
#include "weft/scheduler/internal/task_ptr.h"

namespace weft::internal {

// What hardly any task has.
//
// Thread safety: all of it is guarded by `lock`; but who runs the task, and its timer, find the
// policy without, which is there before the task can run.
struct TaskRarities {
  // A result that handles read, made when it was first asked for.
  struct Error {
    absl::Status status;
    void* made = nullptr;
  };

  StdPlatform::Lock lock;
  std::optional<CancellationSource> source;
  std::unique_ptr<TaskPolicy> policy;
  std::vector<TaskId> predecessors;         // once it matters (engine_lanes.cc)
  absl::Status degraded;                    // why its value is less than it should be
  RecordPtr record;                         // null: nothing is recorded; constant
  TaskPin continuation;                     // the task that its successors wait for instead
  EdgeBlock<StdPlatform>* spare = nullptr;  // room for handing them over
  std::forward_list<Error> errors;
};

// Belongs to its task, and goes with it. Lies in a cell, as a block of edges does.
//
// Thread safety: `edges` as TaskNode::edges; `name` and `name_hash` are constant; `kind` is whose
// who runs the body; the
// places in the list of names belong to who has the list; `rarities`: any thread.
struct TaskExtras {
  std::uintptr_t edges = 0;
  std::string name;
  std::uint32_t name_hash = 0;
  // The names of the group that came before and after it, by their tasks' indices; 0: none.
  std::uint32_t previous_name = 0;
  std::uint32_t next_name = 0;
  KindId kind;  // none: nothing is learned
  MadeOnce<StdPlatform, TaskRarities> rarities;
};
static_assert(sizeof(TaskExtras) <= sizeof(EdgeBlock<StdPlatform>) &&
              alignof(TaskExtras) <= alignof(EdgeBlock<StdPlatform>));

// Null: it has none.
inline TaskExtras* ExtrasOf(const EngineTask& task) {
  // acquire: pairs with whoever has added them.
  const auto word = task.word.load(std::memory_order_acquire);
  return (word & TaskWord::kHasExtras) == 0 ? nullptr : reinterpret_cast<TaskExtras*>(task.edges);
}
inline TaskRarities* RaritiesOf(const EngineTask& task) {
  const TaskExtras* const extras = ExtrasOf(task);
  return extras == nullptr ? nullptr : extras->rarities.get();
}
// Null: it has none.
inline TaskRecord* RecordOf(const EngineTask& task) {
  TaskRarities* const rarities = RaritiesOf(task);
  return rarities == nullptr ? nullptr : rarities->record.get();
}
// Empty: it has none.
inline std::string_view NameIn(const EngineTask& task) {
  const TaskExtras* const extras = ExtrasOf(task);
  return extras == nullptr ? std::string_view() : std::string_view(extras->name);
}

// Whether it stands for a name that nobody gave a task yet.
inline bool IsBareName(const EngineTask& task) {
  return (task.word.load(std::memory_order_relaxed) & TaskWord::kBareName) != 0;
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TASK_EXTRAS_H_
