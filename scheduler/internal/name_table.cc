// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/name_table.h"

#include <cstdint>

namespace weft::internal {

void NameTable::Add(EngineTask& task) noexcept {
  const std::uint32_t index = EnginePool::IndexOf(task);
  TaskExtras& extras = *ExtrasOf(task);
  entries_.insert(Entry{extras.name_hash, index});
  extras.previous_name = last_;
  extras.next_name = 0;
  (last_ == 0 ? first_ : ExtrasOf(TaskAt(last_))->next_name) = index;
  last_ = index;
}

void NameTable::Remove(EngineTask& task) noexcept {
  const TaskExtras& extras = *ExtrasOf(task);
  entries_.erase(Entry{extras.name_hash, EnginePool::IndexOf(task)});
  const std::uint32_t before = extras.previous_name;
  const std::uint32_t after = extras.next_name;
  (before == 0 ? first_ : ExtrasOf(TaskAt(before))->next_name) = after;
  (after == 0 ? last_ : ExtrasOf(TaskAt(after))->previous_name) = before;
}

}  // namespace weft::internal
