// SPDX-License-Identifier: Apache-2.0
//
// Batches that would close a cycle are refused with its path.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_plan.h"
#include "weft/scheduler/internal/engine_successors.h"
#include "weft/scheduler/internal/table_room.h"

namespace weft::internal {
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

bool Engine::Plans::may_close_cycle() const {
  for (const Plan& plan : all) {
    if (plan.was_name && !plan.dependencies.empty()) return true;
    for (const Dependency& dependency : plan.dependencies) {
      if (InBatch(*dependency.task)) return true;
    }
  }
  return false;
}

// Depth first along successors. A cycle must pass through a task of the batch, because
// what is already there has none.
absl::Status Engine::CheckCycles(const Plans& plans) {
  absl::flat_hash_map<const EngineTask*, std::vector<EngineTask*>> waiting;
  for (const Plan& plan : plans.all) {
    for (const Dependency& dependency : plan.dependencies) {
      SafelyAt(waiting, dependency.task).push_back(plan.task);
    }
  }
  struct Step {
    EngineTask* task;
    std::vector<EngineTask*> next;
    std::size_t at = 0;
  };
  std::vector<Step> path;
  enum class Color { kOnPath, kDone };
  absl::flat_hash_map<const EngineTask*, Color> color;
  PinnedTasks kept;  // what is not of the batch may end at any moment
  const auto enter = [&](EngineTask* task) {
    Step step{.task = task, .next = {}};
    if (TaskWord::Referenced(task->word.load(std::memory_order_relaxed))) {
      AddSuccessors(*task, step.next, kept);
    }
    if (const auto found = waiting.find(task); found != waiting.end()) {
      step.next.insert(step.next.end(), found->second.begin(), found->second.end());
    }
    SafelyAt(color, task) = Color::kOnPath;
    path.push_back(std::move(step));
  };
  for (const Plan& plan : plans.all) {
    if (!color.contains(plan.task)) enter(plan.task);
    while (!path.empty()) {
      Step& step = path.back();
      if (step.at == step.next.size()) {
        color[step.task] = Color::kDone;
        path.pop_back();
        continue;
      }
      EngineTask* const next = step.next[step.at++];
      const auto known = color.find(next);
      if (known == color.end()) {
        enter(next);
      } else if (known->second == Color::kOnPath) {
        std::vector<EngineTask*> cycle;
        for (auto at = path.rbegin(); at->task != next; ++at) cycle.push_back(at->task);
        cycle.push_back(next);
        return CycleError(cycle);
      }
    }
  }
  return absl::OkStatus();
}

// `cycle`: each waits for the next, and the last for the first. From the one that came
// first in its batch.
absl::Status Engine::CycleError(std::vector<EngineTask*>& cycle) {
  const auto place = [](const EngineTask* task) {
    return Plans::InBatch(*task) ? task->link.load(std::memory_order_relaxed) : UINT32_MAX;
  };
  const auto by_place = [&](const EngineTask* a, const EngineTask* b) {
    return place(a) < place(b);
  };
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end(), by_place), cycle.end());
  std::vector<std::string> names;
  for (EngineTask* task : cycle) names.push_back(NameOf(*task));
  names.push_back(names.front());
  return absl::InvalidArgumentError(CyclePath(names));
}

void Engine::AddSuccessors(EngineTask& task, std::vector<EngineTask*>& successors,
                           PinnedTasks& kept) {
  const auto add = [&](EngineTask& of) {
    ForEachSuccessor(of, [&](EngineTask& successor) {
      successors.push_back(&successor);
      kept.Keep(successor);  // lives until the task that is locked here ends
    });
  };
  hand_overs_.ForEachTo(task, add);  // first: see there
  add(task);
}

}  // namespace weft::internal
