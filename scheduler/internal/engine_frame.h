// SPDX-License-Identifier: Apache-2.0
//
// What a thread does for an engine: so that a Submit finds its worker, and a Wait knows
// whether, and for whom, it is called from inside a task.

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_FRAME_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_FRAME_H_

#include <chrono>

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/stack_room.h"

namespace weft::internal {

// How long a thread that waits for work sleeps before it tries again to start a worker that
// could not be had.
inline constexpr std::chrono::milliseconds kStartAgainAfter{10};
// So often does the last body that is not blocked try it before its wait is refused.
inline constexpr int kStartAttempts = 5;

// Thread safety: belongs to its thread.
struct Engine::ThreadFrame {
  ThreadFrame(Engine* owner, EngineWorker* first_worker)
      : engine(owner), worker(first_worker), outer(current_frame_) {
    current_frame_ = this;
  }
  ThreadFrame(const ThreadFrame&) = delete;
  ThreadFrame& operator=(const ThreadFrame&) = delete;
  ~ThreadFrame() { current_frame_ = outer; }

  Engine* const engine;
  EngineWorker* worker;
  ThreadFrame* const outer;
  WaitFrame* waits = nullptr;  // of this engine's bodies, on top of each other
  int depth = 0;               // how many
  bool pooled = false;         // one of the pool for bodies that block
  StackRoom stack;

  // Errors: ResourceExhausted, where another body on top might be too much.
  absl::Status CheckDepth();
};

// A run of a graph that somebody waits for.
//
// Thread safety: guarded by the engine's lock; `graph` and `caller` are constant.
struct Engine::GraphRun {
  Graph* graph = nullptr;
  const WaitFrame* caller = nullptr;  // the body that waits for it; null: none of ours does
  int cancels = 0;                    // calls of Graph::Cancel under way
  struct RunTimer : Timer {
    Engine* engine = nullptr;
    GraphRun* run = nullptr;
  } timer = {};  // of a run with a deadline; while it is armed it counts as a cancel
  GraphRun* next = nullptr;
  GraphRun* previous = nullptr;
};

inline Engine::ThreadFrame* Engine::FrameOfThread() const {
  ThreadFrame* frame = current_frame_;
  while (frame != nullptr && frame->engine != this) [[unlikely]] frame = frame->outer;
  return frame;
}

// Why a wait inside a task is refused. engine_wait.cc.
absl::Status TooManyBlocked();
absl::Status NoThread() noexcept;

// Before others see that they wait: a search for cycles comes to them.
inline void ListBodies(const WaitFrame* top) {
  for (const WaitFrame* frame = top; frame != nullptr; frame = frame->outer) {
    if (frame->self != nullptr) frame->self->List();
  }
}

inline EngineWorker* Engine::WorkerOfThread() const {
  const ThreadFrame* const frame = FrameOfThread();
  return frame != nullptr ? frame->worker : nullptr;
}

// So that the executor lives while a call may still need a thread of it.
//
// Thread safety: belongs to its thread.
class Engine::Call {
 public:
  explicit Call(Engine& engine) : engine_(engine) {
    absl::MutexLock lock(&engine_.mu_);
    ++engine_.calls_;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    absl::MutexLock lock(&engine_.mu_);
    --engine_.calls_;
  }

 private:
  Engine& engine_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_FRAME_H_
