// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/internal/task_table.h"

#include <utility>

namespace weft::internal {

LiveTask* TaskTable::FindOrAdd(std::uint64_t id) {
  if (LiveTask* const known = Find(id)) return known;
  if (tasks_.size() >= most_tasks_) return nullptr;
  return Remember(id, tasks_[id]);
}

void TaskTable::Erase(std::uint64_t id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return;
  Free(found->second);
  tasks_.erase(found);
  last_ = nullptr;
}

bool TaskTable::AddArrow(LiveTask& task, std::uint64_t arrow) {
  std::uint32_t cell = free_;
  if (cell != 0) {
    free_ = At(cell).next;
  } else {
    if (cells_.size() >= most_arrows_) return false;
    cells_.emplace_back();
    cell = static_cast<std::uint32_t>(cells_.size());
  }
  At(cell) = {arrow, std::exchange(task.arrows, cell)};
  return true;
}

void TaskTable::TakeArrows(LiveTask& task, std::vector<std::uint64_t>& arrows) {
  for (std::uint32_t cell = task.arrows; cell != 0; cell = At(cell).next) {
    arrows.push_back(At(cell).arrow);
  }
  Free(task);
}

void TaskTable::Free(LiveTask& task) {
  for (std::uint32_t cell = std::exchange(task.arrows, 0); cell != 0;) {
    const std::uint32_t next = std::exchange(At(cell).next, free_);
    free_ = std::exchange(cell, next);
  }
}

}  // namespace weft::internal
