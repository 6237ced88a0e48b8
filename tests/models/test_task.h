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
#include <vector>

#include "models/explorer.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/edge_list.h"
#include "weft/scheduler/internal/task_node.h"

namespace weft::models {

using internal::TaskWord;

// With what the explorer sees of it beside the word: who uses each of these two must be
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
};

// Sleepers, each with what it waits for, as internal::WaitList.
//
// Thread safety: every method from any thread.
class TestWaits {
 public:
  struct Waiter {
    const void* target = nullptr;
    ModelPlatform::Parker parker;
  };
  void Add(Waiter& waiter) {
    std::lock_guard lock(lock_);
    waiters_.Change().push_back(&waiter);
  }
  // Calls `nobody` when no other waits for the same.
  template <class F>
  void Remove(Waiter& waiter, F nobody) {
    std::lock_guard lock(lock_);
    auto& all = waiters_.Change();
    std::erase(all, &waiter);
    for (const Waiter* const other : all) {
      if (other->target == waiter.target) return;
    }
    nobody();
  }
  // `target` is only compared.
  void Notify(const void* target) {
    std::lock_guard lock(lock_);
    for (Waiter* const waiter : waiters_.Read()) {
      if (waiter->target == target) waiter->parker.Unpark();
    }
  }

 private:
  ModelPlatform::Lock lock_;
  ModelPlatform::Plain<std::vector<Waiter*>> waiters_;
};

// Counts what must happen once: not shared, for the model: only one thread runs.
//
// Thread safety: any thread of the model that holds a reference to the task.
class TestEngine {
 public:
  using Bits = TaskWord::Bits;
  using Claimed = TestTask::Claimed;
  static constexpr std::size_t kMost = 4;
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
  // What becomes of a ready task, which has a reference for that. Else a worker takes it at
  // once.
  std::function<void(TestTask&)> queue = [this](TestTask& task) { Step(task); };
  // What the task's body does besides; in the thread that runs it.
  std::function<void(TestTask&)> body = [](TestTask&) {};
  TestWaits waits;

  // False: `from` has ended, as `seen` says.
  bool AddEdge(TestTask& from, TestTask& to, Bits& seen, bool run_anyway = false) {
    if (!from.LockEdges(seen)) return false;
    from.list.Change();
    internal::EdgeList<ModelPlatform>(from.edges).Add({to.index + 1, run_anyway}, [] {
      return new internal::EdgeBlock<ModelPlatform>;
    });
    from.UnlockEdges((seen & TaskWord::kHasEdges) == 0 ? TaskWord::kHasEdges : 0);
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
    std::uintptr_t successors = 0;
    after = task.End(state, drop, [&] {
      task.list.Change();
      successors = std::exchange(task.edges, 0);
    });
    // The task may be gone from here on, and is only compared.
    internal::EdgeList<ModelPlatform>(successors)
        .Consume([&](const internal::Edge& edge) { Release(edge, state); },
                 [](internal::EdgeBlock<ModelPlatform>* block) { delete block; });
    if ((after & TaskWord::kAwaited) != 0) waits.Notify(&task);
    if (!TaskWord::Referenced(after)) Destroy(task);
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
  void Wait(TestTask& task) {
    TestWaits::Waiter waiter;
    waiter.target = &task;
    waits.Add(waiter);
    while (!TaskWord::Ended(task.word.fetch_or(TaskWord::kAwaited, std::memory_order_acq_rel))) {
      waiter.parker.Park();
    }
    waits.Remove(waiter, [] {});
  }
  // Gives a reference back.
  void Drop(TestTask& task) {
    if (task.Drop(TaskWord::kPin)) Destroy(task);
  }

 private:
  void Destroy(TestTask& task) {
    Check(task.value.Read() != 0, "who destroys the task sees what it left");
    ++counts_[task.index].gone;
    delete &task;
  }

  std::array<TestTask*, kMost> tasks_{};
  std::array<Counts, kMost> counts_{};
  std::size_t made_ = 0;
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_TEST_TASK_H_
