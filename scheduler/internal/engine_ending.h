// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_ENDING_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_ENDING_H_

#include "weft/scheduler/internal/engine.h"

namespace weft::internal {

// What follows from the end of one task: others that become ready, and others that end
// unrun because of it, and so on. Nothing recurses, and nothing is allocated.
//
// Thread safety: one thread.
struct Engine::Ending {
  explicit Ending(EngineWorker* its_worker) : worker(its_worker) {}

  EngineWorker* const worker;  // of this thread; null: it is none
  ReadyNode* next = nullptr;   // the first task that became ready
  RecordPtr record;            // of that task, while it is valid
  TaskId from;                 // whose successors are released, for observers; else invalid
  bool pushed = false;         // others did, and lie in the worker's deque
  bool shared = false;         // or in a lane
  TaskPtr cause;               // why those in `skipped` end
  // Tasks whose end we have decided, linked through themselves. We have still to arrive at
  // each: so until then they are in no queue, and live.
  EngineTask* skipped = nullptr;
  // Tasks that end because there was no memory to count them as blocked: the same, each
  // with a pin, for we do not arrive there.
  EngineTask* starved = nullptr;
  void AddStarved(EngineTask* first) { starved = starved == nullptr ? first : Join(first); }

 private:
  EngineTask* Join(EngineTask* first) const {
    EngineTask* last = first;
    // relaxed, both: one thread's.
    while (const std::uint32_t after = last->link.load(std::memory_order_relaxed)) {
      last = &static_cast<EngineTask&>(Of(*first).pool_->NodeOf(after));
    }
    last->link.store(EnginePool::IndexOf(*starved), std::memory_order_relaxed);
    return first;
  }
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_ENDING_H_
