// SPDX-License-Identifier: Apache-2.0

#include "weft/core/task_state.h"

#include <array>
#include <cstddef>
#include <string_view>

namespace weft {

std::string_view TaskStateName(TaskState state) {
  constexpr std::array<std::string_view, kTaskStateCount> kNames = {
      "pending", "ready", "running", "parked", "completed", "failed", "cancelled", "skipped"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace weft
