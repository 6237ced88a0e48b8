// SPDX-License-Identifier: Apache-2.0
//
// Names one task of one scheduler for as long as somebody can ask for it.

#ifndef WEFT_CORE_TASK_ID_H_
#define WEFT_CORE_TASK_ID_H_

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace weft {

// A place in a scheduler's table, and which tenant of that place is meant. An id
// whose task is gone is stale: looking it up is NotFound, never another task.
//
// Thread safety: a plain value.
struct TaskId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;  // 0: no task

  bool valid() const { return generation != 0; }
  friend auto operator<=>(const TaskId&, const TaskId&) = default;
};

// "12.3": index, then generation.
inline std::string ToString(TaskId id) {
  return std::to_string(id.index) + "." + std::to_string(id.generation);
}

}  // namespace weft

template <>
struct std::hash<weft::TaskId> {
  std::size_t operator()(weft::TaskId id) const noexcept {
    return std::hash<std::uint64_t>()((std::uint64_t{id.generation} << 32) | id.index);
  }
};

#endif  // WEFT_CORE_TASK_ID_H_
