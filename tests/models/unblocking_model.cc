// SPDX-License-Identifier: Apache-2.0
//
// Tasks stop waiting for a name while others decide their ends, add edges, and run them.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_task.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/group_count.h"
#include "weft/scheduler/internal/unblocking.h"

namespace weft::models {
namespace {

using Bits = TaskWord::Bits;
using Edges = internal::EdgeList<ModelPlatform>;

// Takes the steps of the engine (engine_blocked.cc, engine_end.cc) with tasks that are blocked.
// What is counted of each is not shared, for the model: only one thread runs.
class Names {
 public:
  Names() = default;
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  // As NodePool, for UnblockTogether.
  static std::uint32_t IndexOf(const internal::Node<ModelPlatform>& node) {
    return static_cast<const TestTask&>(node).index + 1;
  }
  TestTask& NodeOf(std::uint32_t index) const { return *tasks_[index - 1]; }

  // Waits for `arrivals`. One that waits for a name is not counted as one that will end. The
  // references: of its queue, and perhaps of a thread.
  TestTask& New(std::uint32_t arrivals, int references) {
    const auto index = static_cast<std::uint32_t>(made_++);
    TestTask& task = *(tasks_[index] = new TestTask(index, arrivals, references));
    Count(task);
    return task;
  }
  TestTask& NewBlocked(std::uint32_t arrivals, int references) {
    TestTask& task = New(arrivals, references);
    task.word.fetch_or(TaskWord::kBlocked, std::memory_order_relaxed);
    Uncount(task);
    return task;
  }
  // As Engine::AddEdge, and where `from` is blocked Engine::AddEdgeCounted.
  void AddEdge(TestTask& from, TestTask& to, bool run_anyway = false) {
    Bits seen = 0;
    if (!from.LockEdges(seen)) return Arrive(to);
    if ((seen & TaskWord::kBlocked) == 0) return AddLocked(from, seen, to, run_anyway);
    from.UnlockEdges();
    bool ended = false;
    {
      std::lock_guard lock(blocked_lock_);
      const bool blocked = (from.word.load(std::memory_order_relaxed) & TaskWord::kBlocked) != 0;
      ended = !from.LockEdges(seen);
      if (!ended && blocked) ++blocked_by_[to.index];
      if (!ended) AddLocked(from, seen, to, run_anyway);
    }
    if (ended) Arrive(to);
  }
  // As Engine::Unblock, and where a name has got its task Engine::ResolveName.
  void Unblock(TestTask& task) {
    std::lock_guard lock(blocked_lock_);
    if ((task.word.load(std::memory_order_relaxed) & TaskWord::kBlocked) != 0) UnblockAll(task);
  }

