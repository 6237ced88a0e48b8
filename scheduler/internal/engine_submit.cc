// SPDX-License-Identifier: Apache-2.0
//
// How tasks come in: checks, edges, names, cycles.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/exception_status.h"

namespace weft::internal {

struct Engine::Plan {
  TaskDefinition* definition;
  IntrusivePtr<NamedNode> task;
  Dependencies dependencies;
};

absl::Status Engine::Refusal(const GroupCore& group) const {
  if (!group.cancel_reason.ok()) return group.cancel_reason;
  if (group.sealed) {
    return absl::FailedPreconditionError("the group is sealed: it takes no more tasks");
  }
  if (phase_ == Phase::kClosed || (phase_ == Phase::kDraining && !InsideTask())) {
    return absl::FailedPreconditionError("the scheduler is shut down: it takes no more tasks");
  }
  return absl::OkStatus();
}

absl::Status Engine::CheckDependencies(const Dependencies& dependencies) const {
  for (const Dependency& dependency : dependencies) {
    if (!dependency.task) {
      return absl::InvalidArgumentError(
          "a dependency is an empty handle: pass a handle that Submit or Schedule returned");
    }
    if (dependency.task->owner() != this) {
      return absl::InvalidArgumentError("a dependency belongs to another scheduler");
    }
  }
  return absl::OkStatus();
}

void Engine::Refuse(GroupCore& group, TaskNode& task, const absl::Status& why) {
  Register(task);
  task.group_ = IntrusivePtr<GroupCore>(&group);
  ++group.refused;
  auto cause = MakeCounted<RootCause>();
  cause->id = task.id();
  cause->status = why;
  cause->state = absl::IsCancelled(why) ? TaskState::kCancelled : TaskState::kFailed;
  SetState(task, cause->state);
  task.decided_state_ = cause->state;
  task.cause_ = std::move(cause);
  group.failures.Record({.id = task.id(), .name = task.name_, .status = why});
}

void Engine::AddEdge(TaskNode& task, const Dependency& dependency) {
  TaskNode& predecessor = *dependency.task;
  if (IsTerminal(predecessor.state_)) {
    const bool accepted = predecessor.state_ == TaskState::kCompleted || dependency.run_anyway;
    if (!accepted && !task.cause_) task.cause_ = predecessor.cause_;
    return;
  }
  if (predecessor.mark_ == searches_) {  // named twice: the edge just added is the last one
    predecessor.successors_.back().run_anyway &= dependency.run_anyway;
    return;
  }
  predecessor.mark_ = searches_;
  predecessor.successors_.push_back({IntrusivePtr<TaskNode>(&task), dependency.run_anyway});
  task.predecessors_.push_back(dependency.task);
  ++task.pending_dependencies_;
  if (predecessor.blocked_) ++task.blocked_dependencies_;
}

bool Engine::Admit(GroupCore& group, TaskNode& task, const Dependencies& dependencies,
                   const TaskOptions& options, EndingList& ending) {
  Register(task);
  task.Ref();  // the engine's own, until End
  task.group_ = IntrusivePtr<GroupCore>(&group);
  task.submitted_ = true;
  task.priority_ = options.priority;
  if (record_times_) task.times_.emplace().submitted = clock_.Now();
  if (!group.first_submitted) group.first_submitted = group.last_rest = clock_.Now();
  ++group.counts[static_cast<std::size_t>(task.state_)];
  group.unfinished.PushBack(&task);

  ++searches_;
  for (const Dependency& dependency : dependencies) AddEdge(task, dependency);
  if (task.blocked_dependencies_ > 0) {
    task.blocked_ = true;
  } else if (task.blocked_) {
    Unblock(task);
  } else {
    SetActive(task, true);
  }
  if (task.cause_) {
    Doom(task, TaskState::kSkipped, task.cause_, ending);
  } else if (task.pending_dependencies_ == 0) {
    MakeReady(task);
    return true;
  }
  return false;
}

void Engine::Submit(GroupCore& group, const IntrusivePtr<TaskNode>& task, Dependencies dependencies,
                    const TaskOptions& options) {
  absl::Status refusal = CheckDependencies(dependencies);
  EndingList ending;
  bool ready = false;
  if (refusal.ok()) {
    absl::MutexLock lock(&mu_);
    refusal = Refusal(group);
    if (refusal.ok()) ready = Admit(group, *task, dependencies, options, ending);
    if (ready) ++calls_;
  }
  if (!refusal.ok()) {
    {
      absl::MutexLock lock(&mu_);
      Refuse(group, *task, refusal);
    }
    DestroyCallable(*task);
    return;
  }
  if (ready) WakeAndLeave(1);
  EndAndWake(ending);
}

absl::StatusOr<std::vector<Engine::Plan>> Engine::MakePlans(
    GroupCore& group, std::vector<TaskDefinition>& definitions) {
  if (absl::Status refusal = Refusal(group); !refusal.ok()) return refusal;
  absl::flat_hash_map<std::string, IntrusivePtr<NamedNode>> fresh;
  const auto find_or_make = [&](const std::string& name) {
    mu_.AssertHeld();
    if (auto known = group.names.find(name); known != group.names.end()) return known->second;
    IntrusivePtr<NamedNode>& node = fresh[name];
    if (!node) {
      node = MakeCounted<NamedNode>(IntrusivePtr<Engine>(this));
      TaskNode& task = *node;
      task.name_ = name;
      task.group_ = IntrusivePtr<GroupCore>(&group);
      task.blocked_ = true;
    }
    return node;
  };

  std::vector<Plan> plans;
  plans.reserve(definitions.size());
  ++searches_;  // marks the tasks of this batch
  for (TaskDefinition& definition : definitions) {
    const std::string label =
        definition.id.empty() ? "a task without id" : "task '" + definition.id + "'";
    if (!definition.function) return absl::InvalidArgumentError(label + " has no function");
    IntrusivePtr<NamedNode> node = definition.id.empty()
                                       ? MakeCounted<NamedNode>(IntrusivePtr<Engine>(this))
                                       : find_or_make(definition.id);
    TaskNode& task = *node;
    if (task.submitted_ || task.mark_ == searches_) {
      return absl::AlreadyExistsError(label + " already exists in this group");
    }
    task.mark_ = searches_;
    plans.push_back({.definition = &definition, .task = std::move(node), .dependencies = {}});
  }
  for (Plan& plan : plans) {
    const bool anyway = plan.definition->on_failed_dependency == DependencyPolicy::kRunAnyway;
    for (const TaskRef& reference : plan.definition->dependencies) {
      if (reference.task() != nullptr) {
        // Only this scheduler's handles are nodes of this type; the owner says so.
        if (reference.task()->owner() != this) {
          return absl::InvalidArgumentError("a dependency of task '" + plan.definition->id +
                                            "' belongs to another scheduler");
        }
        auto* dependency = static_cast<TaskNode*>(reference.task());
        plan.dependencies.push_back({IntrusivePtr<TaskNode>(dependency), anyway});
      } else if (reference.name().empty()) {
        return absl::InvalidArgumentError("a dependency of task '" + plan.definition->id +
                                          "' is empty: give a handle or a name");
      } else {
        plan.dependencies.push_back({find_or_make(reference.name()), anyway});
      }
    }
  }
  if (absl::Status cycle = CheckCycles(plans); !cycle.ok()) return cycle;
  for (auto& [name, node] : fresh) group.names.emplace(name, node);
  return plans;
}

namespace {

// The names along a cycle, the long middle left out.
std::string CyclePath(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 20;
  std::string text = "circular dependency: ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names.size() > 2 * kShown && i == kShown) {
      const std::size_t omitted = names.size() - 2 * kShown;
      text += " -> ... (" + std::to_string(omitted) + " more)";
      i += omitted;
    }
    if (i > 0) text += " -> ";
    text += names[i];
  }
  return text;
}

}  // namespace

