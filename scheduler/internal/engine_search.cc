// SPDX-License-Identifier: Apache-2.0
//
// Where nobody else can come, a worker that waits finds what its target needs.

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"

#include "weft/scheduler/internal/bounds.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/raised_entry.h"
#include "weft/scheduler/internal/simulated_workers.h"
#include "weft/scheduler/internal/table_room.h"

namespace weft::internal {
namespace {

bool IsClaimable(const EngineTask& task) {
  const auto word = task.word.load(std::memory_order_relaxed);
  return TaskWord::StateIn(word) == TaskState::kPending && (word & TaskWord::kEnding) == 0;
}

// A list through entries that are in no queue any more.
void Chain(ReadyNode& entry, ReadyNode*& first) {
  // relaxed: one thread's.
  entry.link.store(first == nullptr ? 0 : EnginePool::IndexOf(*first), std::memory_order_relaxed);
  first = &entry;
}

}  // namespace

// A task that was claimed by who waited for it leaves an entry in its queue, which a
// worker that has nothing else would drop; here, nobody may have the time.
void Engine::DropStale() {
  constexpr std::int64_t kTolerated = 64;
  const std::int64_t stale = stale_.load(std::memory_order_relaxed);
  const auto queued = static_cast<std::int64_t>(loop_.lanes().size());
  if (stale < kTolerated || stale < queued / 2) return;
  stale_.store(0, std::memory_order_relaxed);
  ReadyNode* dropped = nullptr;
  loop_.lanes().Sweep(
      [&dropped](ReadyNode& node) {
        if (!node.ops->is_task || IsClaimable(TaskOf(node))) return false;
        Chain(node, dropped);
        return true;
      },
      [] { return false; });
  Drop(dropped);
}

void Engine::Drop(ReadyNode* first) {
  while (first != nullptr) {
    ReadyNode& entry = *first;
    const std::uint32_t next = entry.link.load(std::memory_order_relaxed);
    first = next == 0 ? nullptr : &pool_->NodeOf(next);
    DropEntry(entry);
  }
}

// Looks for a ready task that the target depends on, and claims it. Where those wait for resources,
// tasks that hold some and have not begun give them back first, and ask again later: on this stack
// they must not run.
//
// Thread safety: one thread.
class Engine::HelpSearch {
 public:
  HelpSearch(Engine& engine, const WaitTarget& target)
      : engine_(engine), target_(target), after_(engine) {}
  HelpSearch(const HelpSearch&) = delete;
  HelpSearch& operator=(const HelpSearch&) = delete;

  // Where there is no memory for the search, only a task that is itself a part of the target is
  // found.
  Helped Run(EngineWorker& worker) {
    SweepAll();
    // What is given back goes to the oldest, who may be none of them: then they are next.
    while (found_ == nullptr && SomeAreHeldUp() && TakeAllBack()) SweepAll();
    if (found_ != nullptr) engine_.RunClaimed(*found_, worker, claimed_);
    engine_.Drop(own_);
    if (found_ != nullptr) return Helped::kRan;
    return no_memory_ ? Helped::kNoMemory : Helped::kNothing;
  }

 private:
  // Whether the target's end needs that of `first`.
  bool LeadsThere(EngineTask& first) {
    if (IsPart(first, target_)) return true;
    std::vector<EngineTask*> open = {&first};
    while (!open.empty()) {
      EngineTask& task = *open.back();
      open.pop_back();
      if (!InsertSafely(seen_, &task)) continue;
      kept_.Keep(task);
      if (IsPart(task, target_)) {
        seen_.clear();  // what was seen on this way does lead there
        return true;
      }
      engine_.AddSuccessors(task, open, kept_);
    }
    return false;
  }
  bool SeemsToLeadThere(EngineTask& task) {
    try {
      return LeadsThere(task);
    } catch (const std::bad_alloc&) {
      no_memory_ = true;
      return false;
    }
  }

