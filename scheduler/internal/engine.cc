// SPDX-License-Identifier: Apache-2.0
//
// The engine's own life, and where its tasks lie.

#include "weft/scheduler/internal/engine.h"

#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/simulated_workers.h"
#include "weft/scheduler/thread_pool.h"

namespace weft::internal {
namespace {

// Of tasks that have ended before they began: only their error is read.
constexpr TaskOps kStandInOps = {{nullptr, nullptr, true},
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 nullptr};

}  // namespace

constinit thread_local Engine::ThreadFrame* Engine::current_frame_ = nullptr;

Engine::Engine(std::unique_ptr<TaskExecutor> executor, std::unique_ptr<Bounds> bounds,
               const Clock& clock, const Options& options)
    : clock_(clock),
      costs_(*options.costs),
      record_times_(options.record_times),
      critical_path_priority_(options.critical_path_priority),
      max_in_flight_(options.max_in_flight),
      max_width_(executor->max_width()),
      blocking_threads_(executor->drains_in_wait() ? 0 : options.blocking_threads),
      drains_in_wait_(executor->drains_in_wait()),
      cancelled_(absl::CancelledError("cancelled")),
      group_cancelled_(absl::CancelledError("the group was cancelled")),
      group_destroyed_(absl::CancelledError("its group was destroyed before it was waited for")),
      shutting_down_(absl::CancelledError("the scheduler is shutting down")),
      no_such_name_(absl::NotFoundError("no task was submitted under this name")),
      executor_(std::move(executor)),
      bounds_(std::move(bounds)),
      tasks_(*pool_, this),
      blocks_(*pool_, nullptr),
      loop_(executor_->width(), max_width_,
            drains_in_wait_ && executor_->simulation() == nullptr ? ReadyOrder::kStrict
                                                                  : ReadyOrder::kDepthFirst,
            options.steals, *pool_, *this, /*has_threads=*/!drains_in_wait_,
            slot_count() - RunLoop<StdPlatform>::SlotCount(max_width_)),
      recorder_(options.record_runs ? std::make_unique<RunRecorder>(slot_count()) : nullptr),
      timers_(clock_, drains_in_wait_ ? this : nullptr),
      look_from_(clock_.Now() + absl::Nanoseconds(MemoryRules::kDefaultInterval)),
      jitter_(options.seed),
      simulated_(executor_->simulation() == nullptr
                     ? nullptr
                     : std::make_unique<SimulatedWorkers>(
                           loop_, &clock_ == executor_->simulation()->clock ? &timers_ : nullptr,
                           *executor_->simulation(), costs_, static_cast<SimulationHost&>(*this))) {
  if (!CountForks()) throw std::bad_alloc();
  look_timer_.fire = &Gate::Look;
  look_timer_.engine = this;
  if (max_in_flight_ < max_width_) loop_.SetMost(max_in_flight_);
  no_memory_ = &MakeStandIn(OutOfMemory());
  forked_ = &MakeStandIn(ForkedError());
  forked_group_ = MakeCounted<GroupCore>(*this, clock_, *pool_, GroupCore::Limits{}, false);
  if (options.observer != nullptr || options.record_runs || options.watched) {
    teller_.emplace(options.observer, clock_, slot_count());
  }
  executor_->Start(this);
}

Engine::~Engine() = default;

// Throws std::bad_alloc, until it was made: by the first engine.
absl::Status Engine::ForkedError() {
  // Never destroyed: statics of users may still have a scheduler.
  static const absl::Status& made = *new absl::Status(
      absl::StatusCode::kFailedPrecondition,
      "this process was forked from the one that made the scheduler, whose threads are not "
      "here: create a new scheduler in the child");
  return made;
}

EngineTask& Engine::MakeStandIn(absl::Status why) {
  EngineTask& task = *tasks_.TakeOutside();
  task.ops = &kStandInOps;
  task.scope = nullptr;
  task.edges = 0;
  ::new (static_cast<void*>(task.payload)) TaskError{std::move(why), nullptr};
  // relaxed: whoever gets a handle gets it later.
  task.word.store(static_cast<Bits>(TaskState::kFailed) | TaskWord::kRefused | TaskWord::kHandle,
                  std::memory_order_relaxed);
  return task;
}

EngineTask& Engine::StandInFor(GroupCore& group, bool detached) noexcept {
  group.CountRefused();
  EngineTask& task = Forked() ? *forked_ : *no_memory_;
  if (!Forked()) RecordIn(group, "", PayloadAs<TaskError>(task).status);
  if (!detached) task.Add(TaskWord::kHandle);
  return task;
}

void Engine::Close() {
  // Nobody else is here, and much of what we have would wait for who is not: it stays.
  if (Forked()) return;
  {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &Engine::NoCalls));  // handles may outlive us
  }
  timers_.Disarm(look_timer_);
  StopWatch();
  timers_.Stop();
  CloseBlocking();
  {
    ThreadFrame frame(this, &loop_.WorkerAt(0));
    while (drains_in_wait_ && DrainOne(frame)) {  // drops what was claimed by who waited for it
    }
  }
  // The same of those for which no worker could be had.
  while (ReadyNode* const node = loop_.lanes().Pop(Lane::kLow)) {
    DropEntry(*node);
  }
  executor_.reset();
  for (EngineTask* const stand_in : {no_memory_, forked_}) TaskPtr::Adopt(stand_in);
  forked_group_ = {};
  for (int slot = 0; slot < loop_.used_slots(); ++slot) {
    tasks_.TakeOver(loop_.WorkerAt(slot).tasks());
  }
  bool unused = false;
  tasks_.CountUsed([&](std::int64_t used) {
    closed_ = true;
    used_ += used;
    unused = used_ == 0;
  });
  if (unused) delete this;
}

