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
  Frame(Frame** innermost, Engine* owner, TaskNode* running, int worker_slot)
      : engine(owner), task(running), slot(worker_slot), outer(*innermost), top(innermost) {
    *top = this;
    if (outer != nullptr) depth = outer->depth + 1;
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() { *top = outer; }

  Engine* const engine;
  TaskNode* const task;
  const int slot;
  Frame* const outer;
  Frame** const top;
  int depth = 1;  // bodies on top of each other on this thread
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_FRAME_H_
