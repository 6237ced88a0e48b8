// SPDX-License-Identifier: Apache-2.0
//
// Tasks of a model, and a small engine that takes the same steps with them as the real
// one (engine_submit.cc, engine_end.cc, engine_wait.cc), without bodies and errors.

#ifndef WEFT_TESTS_MODELS_TEST_TASK_H_
#define WEFT_TESTS_MODELS_TEST_TASK_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include "models/explorer.h"
#include "models/test_waits.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/edge_list.h"
#include "weft/scheduler/internal/task_node.h"

namespace weft::models {

using internal::TaskWord;

using EdgeBlock = internal::EdgeBlock<ModelPlatform>;

// With what the explorer sees of it beside the word: who uses `list` or `value` must be
// ordered after who used it before.
struct TestTask : internal::TaskNode<ModelPlatform> {
  // Waits for `arrivals`.
  TestTask(std::uint32_t its_index, std::uint32_t arrivals, int references)
      : index(its_index), join(arrivals) {
    word.store(static_cast<TaskWord::Bits>(references) * TaskWord::kPin, std::memory_order_relaxed);
  }
  const std::uint32_t index;
  ModelPlatform::Atomic<std::uint32_t> join;  // as NodePool::JoinOf
  ModelPlatform::Plain<int> list;             // stands for `edges`
  ModelPlatform::Plain<int> value;            // stands for the payload
  // As TaskExtras.
  ModelPlatform::Lock extras;
  ModelPlatform::Plain<TestTask*> continuation;  // guarded by `extras`, with a pin
  EdgeBlock* spare = nullptr;                    // the same
};

// Counts what must happen once: not shared, for the model: only one thread runs.
//
// Thread safety: any thread of the model that holds a reference to the task.
class TestEngine {
 public:
  using Bits = TaskWord::Bits;
  using Claimed = TestTask::Claimed;
  using Edges = internal::EdgeList<ModelPlatform>;
  static constexpr std::size_t kMost = 8;
  // What a value says of how its task ended.
  static constexpr int kRan = 1;
  static constexpr int kStopped = 2;  // cancelled before it ran
  static constexpr int kPassedOver = 3;

  struct Counts {
    int ready = 0;
    int ran = 0;
    int ended = 0;
    int gone = 0;
  };

  TestEngine() = default;
  TestEngine(const TestEngine&) = delete;
  TestEngine& operator=(const TestEngine&) = delete;

  TestTask& New(std::uint32_t arrivals, int references) {
    const auto index = static_cast<std::uint32_t>(made_++);
    return *(tasks_[index] = new TestTask(index, arrivals, references));
  }
  const Counts& Of(std::uint32_t index) const { return counts_[index]; }
  // For the end of the model.
  void CheckEndedOnce(std::uint32_t index) const {
    const Counts& counts = counts_[index];
    Check(counts.ready <= 1, "a task becomes ready once");
    Check(counts.ran <= 1, "a task runs once");
    Check(counts.ended == 1, "a task ends, once");
    Check(counts.gone == 1, "its last reference goes, once");
  }
  // What becomes of a ready task, which has a reference for that. Else a worker takes it at
  // once.
  std::function<void(TestTask&)> queue = [this](TestTask& task) { Step(task); };
  // What the task's body does besides; in the thread that runs it.
  std::function<void(TestTask&)> body = [](TestTask&) {};
  TestWaits waits;

  // False: `from` has ended, and all that go on in its place, as `seen` says.
  bool AddEdge(TestTask& from, TestTask& to, Bits& seen, bool run_anyway = false) {
    TestTask* at = &from;
    while (!at->LockEdges(seen)) {
      at = ContinuationOf(*at);  // lives as long as `from`
      if (at == nullptr) return false;
    }
    at->list.Change();
    Edges(at->edges).Add({to.index + 1, run_anyway}, [] { return new EdgeBlock; });
    at->UnlockEdges((seen & TaskWord::kHasEdges) == 0 ? TaskWord::kHasEdges : 0);
    return true;
  }
  // As TaskContext::Continue, by who runs the task.
  void Continue(TestTask& task, TestTask& continuation) {
    Bits seen = 0;
    continuation.Add(TaskWord::kPin);
    if (task.LockEdges(seen)) task.UnlockEdges(TaskWord::kHasExtras);
    std::lock_guard lock(task.extras);
    task.continuation.Write(&continuation);
    task.spare = new EdgeBlock;
  }
  // As Engine::AddDependency: one more to wait for, unless there is none any more.
  static bool CountLateEdge(TestTask& task) {
    std::uint32_t missing = task.join.load(std::memory_order_relaxed);
    do {
      const TaskWord::Bits word = task.word.load(std::memory_order_acquire);
      if (missing == 0 || TaskWord::StateIn(word) != TaskState::kPending) return false;
    } while (!task.join.compare_exchange_weak(missing, missing + 1, std::memory_order_acq_rel,
                                              std::memory_order_relaxed));
    return true;
  }
  void Arrive(TestTask& task, std::uint32_t times) {
    if (task.join.fetch_sub(times, std::memory_order_acq_rel) != times) return;
    ++counts_[task.index].ready;
    queue(task);
  }

