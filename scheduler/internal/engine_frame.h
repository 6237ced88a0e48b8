// SPDX-License-Identifier: Apache-2.0
//
// The bodies under way on a thread, innermost first: so that a Wait knows whether,
// and for whom, it is called from inside a task.

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_FRAME_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_FRAME_H_

#include "weft/scheduler/internal/engine.h"

namespace weft::internal {

// Thread safety: belongs to its thread.
struct Engine::Frame {
  Frame(Engine* owner, TaskNode* running, int worker_slot);
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame();

  Engine* const engine;
  TaskNode* const task;  // null: a pump, perhaps in the body of a graph's node
  int slot;
  Frame* const outer;
  const int depth;  // bodies on top of each other on this thread
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_FRAME_H_