// Depth first along "waits for", from the tasks that come in. A cycle must pass
// through one of them, because what is already there has none.
absl::Status Engine::CheckCycles(std::vector<Plan>& plans) {
  const std::uint64_t in_batch = searches_;
  bool possible = false;
  for (const Plan& plan : plans) {
    const TaskNode& task = *plan.task;
    possible = possible || !task.successors_.empty();
    for (const Dependency& dependency : plan.dependencies) {
      possible = possible || dependency.task->mark_ == in_batch;
    }
  }
  if (!possible) return absl::OkStatus();

  absl::flat_hash_map<const TaskNode*, const Plan*> plan_of;
  for (const Plan& plan : plans) plan_of[plan.task.get()] = &plan;
  const std::uint64_t on_path = ++searches_;
  const std::uint64_t done = ++searches_;
  struct Step {
    TaskNode* task;
    const Plan* plan;
    std::size_t next = 0;
  };
  std::vector<Step> path;
  const auto enter = [&](TaskNode* task) {
    const auto found = plan_of.find(task);
    path.push_back({task, found == plan_of.end() ? nullptr : found->second});
    task->mark_ = on_path;
  };
  for (const Plan& plan : plans) {
    TaskNode* start = plan.task.get();
    if (start->mark_ != done) enter(start);
    while (!path.empty()) {
      Step& step = path.back();
      const std::size_t count =
          step.plan != nullptr ? step.plan->dependencies.size() : step.task->predecessors_.size();
      if (step.next == count) {
        step.task->mark_ = done;
        path.pop_back();
        continue;
      }
      TaskNode* next = step.plan != nullptr ? step.plan->dependencies[step.next].task.get()
                                            : step.task->predecessors_[step.next].get();
      ++step.next;
      if (next->mark_ == done || IsTerminal(next->state_)) continue;
      if (next->mark_ != on_path) {
        enter(next);
        continue;
      }
      std::vector<std::string> names = {NameOf(*next)};
      std::size_t at = path.size();
      while (path[at - 1].task != next) --at;
      for (; at < path.size(); ++at) names.push_back(NameOf(*path[at].task));
      names.push_back(NameOf(*next));
      return absl::InvalidArgumentError(CyclePath(names));
    }
  }
  return absl::OkStatus();
}

