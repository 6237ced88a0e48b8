// SPDX-License-Identifier: Apache-2.0
//
// The engine's own life, and where its tasks lie.

#include "weft/scheduler/internal/engine.h"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine_frame.h"

namespace weft::internal {

constinit thread_local Engine::ThreadFrame* Engine::current_frame_ = nullptr;

Engine::Engine(std::unique_ptr<TaskExecutor> executor, const Clock& clock, const Options& options)
    : clock_(clock),
      record_times_(options.record_times),
      max_width_(executor->max_width()),
      drains_in_wait_(executor->drains_in_wait()),
      cancelled_(absl::CancelledError("cancelled")),
      executor_(std::move(executor)),
      tasks_(*pool_, this),
      blocks_(*pool_, nullptr),
      loop_(executor_->width(), max_width_,
            drains_in_wait_ ? ReadyOrder::kStrict : ReadyOrder::kDepthFirst, options.steals, *pool_,
            *this) {
  executor_->Start(this);
}

Engine::~Engine() = default;

void Engine::Close() {
  {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &Engine::NoCalls));  // handles may outlive us
  }
  executor_.reset();
  // Entries of tasks that were claimed by those who waited for them.
  while (ReadyNode* node = loop_.lanes().Pop(Lane::kLow)) {
    Unpin(static_cast<EngineTask&>(*node));
  }
  std::vector<ItemCache<EngineTask>*> caches;
  for (int slot = 0; slot < loop_.used_slots(); ++slot) {
    caches.push_back(&loop_.WorkerAt(slot).tasks());
  }
  bool unused = false;
  {
    absl::MutexLock lock(&close_mu_);
    closed_ = true;
    used_ += tasks_.CountUsed(caches);
    unused = used_ == 0;
  }
  if (unused) delete this;
}

bool Engine::InsideTask() const { return FrameOfThread() != nullptr; }

EngineTask& Engine::NewTask(GroupCore& group) {
  EngineWorker* const worker = WorkerOfThread();
  EngineTask* const task = worker != nullptr ? tasks_.Take(worker->tasks()) : tasks_.TakeOutside();
  // relaxed: nobody else can have a reference.
  task->word.store(0, std::memory_order_relaxed);
  task->scope = &group;
  task->edges = 0;
  return *task;
}

void Engine::GiveBack(EngineTask& task) noexcept {
  NextGeneration(task);
  if (EngineWorker* const worker = WorkerOfThread()) {
    tasks_.Give(worker->tasks(), &task);
    return;
  }
  bool last = false;
  {
    absl::MutexLock lock(&close_mu_);
    tasks_.GiveOutside(&task);
    last = closed_ && --used_ == 0;
  }
  if (last) delete this;
}

EdgeBlock<StdPlatform>* Engine::NewBlock() {
  EngineWorker* const worker = WorkerOfThread();
  return worker != nullptr ? blocks_.Take(worker->blocks()) : blocks_.TakeOutside();
}

std::uintptr_t& Engine::EdgesOf(EngineTask& task, Bits word) {
  return (word & TaskWord::kHasExtras) == 0 ? task.edges
                                            : reinterpret_cast<TaskExtras*>(task.edges)->edges;
}

TaskExtras* Engine::ExtrasOf(const EngineTask& task) {
  // acquire: pairs with whoever has added them.
  const Bits word = task.word.load(std::memory_order_acquire);
  return (word & TaskWord::kHasExtras) == 0 ? nullptr : reinterpret_cast<TaskExtras*>(task.edges);
}

TaskExtras& Engine::MakeExtras(EngineTask& task) {
  if (TaskExtras* const extras = ExtrasOf(task)) return *extras;
  auto made = std::make_unique<TaskExtras>();
  // For a task that has ended nobody but us changes its edges: this lock keeps the others
  // out who want the same.
  std::unique_lock<StdPlatform::Lock> ended;
  Bits word = 0;
  const bool locked = task.LockEdges(word);
  if (!locked) ended = std::unique_lock(extras_lock_);
  if (TaskExtras* const extras = ExtrasOf(task)) {
    if (locked) task.UnlockEdges();
    return *extras;
  }
  made->edges = task.edges;
  TaskExtras& extras = *made;
  task.edges = reinterpret_cast<std::uintptr_t>(made.release());
  if (locked) {
    task.UnlockEdges(TaskWord::kHasExtras);
  } else {
    // release: publishes `edges`.
    task.word.fetch_or(TaskWord::kHasExtras, std::memory_order_release);
  }
  return extras;
}

// A chain of continuations goes one by one.
void Engine::Destroy(EngineTask& first) noexcept {
  for (EngineTask* task = &first; task != nullptr;) {
    EngineTask* continuation = nullptr;
    const Bits word = task->word.load(std::memory_order_relaxed);
    const TaskOps* const ops = &OpsOf(*task);
    if ((word & TaskWord::kHasExtras) != 0) {
      const std::unique_ptr<TaskExtras> extras(reinterpret_cast<TaskExtras*>(task->edges));
      for (TaskExtras::Error& error : extras->errors) ops->destroy_error(error.made);
      continuation = extras->continuation.Release();
    }
    switch (TaskWord::StateIn(word)) {
      case TaskState::kCompleted:
        if (ops->destroy_value != nullptr) ops->destroy_value(*task);
        break;
      case TaskState::kSkipped: TaskPtr::Adopt(PayloadAs<TaskRoot>(*task).cause); break;
      case TaskState::kFailed:
      case TaskState::kCancelled: PayloadAs<TaskError>(*task).~TaskError(); break;
      default: break;  // never seen by others
    }
    Engine& engine = Of(*task);
    const bool go_on = continuation != nullptr && continuation->Drop(TaskWord::kPin);
    engine.GiveBack(*task);
    task = go_on ? continuation : nullptr;
  }
}

void DestroyTask(EngineTask& task) noexcept { Engine::Destroy(task); }

}  // namespace weft::internal
