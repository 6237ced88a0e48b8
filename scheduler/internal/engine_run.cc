// SPDX-License-Identifier: Apache-2.0
//
// Threads come and go, and graphs run.

#include <mutex>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/core/blocking_scope.h"
#include "weft/core/internal/asymmetric_fence.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/engine_pooled.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/group_cursor.h"
#include "weft/scheduler/internal/simulated_workers.h"

namespace weft::internal {

class Engine::BlockedPump final : public BlockingHook {
 public:
  explicit BlockedPump(Engine& engine) : engine_(engine) {}
  void OnBlock() noexcept override {
    const int slot = engine_.FrameOfThread()->worker->slot();
    if (engine_.recorder_) engine_.recorder_->Block(slot, engine_.teller_->Now());
    engine_.loop_.Block(slot);
  }
  void OnUnblock() noexcept override {
    engine_.loop_.Unblock();
    if (!engine_.recorder_) return;
    engine_.recorder_->Unblock(engine_.FrameOfThread()->worker->slot(), engine_.teller_->Now());
  }

 private:
  Engine& engine_;
};

void Engine::Drain(int slot) noexcept {
  ThreadFrame frame(this, nullptr);  // OnSlot says which worker
  BlockedPump hook(*this);
  ScopedBlockingHook scoped(&hook);
  loop_.Drain(slot);
}

void Engine::OnSlot(int slot) noexcept { current_frame_->worker = &loop_.WorkerAt(slot); }

void Engine::BeforeCalm() noexcept { PrepareFences(); }

bool Engine::StartPump(int slot) noexcept { return executor_->StartPump(slot); }

absl::Status Engine::Resize(int workers) {
  const Call call(*this);  // the executor stays
  absl::MutexLock only_one(&resize_mu_);
  if (phase_.load() == Phase::kClosed) {
    return absl::FailedPreconditionError("the scheduler was shut down");
  }
  // The executor first, also when it shrinks: only that may fail.
  if (absl::Status resized = executor_->Resize(workers); !resized.ok()) return resized;
  loop_.Resize(workers);
  return absl::OkStatus();
}

// Whoever waits tries again (Park, AwaitRun): what is ready may have no other worker.
void Engine::OnNoPump() noexcept {
  if (drains_in_wait_ || !failed_starts_.Add()) return;
  waits_.Notify([](const Waiter&) { return true; });
}

void Engine::TryStartAgain() {
  failed_starts_.Answer([this] {
    const Call call(*this);
    loop_.WakeIfNeeded();
  });
}

void Engine::OnTimersChanged() noexcept {
  waits_.Notify([](const Waiter& waiter) { return waiter.drains; });
}

void Engine::EndDraining() {
  drain_turn_.End();
  WakeShared(nullptr);  // another thread may drain now
}

bool Engine::DrainOne(ThreadFrame& thread) {
  timers_.FireDue();
  if (simulated_ == nullptr) {
    ReadyNode* const node = MostRunning() > 0 ? loop_.TakeInTurn() : nullptr;
    if (node != nullptr) RunFromQueue(*node, *thread.worker);
    thread.worker->HandInEnds();
    return node != nullptr;
  }
  const SimulatedWorkers::Turn turn = simulated_->Next(MostRunning());
  if (turn.node == nullptr) return false;
  OnSlot(turn.slot);
  ReadyNode* successor = loop_.RunNext(*thread.worker, *turn.node);
  if (successor != nullptr && !loop_.MayGoOn(*successor)) {
    loop_.PutBack(*thread.worker, *std::exchange(successor, nullptr));
  }
  thread.worker->HandInEnds();
  simulated_->HasEnded(turn.slot, successor);
  return true;
}

bool Engine::SeemsToHaveReady() {
  const bool may_begin = MostRunning() > 0;
  if (simulated_ == nullptr) return may_begin && !loop_.lanes().empty();
  return simulated_->HasTaken() || (may_begin && loop_.WorkVisible());
}

void Engine::RunGraphByDraining(Graph& graph) {
  drain_turn_.Begin();
  {
    ThreadFrame frame(this, &loop_.WorkerAt(0));
    if (simulated_ == nullptr) {
      loop_.RunAlone(graph.roots(), graph.done(), *frame.worker,
                     [this](ReadyNode&) { timers_.FireDue(); });
    } else {
      graph.Offer(loop_);
      while (!graph.done().IsSet() && DrainOne(frame)) {
      }
    }
    graph.done().Wait();
  }
  EndDraining();
}

// On a slot of its own: what others have made ready must not run on this stack.
absl::Status Engine::RunGraphOnStack(ThreadFrame& thread, Graph& graph) {
  if (graphs_on_stack_ == RunLoop<StdPlatform>::kMaxReplacements) return TooManyBlocked();
  if (absl::Status room = thread.CheckDepth(); !room.ok()) return room;
  EngineWorker& worker = loop_.WorkerInside(graphs_on_stack_);
  thread.worker->HandInEnds();  // a wait inside the run may be for those
  ++graphs_on_stack_;
  {
    ThreadFrame frame(this, &worker);
    frame.waits = thread.waits;
    frame.depth = thread.depth;
    frame.stack = thread.stack;
    loop_.RunAlone(graph.roots(), graph.done(), worker, [this](ReadyNode& node) {
      timers_.FireDue();
      if (simulated_ != nullptr) simulated_->Spend(node);
    });
    graph.done().Wait();
  }
  --graphs_on_stack_;
  return absl::OkStatus();
}

absl::Status Engine::RunGraphIn(ThreadFrame& thread, Graph& graph) {
  if (drains_in_wait_) return RunGraphOnStack(thread, graph);
  if (!loop_.MayBlock()) return TooManyBlocked();
  const PooledWait pooled(*this, thread);
  if (!pooled.status().ok()) return pooled.status();
  graph.Offer(loop_);
  loop_.Wake();
  const BlockingScope blocking;  // another worker takes our place
  return AwaitRun(graph, /*inside=*/true);
}

// Tries again where a pump could not be had. Then a thread from outside takes part again, if it
// can; inside a task the run is given up when nobody works and nobody has begun with it.
absl::Status Engine::AwaitRun(Graph& graph, bool inside) {
  Waiter waiter;  // whom a failed start wakes
  waits_.Add(waiter);
  const absl::Cleanup stop = [&] { waits_.Remove(waiter); };
  for (int attempts = 0; !graph.done().IsSet();) {
    if (!failed_starts_.AnyUnanswered()) {
      graph.done().WaitOr(waiter.parker);
      continue;
    }
    if (inside && ++attempts > kStartAttempts && loop_.NobodyActive() &&
        graph.TakeBackFrom(loop_)) {
      return NoThread();
    }
    waiter.parker.ParkUntil(StdPlatform::Now() + kStartAgainAfter);
    TryStartAgain();
    if (!inside && failed_starts_.AnyUnanswered()) loop_.TakePart(graph.done());
  }
  graph.done().Wait();  // now its setter has done with it
  return absl::OkStatus();
}

void Engine::EndLateRun(Timer& timer) noexcept {
  const auto& late = static_cast<GraphRun::RunTimer&>(timer);
  late.run->graph->Cancel(Graph::LateStatus(), /*late=*/true);
  absl::MutexLock lock(&late.engine->mu_);
  --late.run->cancels;
}

absl::Status Engine::RunGraph(Graph& graph) {
  ThreadFrame* const thread = FrameOfThread();
  WaitFrame caller;
  GraphRun run;
  run.graph = &graph;
  const bool timed = graph.deadline() != absl::InfiniteDuration();
  if (graph.ranked()) {
    const absl::Status room = OrOutOfMemory([&] {
      loop_.lanes().Reserve(graph.ranked_counts());
      return absl::OkStatus();
    });
    if (!room.ok()) return room;
  }
  const absl::Cleanup release = [&] {
    if (graph.ranked()) loop_.lanes().Release(graph.ranked_counts());
  };
  if (timed) {
    if (absl::Status prepared = timers_.Prepare(); !prepared.ok()) return prepared;
  }
  if (thread != nullptr) {
    caller = FrameOfBody(*thread, {});
    ListBodies(&caller);
    run.caller = &caller;
  }
  {
    absl::MutexLock lock(&mu_);
    if (phase_.load(std::memory_order_relaxed) != Phase::kOpen && thread == nullptr) {
      return StatusWithText(absl::StatusCode::kFailedPrecondition, "the scheduler was shut down");
    }
    run.cancels = timed ? 1 : 0;
    run.next = graph_runs_;
    if (graph_runs_ != nullptr) graph_runs_->previous = &run;
    graph_runs_ = &run;
    ++calls_;
  }
  if (timed) {
    run.timer.fire = &EndLateRun;
    run.timer.engine = this;
    run.timer.run = &run;
    timers_.Arm(run.timer, graph.deadline());
  }
  absl::Status ran;
  if (thread == nullptr) {
    RunGraphHere(graph);
  } else {
    thread->waits = &caller;
    ++thread->depth;
    const Gate::Blocked blocked(*this, caller.self);
    ran = OrOutOfMemory([&] { return RunGraphIn(*thread, graph); });
    --thread->depth;
    thread->waits = caller.outer;
  }
  const bool disarmed = timed && timers_.Disarm(run.timer);
  absl::MutexLock lock(&mu_);
  if (disarmed) --run.cancels;
  const auto not_being_cancelled = [&run] { return run.cancels == 0; };
  mu_.Await(absl::Condition(&not_being_cancelled));
  (run.previous != nullptr ? run.previous->next : graph_runs_) = run.next;
  if (run.next != nullptr) run.next->previous = run.previous;
  --calls_;
  return ran;
}

void Engine::RunGraphHere(Graph& graph) {
  const BlockingScope blocking;  // this thread may be another scheduler's worker
  if (drains_in_wait_) return RunGraphByDraining(graph);
  ThreadFrame frame(this, nullptr);
  BlockedPump hook(*this);
  const ScopedBlockingHook scoped(&hook);
  graph.Offer(loop_);
  loop_.TakePart(graph.done());
  AwaitRun(graph, /*inside=*/false).IgnoreError();  // gives up nothing
}

}  // namespace weft::internal
