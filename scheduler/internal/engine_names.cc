// SPDX-License-Identifier: Apache-2.0
//
// Tasks that come with definitions: their names, those that they wait for, and whether
// they wait for themselves.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_admit.h"
#include "weft/scheduler/internal/engine_attempts.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_plan.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/group_progress.h"
#include "weft/scheduler/internal/table_room.h"
#include "weft/scheduler/internal/task_body.h"

namespace weft::internal {
namespace {

// What a TaskDefinition makes. Making its body cannot fail.
using FunctionKind = BodyKind<TaskFunction>;
static_assert(FunctionKind::Room::kInside);

std::string Label(std::string_view name) {
  return name.empty() ? "a task without id" : "task '" + std::string(name) + "'";
}

// A batch comes in as one.
bool AreFinalisers(std::span<const TaskDefinition> definitions) {
  return std::ranges::all_of(
      definitions, [](const TaskDefinition& definition) { return definition.options.finaliser; });
}

absl::Status NoTaskOfName(std::string_view name) {
  return absl::NotFoundError("no task has the name '" + std::string(name) + "' in this group");
}

}  // namespace

void Engine::Plans::Discard() {
  const auto forget = [this](EngineTask& task) {
    group_.names_mu.AssertHeld();
    group_.names.Remove(task);
  };
  for (const Plan& plan : all) {
    if (plan.was_name) {
      plan.task->word.fetch_and(~TaskWord::kPlanned, std::memory_order_relaxed);
      continue;
    }
    if (TaskExtras* const extras = ExtrasOf(*plan.task)) {
      if (!extras->name.empty()) {
        forget(*plan.task);
        plan.definition->id = std::move(extras->name);
      }
      engine_.FreeExtras(*extras);
    }
    engine_.GiveBack(*plan.task);
  }
  for (EngineTask* const name : names_) {
    forget(*name);
    // Ends it without a trace: a look through all tasks may hold it just now.
    ::new (static_cast<void*>(name->payload)) TaskError{};
    name->word.fetch_or(static_cast<Bits>(TaskState::kFailed), std::memory_order_release);
    Unpin(*name);
  }
}

EngineTask& Engine::Plans::Make(const NameKey& key, std::string&& text) {
  group_.names_mu.AssertHeld();
  EngineTask& task = engine_.NewTask(group_);
  task.ops = &kTaskOps<FunctionKind>;
  if (text.empty()) return task;
  try {
    group_.names.MakeRoom();
    TaskExtras& extras = engine_.MakeExtras(task);
    extras.name_hash = key.hash;
    extras.name = std::move(text);
  } catch (...) {
    engine_.GiveBack(task);
    throw;
  }
  group_.names.Add(task);
  return task;
}

EngineTask& Engine::Plans::FindOrMakeName(const NameKey& name) {
  group_.names_mu.AssertHeld();
  if (EngineTask* const known = group_.names.Find(name)) return *known;
  names_.reserve(names_.size() + 1);
  EngineTask& task = Make(name, std::string(name.text));
  // One arrival that never comes, unless the name gets its task.
  EnginePool::JoinOf(task).store(1, std::memory_order_relaxed);
  task.word.store(TaskWord::kBlocked | TaskWord::kBareName | TaskWord::kHasExtras | TaskWord::kPin,
                  std::memory_order_release);
  names_.push_back(&task);
  return task;
}

absl::Status Engine::Plans::Add(TaskDefinition& definition) {
  group_.names_mu.AssertHeld();
  if (!definition.function) {
    return absl::InvalidArgumentError(Label(definition.id) + " has no function");
  }
  const NameKey key(definition.id);
  all.reserve(all.size() + 1);
  Plan plan{.definition = &definition};
  if (!definition.id.empty()) plan.task = group_.names.Find(key);
  if (plan.task != nullptr) {
    plan.was_name = true;
    const Bits word = plan.task->word.load(std::memory_order_relaxed);
    if ((word & TaskWord::kBareName) == 0 || InBatch(*plan.task) || TaskWord::Ended(word)) {
      return absl::AlreadyExistsError(Label(definition.id) + " already exists in this group");
    }
    plan.task->word.fetch_or(TaskWord::kPlanned, std::memory_order_relaxed);
  } else {
    plan.task = &Make(key, std::move(definition.id));
  }
  plan.task->link.store(static_cast<std::uint32_t>(all.size()), std::memory_order_relaxed);
  all.push_back(std::move(plan));
  return absl::OkStatus();
}

absl::Status Engine::MakePlans(GroupCore& group, std::span<TaskDefinition> definitions,
                               Plans& plans) {
  if (absl::Status refusal = group.Refusal(AreFinalisers(definitions)); !refusal.ok()) {
    return refusal;
  }
  plans.all.reserve(definitions.size());
  for (TaskDefinition& definition : definitions) {
    if (absl::Status added = plans.Add(definition); !added.ok()) return added;
  }
  for (Plan& plan : plans.all) {
    const bool anyway = plan.definition->on_failed_dependency == DependencyPolicy::kRunAnyway ||
                        plan.definition->options.finaliser;
    const std::vector<TaskRef>& references = plan.definition->dependencies;
    plan.dependencies.reserve(references.size());
    for (const TaskRef& reference : references) {
      if (reference.is_name() ? reference.name().empty() : reference.task() == nullptr) {
        return absl::InvalidArgumentError("a dependency of " + Label(NameIn(*plan.task)) +
                                          " is empty: give a handle or a name");
      }
      EngineTask* const task = reference.is_name()
                                   ? &plans.FindOrMakeName(NameKey(reference.name()))
                                   : static_cast<EngineTask*>(reference.task());
      if (&Of(*task) != this) {
        return absl::InvalidArgumentError("a dependency of " + Label(NameIn(*plan.task)) +
                                          " belongs to another scheduler");
      }
      plan.dependencies.push_back({.task = task, .run_anyway = anyway});
    }
    const TaskOptions& options = plan.definition->options;
    absl::StatusOr<std::unique_ptr<TaskPolicy>> policy = Attempts::MakePolicy(group, &options);
    if (!policy.ok()) return policy.status();
    plan.policy = *std::move(policy);
    if (plan.policy != nullptr) MakeExtras(*plan.task).rarities.Make();
    if (recorder_) MakeRecord(*plan.task);
    plan.kind = costs_.Intern(options.kind);
    if (plan.kind.remembered()) MakeExtras(*plan.task);
  }
  return absl::OkStatus();
}

// The name has its task. It counts once it waits for no name. The queue's and the caller's
// references; the name has one.
void Engine::GiveName(EngineTask& task, const TaskOptions& options) noexcept {
  const Bits given = FirstWord(&options, 1, 1);
  Bits seen = task.word.load(std::memory_order_relaxed);
  Bits next = 0;
  do {
    // Others that wait for it may have raised it.
    const Bits lane = std::max(TaskWord::LaneIn(seen), TaskWord::LaneIn(given));
    next = seen + TaskWord::WithLaneOf(given, 0) - TaskWord::kBareName - TaskWord::kPlanned;
    next = TaskWord::WithLaneOf(next, lane);
    // seq_cst: before the look whether the group is cancelled.
  } while (!task.word.compare_exchange_weak(seen, next, std::memory_order_seq_cst,
                                            std::memory_order_relaxed));
}

// Nothing fails from here on. All are known before the first can end.
void Engine::Publish(GroupCore& group, Plans& plans, EngineWorker* worker) {
  plans.Keep();
  group.StartClock();
  for (Plan& plan : plans.all) {
    EngineTask& task = *plan.task;
    if (plan.policy != nullptr) RaritiesOf(task)->policy = std::move(plan.policy);
    if (plan.kind.remembered()) ExtrasOf(task)->kind = plan.kind;
    if (RaritiesOf(task) != nullptr || plan.kind.remembered() || group.special()) {
      task.ops = OpsOf(task).special;
    }
    FunctionKind::Room::Make(task, std::move(plan.definition->function));
    const auto missing = static_cast<std::uint32_t>(plan.dependencies.size()) + 1;
    EnginePool::JoinOf(task).store(missing, std::memory_order_relaxed);
    if (teller_) [[unlikely]]
      TellSubmitted(task, &plan.definition->options, worker);
    if (group.progress() != nullptr) {  // the listener hears of it after the locks
      group.progress()->AnnounceQuietly(1, UnitCost(plan.definition->options.cost));
    }
    if (plan.was_name) {
      group.CountNamed();
      GiveName(task, plan.definition->options);
    } else {
      CountIn(group, worker);
      const bool named = !NameIn(task).empty();
      const Bits extras = task.word.load(std::memory_order_relaxed) & TaskWord::kHasExtras;
      task.word.store(FirstWord(&plan.definition->options, 1, named ? 2 : 1) | extras,
                      std::memory_order_seq_cst);
    }
  }
  for (Plan& plan : plans.all) Attempts::StartClock(*plan.task);
  for (Plan& plan : plans.all) plan.linked = Link(*plan.task, plan.dependencies, plan.was_name);
}

absl::Status Engine::Schedule(GroupCore& group, std::span<TaskDefinition> definitions,
                              std::span<TaskPtr> handles) {
  EngineWorker* const worker = WorkerOfThread();
  const GroupCore::Rest rest = group.rest();
  const auto count = static_cast<std::int64_t>(definitions.size());
  bool entered = false;
  absl::Status refusal = OrOutOfMemory([&] {  // one, for as long as they come in
    if (Forked()) return ForkedError();
    if (group.pending.bounded()) {
      absl::Status room = EnterBound(group, worker, count);
      if (!room.ok()) return room;
      entered = true;
    }
    return Admit(group, worker, AreFinalisers(definitions));
  });
  if (refusal.ok()) {
    Plans plans(*this, group);
    refusal = TakeIn(group, definitions, plans, worker, handles);
    if (refusal.ok()) {
      if (group.progress() != nullptr) group.progress()->Announce(0);
      Ending ending(worker);
      for (Plan& plan : plans.all) {
        if (NeedsToInherit(*plan.task, plan.linked)) Inherit(*plan.task, plan.dependencies);
        LetGo(*plan.task, std::move(plan.linked), ending);
        FinishSkips(ending);  // each has a cause of its own
      }
      FinishSubmission(ending);
    }
    TakeBack(group, worker, rest);
  }
  if (refusal.ok()) return refusal;
  if (entered) LeaveBound(group, count);
  for (TaskDefinition& definition : definitions) {
    try {
      definition.function.Reset();
    } catch (...) {
      const absl::Status thrown = StatusOfException(std::current_exception());
      RecordIn(group, definition.id, Explained("destroying the task's callable: ", thrown));
    }
  }
  return refusal;
}

// All that takes the lock on the names: users' destructors run later.
absl::Status Engine::TakeIn(GroupCore& group, std::span<TaskDefinition> definitions, Plans& plans,
                            EngineWorker* worker, std::span<TaskPtr> handles) {
  absl::MutexLock lock(&group.names_mu);
  absl::Status refusal;
  try {
    refusal = MakePlans(group, definitions, plans);
    if (refusal.ok() && plans.may_close_cycle()) {
      absl::MutexLock late(&late_mu_);  // others must not add an edge between look and link
      refusal = CheckCycles(plans);
      if (refusal.ok()) Publish(group, plans, worker);
    } else if (refusal.ok()) {
      Publish(group, plans, worker);
    }
  } catch (const std::bad_alloc&) {
    refusal = OutOfMemory();
  }
  if (!refusal.ok()) {
    plans.Discard();
    return refusal;
  }
  for (std::size_t i = 0; i < handles.size(); ++i) handles[i] = TaskPtr::Adopt(plans.all[i].task);
  return absl::OkStatus();
}

absl::StatusOr<TaskPtr> Engine::FindNamed(GroupCore& group, std::string_view name) {
  if (Forked()) return ForkedError();
  absl::MutexLock lock(&group.names_mu);
  EngineTask* const found = group.names.Find(NameKey(name));
  if (found == nullptr || IsBareName(*found)) {
    return OrOutOfMemory([&] { return NoTaskOfName(name); });
  }
  return TaskPtr(found);
}

absl::Status Engine::ReleaseName(GroupCore& group, std::string_view name) {
  if (Forked()) return ForkedError();
  TaskPin released;  // declared before the lock: destroyed after it
  absl::MutexLock lock(&group.names_mu);
  EngineTask* const found = group.names.Find(NameKey(name));
  if (found == nullptr || IsBareName(*found)) {
    return OrOutOfMemory([&] { return NoTaskOfName(name); });
  }
  if (!TaskWord::Ended(found->word.load(std::memory_order_acquire))) {
    return OrOutOfMemory([&] {
      return absl::FailedPreconditionError("the name '" + std::string(name) +
                                           "' is in use: its task has not ended");
    });
  }
  group.names.Remove(*found);
  released = TaskPin::Adopt(found);
  return absl::OkStatus();
}

}  // namespace weft::internal