  // Ends it, and those that are skipped for it.
  void End(TestTask& task, TaskState state) {
    TestTask* skipped = nullptr;  // linked through themselves
    EndOne(task, state, skipped);
    while (skipped != nullptr) {
      TestTask& next = *skipped;
      const std::uint32_t rest = next.link.load(std::memory_order_relaxed);
      skipped = rest == 0 ? nullptr : &NodeOf(rest);
      EndOne(next, TaskState::kSkipped, skipped);
      Arrive(next);
    }
  }
  void Cancel(TestTask& task) {
    Bits seen = 0;
    if (!task.Decide(seen)) return;
    if ((seen & TaskWord::kBlocked) != 0) Unblock(task);
    End(task, TaskState::kCancelled);
  }
  void Arrive(TestTask& task) {
    if (task.join.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    // As MakeReady, and a worker takes it at once.
    if ((task.word.load(std::memory_order_relaxed) & TaskWord::kBlocked) != 0) Unblock(task);
    if (task.Claim() == TestTask::Claimed::kRun) End(task, TaskState::kCompleted);
    Drop(task);
  }
  // As who waits for it.
  void RunIfReady(TestTask& task) {
    if (task.join.load(std::memory_order_acquire) != 0) return;
    if (task.Claim() == TestTask::Claimed::kRun) End(task, TaskState::kCompleted);
  }
  static void Drop(TestTask& task) {
    if (task.Drop(TaskWord::kPin)) delete &task;
  }

  bool IsCounted(std::uint32_t index) const { return counted_[index] != 0; }
  void CheckAllEnded() const {
    for (std::size_t i = 0; i < made_; ++i) {
      Check(ended_[i] == 1, "a task ends, once");
    }
    Check(group_.AtRest(), "who waits for all of them is told");
  }

 private:
  static constexpr std::size_t kMost = 5;

  static void AddLocked(TestTask& from, Bits seen, TestTask& to, bool run_anyway) {
    from.list.Change();
    Edges(from.edges).Add({IndexOf(to), run_anyway}, [] { return new EdgeBlock; });
    from.UnlockEdges((seen & TaskWord::kHasEdges) == 0 ? TaskWord::kHasEdges : 0);
  }
  void UnblockAll(TestTask& first) {
    internal::UnblockTogether<ModelPlatform>(
        *this, first, [this](internal::TaskNode<ModelPlatform>& node, const auto& add) {
          auto& task = static_cast<TestTask&>(node);
          blocked_by_[task.index] = 0;
          Count(task);
          Bits seen = 0;
          if (!task.LockEdges(seen)) return;
          task.list.Change();
          Edges(task.edges).ForEach([&](const internal::Edge& edge) {
            int& blocked_by = blocked_by_[edge.successor - 1];
            if (blocked_by > 0 && --blocked_by == 0) add(NodeOf(edge.successor));
          });
          task.UnlockEdges();
        });
  }
  void Count(const TestTask& task) {
    group_.Enter(1);
    ++counted_[task.index];
  }
  void Uncount(const TestTask& task) {
    Check(counted_[task.index]-- == 1, "a task that ends is counted as one that will");
    group_.Leave(1, [] {});
  }
  void EndOne(TestTask& task, TaskState state, TestTask*& skipped) {
    ++ended_[task.index];
    std::uintptr_t successors = 0;
    task.End(state, /*drop=*/false, [&] {
      task.list.Change();
      successors = std::exchange(task.edges, 0);
    });
    Edges(successors)
        .Consume([&](const internal::Edge& edge) { Release(edge, state, skipped); },
                 [](EdgeBlock* block) { delete block; });
    Uncount(task);
  }
  void Release(const internal::Edge& edge, TaskState state, TestTask*& skipped) {
    TestTask& task = NodeOf(edge.successor);
    Bits seen = 0;
    if (state == TaskState::kCompleted || edge.run_anyway || !task.Decide(seen)) {
      return Arrive(task);
    }
    if ((seen & TaskWord::kBlocked) != 0) Unblock(task);
    task.link.store(skipped == nullptr ? 0 : IndexOf(*skipped), std::memory_order_relaxed);
    skipped = &task;
  }

  internal::GroupCount<ModelPlatform> group_;
  ModelPlatform::Lock blocked_lock_;
  std::array<int, kMost> blocked_by_{};  // guarded by blocked_lock_
  std::array<TestTask*, kMost> tasks_{};
  std::array<int, kMost> counted_{};
  std::array<int, kMost> ended_{};
  std::size_t made_ = 0;
};

// A name's task is skipped while it is resolved, together with one that never was blocked:
// both threads link what they have to do through the tasks themselves.
TEST(UnblockingModel, ResolvedWhileItIsSkipped) {
  CheckModel({.name = "unblocking_skipped"}, [](Model& m) {
    Names names;
    TestTask& fails = names.New(/*arrivals=*/0, /*references=*/1);
    TestTask& other = names.New(/*arrivals=*/1, /*references=*/1);
    TestTask& name = names.NewBlocked(/*arrivals=*/2, /*references=*/1);
    names.AddEdge(fails, other);
    names.AddEdge(fails, name);
    names.AddEdge(name, names.NewBlocked(/*arrivals=*/1, /*references=*/1));
    m.Thread([&] {
      names.Unblock(name);
      names.Arrive(name);
    });
    m.Thread([&] {
      names.End(fails, TaskState::kFailed);
      Names::Drop(fails);
    });
    m.Finally([&] { names.CheckAllEnded(); });
  });
}

// One of those that are unblocked is cancelled, and what waits for it, whatever its end, is run
// by who waits for that.
TEST(UnblockingModel, ResolvedWhileOneIsCancelled) {
  CheckModel({.name = "unblocking_cancelled", .stale = 0}, [](Model& m) {
    Names names;
    TestTask& name = names.NewBlocked(/*arrivals=*/1, /*references=*/1);
    TestTask& cancelled = names.NewBlocked(/*arrivals=*/1, /*references=*/2);
    TestTask& last = names.NewBlocked(/*arrivals=*/1, /*references=*/2);
    names.AddEdge(name, cancelled);
    names.AddEdge(cancelled, last, /*run_anyway=*/true);
    m.Thread([&] {
      names.Unblock(name);
      names.Arrive(name);
    });
    m.Thread([&] {
      names.Cancel(cancelled);
      Names::Drop(cancelled);
    });
    m.Thread([&] {
      names.RunIfReady(last);
      Names::Drop(last);
    });
    m.Finally([&] { names.CheckAllEnded(); });
  });
}

// Meanwhile a task that waits for another name comes to wait for this one, too.
TEST(UnblockingModel, ResolvedWhileASuccessorComes) {
  CheckModel({.name = "unblocking_successor"}, [](Model& m) {
    Names names;
    TestTask& name = names.NewBlocked(/*arrivals=*/1, /*references=*/2);
    TestTask& other = names.NewBlocked(/*arrivals=*/1, /*references=*/1);
    TestTask& both = names.NewBlocked(/*arrivals=*/2, /*references=*/1);
    names.AddEdge(other, both);
    m.Thread([&] {
      names.Unblock(name);
      names.Arrive(name);
    });
    m.Thread([&] {
      names.AddEdge(name, both);
      Names::Drop(name);
    });
    m.Finally([&] {
      Check(!names.IsCounted(both.index), "it still waits for a name");
      names.Unblock(other);
      names.Arrive(other);
      names.CheckAllEnded();
    });
  });
}

}  // namespace
}  // namespace weft::models
