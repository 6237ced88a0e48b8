// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_SUCCESSORS_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_SUCCESSORS_H_

#include "weft/scheduler/internal/engine.h"

namespace weft::internal {

// Calls visit(EngineTask&) with each successor that is there now, which it may keep by a
// reference of its own.
template <class F>
void Engine::ForEachSuccessor(EngineTask& task, F visit) {
  Bits word = 0;
  if (!task.LockEdges(word)) return;
  try {
    EdgeList<StdPlatform>(EdgesOf(task, word)).ForEach([&](const Edge& edge) {
      visit(static_cast<EngineTask&>(pool_->NodeOf(edge.successor)));
    });
  } catch (...) {
    task.UnlockEdges();
    throw;
  }
  task.UnlockEdges();
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_SUCCESSORS_H_