  // `may_wait`: it leaves its queue where it waits for what it needs.
  Gate::Passed Claim(EngineTask& task, bool may_wait) {
    if (!SeemsToLeadThere(task)) return Gate::Passed::kNot;
    const Gate::Passed passed = Gate::ClaimAny(task, may_wait, after_);
    held_up_ = held_up_ || passed == Gate::Passed::kWaits;
    if (passed != Gate::Passed::kRun && passed != Gate::Passed::kEnd) return passed;
    found_ = &task;
    claimed_ = passed == Gate::Passed::kRun ? EngineTask::Claimed::kRun : EngineTask::Claimed::kEnd;
    return passed;
  }
  // Its entry stays.
  void TakeOver(ReadyNode& node) {
    if (found_ != nullptr || !node.ops->is_task) return;
    EngineTask& task = TaskOf(node);
    if (IsClaimable(task)) Claim(task, /*may_wait=*/false);
  }
  bool TakeOut(ReadyNode& node) {
    if (!node.ops->is_task) return false;  // of a graph, for which nobody waits here
    EngineTask& task = TaskOf(node);
    if (IsClaimable(task) && Claim(task, /*may_wait=*/true) == Gate::Passed::kNot) return false;
    Chain(node, &task == found_ ? own_ : dropped_);
    return true;
  }
  // Calls take_out(node) with each entry that can be taken out of its queue, and look(node) with
  // the others.
  template <class TakeOut, class Look>
  void ForEachEntry(TakeOut take_out, Look look) {
    const auto done = [this] { return found_ != nullptr; };
    engine_.loop_.lanes().Sweep(take_out, done);
    if (engine_.simulated_ == nullptr) return;
    engine_.simulated_->ForEachTaken(look);
    for (int slot = 0; slot < engine_.loop_.used_slots() && !done(); ++slot) {
      engine_.loop_.WorkerAt(slot).Sweep(look, take_out, done);
    }
  }
  void SweepAll() {
    ForEachEntry([this](ReadyNode& node) { return TakeOut(node); },
                 [this](ReadyNode& node) { TakeOver(node); });
    // Before the body, in which a task of theirs may be resumed: its entry is put back then.
    engine_.Drop(std::exchange(dropped_, nullptr));
    after_.Finish();
  }
  // False: none held anything.
  bool TakeAllBack() {
    bool any = false;
    const auto take_back = [&](ReadyNode& node) {
      if (node.ops->is_task && Gate::TakeBack(TaskOf(node), after_)) any = true;
      return false;
    };
    ForEachEntry(take_back, take_back);
    after_.Finish();
    return any;
  }
  bool SomeAreHeldUp() {
    if (held_up_) return true;
    std::vector<TaskPin> waiting;
    try {
      engine_.bounds_->ledger().ForEachQueued([&waiting](const ResourceWaiter& waiter) {
        waiting.emplace_back(static_cast<const TaskNeeds::Waiter&>(waiter).task);
      });
    } catch (const std::bad_alloc&) {
      no_memory_ = true;
    }
    return std::any_of(waiting.begin(), waiting.end(),
                       [this](const TaskPin& task) { return SeemsToLeadThere(*task); });
  }

  Engine& engine_;
  const WaitTarget& target_;
  EngineTask* found_ = nullptr;
  EngineTask::Claimed claimed_ = EngineTask::Claimed::kNot;
  ReadyNode* dropped_ = nullptr;  // entries that nobody needs, linked through themselves
  ReadyNode* own_ = nullptr;      // those of the task that was found, which hold it
  bool held_up_ = false;          // one of those that it depends on
  bool no_memory_ = false;
  Gate::After after_;
  PinnedTasks kept_;
  absl::flat_hash_set<const EngineTask*> seen_;  // that do not lead there
};

Engine::Helped Engine::RunHelp(const WaitTarget& target, EngineWorker& worker) {
  return HelpSearch(*this, target).Run(worker);
}

}  // namespace weft::internal
