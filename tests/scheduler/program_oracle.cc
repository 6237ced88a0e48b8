// SPDX-License-Identifier: Apache-2.0

#include "scheduler/program_oracle.h"

#include <algorithm>
#include <cstddef>

namespace weft::testing {
namespace {

int Forked(int depth) { return depth == 0 ? 0 : 2 + 2 * Forked(depth - 1); }

}  // namespace

Oracle::Oracle(Program& program) : program_(program) {
  counts_.completed = 1;  // the gate
  for (std::size_t i = 0; i < program.tasks.size(); ++i) Step(program.tasks[i]);
}

int Oracle::Attempts(std::size_t i) const {
  const TaskPlan& task = program_.tasks[i];
  if (states_[i] != TaskState::kCompleted && states_[i] != TaskState::kFailed) return 0;
  return std::min(task.failing_attempts + 1, task.max_attempts);
}

bool Oracle::Accepted(std::size_t i) const {
  if (!HandsOver(i)) return Completes(i);
  const TaskPlan& task = program_.tasks[i];
  return task.continuation != kNone ? Completes(task.continuation)
                                    : task.new_ending == Ending::kValue;
}

void Oracle::Step(TaskPlan& task) {
  bool accepted = true;
  for (const Edge& edge : task.edges) {
    accepted = accepted && (edge.anyway || Accepted(edge.from));
  }
  if (!accepted) task.cancelled = task.late = false;  // which comes first is open
  if (!accepted) {
    ++counts_.skipped;
    return states_.push_back(TaskState::kSkipped);
  }
  if (task.cancelled) {
    ++counts_.cancelled;
    return states_.push_back(TaskState::kCancelled);
  }
  if (task.late || task.failing_attempts == task.max_attempts) {
    ++counts_.failed;
    return states_.push_back(TaskState::kFailed);
  }
  CountWork(task);
  CountEnding(task.ending);
  if (task.degraded && task.ending == Ending::kValue) ++counts_.degraded;
  states_.push_back(task.ending == Ending::kValue ? TaskState::kCompleted : TaskState::kFailed);
}

void Oracle::CountWork(const TaskPlan& task) {
  counts_.completed += Forked(task.fork_depth);
  if (task.fork_after != kNone) {
    ++(Accepted(task.fork_after) ? counts_.completed : counts_.skipped);
  }
  if (task.grows && task.continuation == kNone) CountEnding(task.new_ending);
}

void Oracle::CountEnding(Ending ending) {
  ++(ending == Ending::kValue ? counts_.completed : counts_.failed);
}

}  // namespace weft::testing