  // A worker has taken the task from a queue.
  void Step(TestTask& task) {
    const Claimed claimed = task.Claim();
    if (claimed == Claimed::kNot) return Drop(task);
    claimed == Claimed::kRun ? Run(task, /*drop=*/true) : EndUnrun(task, kStopped);
  }
  // Somebody who waits for it runs it. False: it cannot be claimed.
  bool RunIfReady(TestTask& task) {
    if (task.join.load(std::memory_order_acquire) != 0) return false;
    const Claimed claimed = task.Claim();
    if (claimed == Claimed::kNot) return false;
    if (claimed == Claimed::kRun) {
      Run(task, /*drop=*/false);
    } else {
      task.Add(TaskWord::kPin);
      EndUnrun(task, kStopped);
    }
    return true;
  }
  void Run(TestTask& task, bool drop) {
    ++counts_[task.index].ran;
    body(task);
    task.value.Write(kRan);
    End(task, TaskState::kCompleted, drop);
  }
  // The end was decided; the reference that it has for this goes.
  void EndUnrun(TestTask& task, int how) {
    task.value.Write(how);
    End(task, how == kStopped ? TaskState::kCancelled : TaskState::kSkipped, /*drop=*/true);
  }
  void Cancel(TestTask& task) {
    const Bits before = task.word.fetch_or(TaskWord::kCancel, std::memory_order_acq_rel);
    Bits seen = 0;
    if (TaskWord::Ended(before) || task.join.load(std::memory_order_acquire) == 0) return;
    if (!task.Decide(seen)) return;
    task.Add(TaskWord::kPin);
    EndUnrun(task, kStopped);
  }

  void End(TestTask& task, TaskState state, bool drop) {
    ++counts_[task.index].ended;
    Bits after = 0;
    if (state == TaskState::kCompleted && task.EndAlone(state, drop, after)) {
      if (!TaskWord::Referenced(after)) Destroy(task);
      return;
    }
    TestTask* continuation = nullptr;
    EdgeBlock* spare = nullptr;
    if ((task.word.load(std::memory_order_relaxed) & TaskWord::kHasExtras) != 0) {
      std::lock_guard lock(task.extras);
      continuation = task.continuation.Read();
      spare = std::exchange(task.spare, nullptr);
      continuation->Add(TaskWord::kPin);
    }
    std::uintptr_t successors = 0;
    after = task.End(state, drop, [&] {
      task.list.Change();
      successors = std::exchange(task.edges, 0);
    });
    // The task may be gone from here on, and is only compared.
    continuation != nullptr ? HandOver(successors, *continuation, spare)
                            : ReleaseAll(successors, state);
    if ((after & TaskWord::kAwaited) != 0) waits.Notify(&task);
    if (!TaskWord::Referenced(after)) Destroy(task);
  }
  // What waited waits for `first` instead, or for the end of its chain; our pin goes.
  void HandOver(std::uintptr_t successors, TestTask& first, EdgeBlock* spare) {
    TestTask* to = &first;
    Bits seen = 0;
    bool used = false;
    bool open = to->LockEdges(seen);
    while (!open) {
      TestTask* const next = ContinuationOf(*to);
      if (next == nullptr) break;
      to = next;
      open = to->LockEdges(seen);
    }
    if (open) {
      to->list.Change();
      used = Edges(to->edges).Splice(successors, spare);
      to->UnlockEdges((seen & TaskWord::kHasEdges) == 0 ? TaskWord::kHasEdges : 0);
    }
    if (!used) delete spare;
    if (!open) ReleaseAll(successors, TaskWord::StateIn(seen));
    Drop(first);
  }
  void ReleaseAll(std::uintptr_t successors, TaskState state) {
    Edges(successors)
        .Consume([&](const internal::Edge& edge) { Release(edge, state); },
                 [](EdgeBlock* block) { delete block; });
  }
  void Release(const internal::Edge& edge, TaskState state) {
    TestTask& task = *tasks_[edge.successor - 1];
    Bits seen = 0;
    if (state == TaskState::kCompleted || edge.run_anyway || !task.Decide(seen)) {
      return Arrive(task, 1);
    }
    task.value.Write(kPassedOver);
    End(task, TaskState::kSkipped, /*drop=*/false);
    if (task.join.fetch_sub(1, std::memory_order_acq_rel) == 1) Drop(task);
  }

  static bool Ended(const TestTask& task) {
    return TaskWord::Ended(task.word.load(std::memory_order_acquire));
  }
  // Sleeps until it has ended.
  void Wait(TestTask& task) { WaitUntil(task, ModelPlatform::TimePoint::max()); }
  // False: the deadline came first.
  bool WaitUntil(TestTask& task, ModelPlatform::TimePoint deadline) {
    TestWaits::Waiter waiter;
    waiter.target = &task;
    waits.Add(waiter);
    bool in_time = true;
    while (in_time && !Arm(task)) {
      if (deadline == ModelPlatform::TimePoint::max()) {
        waiter.parker.Park();
      } else {
        in_time = waiter.parker.ParkUntil(deadline);
      }
    }
    waits.Remove(waiter, [] {});
    return in_time;
  }
  // Gives a reference back.
  void Drop(TestTask& task) {
    if (task.Drop(TaskWord::kPin)) Destroy(task);
  }

 private:
  // True: it has ended. Else who ends it says so.
  static bool Arm(TestTask& task) {
    return TaskWord::Ended(task.word.fetch_or(TaskWord::kAwaited, std::memory_order_acq_rel));
  }
  static TestTask* ContinuationOf(TestTask& task) {
    if ((task.word.load(std::memory_order_relaxed) & TaskWord::kHasExtras) == 0) return nullptr;
    std::lock_guard lock(task.extras);
    return task.continuation.Read();
  }
  void Destroy(TestTask& task) {
    Check(task.value.Read() != 0, "who destroys the task sees what it left");
    Check(task.spare == nullptr, "the room for handing over was given back");
    ++counts_[task.index].gone;
    TestTask* const continuation = task.continuation.Read();
    delete &task;
    if (continuation != nullptr) Drop(*continuation);
  }

  std::array<TestTask*, kMost> tasks_{};
  std::array<Counts, kMost> counts_{};
  std::size_t made_ = 0;
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_TEST_TASK_H_