void Engine::DestroyRefused(GroupCore& group, TaskDefinition& definition) {
  try {
    definition.function.Reset();
  } catch (...) {
    const absl::Status thrown = StatusOfException(std::current_exception());
    group.failures.Record(
        {.id = {},
         .name = definition.id,
         .status = absl::Status(
             thrown.code(), "destroying the task's callable: " + std::string(thrown.message()))});
  }
}

absl::StatusOr<std::vector<IntrusivePtr<NamedNode>>> Engine::Schedule(
    GroupCore& group, std::vector<TaskDefinition> definitions) {
  std::vector<IntrusivePtr<NamedNode>> tasks;
  EndingList ending;
  int made_ready = 0;
  absl::Status refusal;
  {
    absl::MutexLock lock(&mu_);
    absl::StatusOr<std::vector<Plan>> plans = MakePlans(group, definitions);
    refusal = plans.status();
    if (refusal.ok()) {
      tasks.reserve(plans->size());
      for (Plan& plan : *plans) {
        plan.task->set_function(std::move(plan.definition->function));
        if (Admit(group, *plan.task, plan.dependencies, plan.definition->options, ending)) {
          ++made_ready;
        }
        tasks.push_back(std::move(plan.task));
      }
      ++calls_;
    }
  }
  if (!refusal.ok()) {
    for (TaskDefinition& definition : definitions) DestroyRefused(group, definition);
    return refusal;
  }
  WakeAndLeave(made_ready);
  EndAndWake(ending);
  return tasks;
}

}  // namespace weft::internal
