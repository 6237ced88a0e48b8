// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_PLAN_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_PLAN_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/container/inlined_vector.h"

#include "weft/core/task_definition.h"
#include "weft/scheduler/internal/engine.h"

namespace weft::internal {

// One definition on its way in.
//
// Thread safety: one thread.
struct Engine::Plan {
  TaskDefinition* definition = nullptr;
  EngineTask* task = nullptr;
  bool was_name = false;  // others wait for it already
  absl::InlinedVector<Dependency, 3> dependencies = {};
  std::unique_ptr<TaskPolicy> policy = {};
  KindId kind = {};
  Linked linked = {};
};

// A batch of them.
//
// Thread safety: one thread, which holds the group's names_mu.
class Engine::Plans {
 public:
  Plans(Engine& engine, GroupCore& group) : engine_(engine), group_(group) {}
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;

  // Throws std::bad_alloc. The task of this name, or what stands for it until it comes.
  EngineTask& FindOrMakeName(const NameKey& name);
  // A task for `definition`, whose id becomes its name, with its function still to come.
  // AlreadyExists.
  absl::Status Add(TaskDefinition& definition);
  void Keep() { names_.clear(); }
  // Takes back what was made; instead of Keep.
  void Discard();
  bool may_close_cycle() const;

  static bool InBatch(const EngineTask& task) {
    const auto word = task.word.load(std::memory_order_relaxed);
    return !TaskWord::Referenced(word) || (word & TaskWord::kPlanned) != 0;
  }

  absl::InlinedVector<Plan, 1> all;

 private:
  // A task without a name, or with a new one, `text`, which is moved from: last of all.
  EngineTask& Make(const NameKey& key, std::string&& text);

  Engine& engine_;
  GroupCore& group_;
  absl::InlinedVector<EngineTask*, 4> names_;  // made here, and known to others
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_PLAN_H_
