// SPDX-License-Identifier: Apache-2.0
//
// Who waits for what, and sleeps.

#ifndef WEFT_SCHEDULER_INTERNAL_WAIT_LIST_H_
#define WEFT_SCHEDULER_INTERNAL_WAIT_LIST_H_

#include <cstdint>

#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/task_ptr.h"
#include "weft/scheduler/internal/waiter_list.h"

namespace weft::internal {

class Graph;

// What a thread waits for: one task, or one group, or that a group has room for so many more.
struct WaitTarget {
  EngineTask* task = nullptr;
  GroupCore* group = nullptr;
  std::int64_t room = 0;
};

// A body that waits, on the thread of the one around it, if any: that one cannot go on
// before this one has returned.
struct WaitFrame {
  EngineTask* self = nullptr;    // null: a node of a graph
  const Graph* graph = nullptr;  // then: the outermost one, whose run cannot end before
  WaitTarget target;             // nothing: the run of a graph
  WaitFrame* outer = nullptr;
};

// A thread that sleeps until its target ends. `group`: it also looks again when that group
// comes to rest.
struct Waiter {
  WaitTarget target;
  const WaitFrame* frame = nullptr;  // of the innermost body; null: from outside
  bool drains = false;               // it looks again when there is work, too
  const GroupCore* group = nullptr;
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
  StdPlatform::Parker parker;
};

// Targets are only compared.
using WaitList = WaiterList<StdPlatform, Waiter>;

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_WAIT_LIST_H_