// What is left there are tasks that have ended.
void Engine::CloseBlocking() {
  std::unique_ptr<ThreadPool> pool;
  {
    absl::MutexLock lock(&blocking_mu_);
    pool = std::move(blocking_);
  }
  if (pool != nullptr) pool->Shutdown().IgnoreError();  // no body is under way that could call this
}

bool Engine::InsideTask() const { return FrameOfThread() != nullptr; }

namespace {

EngineTask& Prepared(EngineTask& task, GroupCore& group) {
  // relaxed: nobody else can have a reference.
  task.word.store(0, std::memory_order_relaxed);
  task.scope = &group;
  task.edges = 0;
  return task;
}

}  // namespace

EngineTask& Engine::NewTask(GroupCore& group) {
  EngineWorker* const worker = WorkerOfThread();
  return Prepared(worker != nullptr ? *tasks_.Take(worker->tasks()) : *tasks_.TakeOutside(), group);
}

std::size_t Engine::NewTasks(GroupCore& group, std::span<EngineTask*> tasks) noexcept {
  EngineWorker* const worker = WorkerOfThread();
  std::size_t taken = 0;
  try {
    if (worker == nullptr) {
      tasks_.TakeOutside(tasks.data(), tasks.size(), taken);
    } else {
      for (; taken < tasks.size(); ++taken) tasks[taken] = tasks_.Take(worker->tasks());
    }
  } catch (const std::bad_alloc&) {  // the caller sees how many there are
  }
  for (EngineTask* const task : tasks.first(taken)) Prepared(*task, group);
  return taken;
}

void Engine::GiveBack(EngineTask& task) noexcept {
  if (Forked()) return;
  NextGeneration(task);
  if (EngineWorker* const worker = WorkerOfThread()) {
    tasks_.Give(worker->tasks(), &task);
    return;
  }
  bool last = false;
  tasks_.GiveOutside(&task, [&] { last = closed_ && --used_ == 0; });
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

TaskExtras& Engine::MakeExtras(EngineTask& task) {
  if (TaskExtras* const extras = ExtrasOf(task)) return *extras;
  auto& made = *::new (static_cast<void*>(NewBlock())) TaskExtras;
  // For a task that has ended nobody but us changes its edges: this lock keeps the others
  // out who want the same.
  std::unique_lock<StdPlatform::Lock> ended;
  Bits word = 0;
  const bool locked = task.LockEdges(word);
  if (!locked) ended = std::unique_lock(extras_lock_);
  if (TaskExtras* const extras = ExtrasOf(task)) {
    if (locked) task.UnlockEdges();
    FreeExtras(made);
    return *extras;
  }
  made.edges = task.edges;
  task.edges = reinterpret_cast<std::uintptr_t>(&made);
  if (locked) {
    task.UnlockEdges(TaskWord::kHasExtras);
  } else {
    // release: publishes `edges`.
    task.word.fetch_or(TaskWord::kHasExtras, std::memory_order_release);
  }
  return made;
}

void Engine::FreeExtras(TaskExtras& extras) noexcept {
  extras.~TaskExtras();
  auto* const block = ::new (static_cast<void*>(&extras)) EdgeBlock<StdPlatform>;
  if (!Forked()) FreeBlock(block, WorkerOfThread());
}

// A chain of continuations goes one by one.
void Engine::Destroy(EngineTask& first) noexcept {
  for (EngineTask* task = &first; task != nullptr;) {
    Engine& engine = Of(*task);
    EngineTask* continuation = nullptr;
    const Bits word = task->word.load(std::memory_order_relaxed);
    const TaskOps* const ops = &OpsOf(*task);
    if ((word & TaskWord::kHasExtras) != 0) {
      TaskExtras& extras = *reinterpret_cast<TaskExtras*>(task->edges);
      if (TaskRarities* const rarities = extras.rarities.get()) {
        for (TaskRarities::Error& error : rarities->errors) ops->destroy_error(error.made);
        continuation = rarities->continuation.Release();
      }
      engine.FreeExtras(extras);
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
    const bool go_on = continuation != nullptr && continuation->Drop(TaskWord::kPin);
    engine.GiveBack(*task);
    task = go_on ? continuation : nullptr;
  }
}

void DestroyTask(EngineTask& task) noexcept { Engine::Destroy(task); }

}  // namespace weft::internal
