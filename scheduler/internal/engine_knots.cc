// SPDX-License-Identifier: Apache-2.0
//
// Waits that can never end because bodies that wait hold what others need.
//
// A task needs something of which there is not enough besides what blocked bodies hold: it begins
// when one of them has ended, whichever. So these waits are an or, unlike edges, and a cycle among
// them is no proof: they are taken away one by one, each time one that can end although none of the
// rest does. What is left then can never end (a knot: Holt, "Some deadlock properties of computer
// systems", ACM Computing Surveys 4 (1972)).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/bounds.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/table_room.h"

namespace weft::internal {

// Thread safety: one thread.
// Cost: O(B (V + E)) for B bodies that wait; O(V) where they hold nothing that others lack.
class Engine::KnotSearch {
 public:
  explicit KnotSearch(Engine& engine) : engine_(engine) {}
  KnotSearch(const KnotSearch&) = delete;
  KnotSearch& operator=(const KnotSearch&) = delete;

  // FailedPrecondition: the wait of `own`, which others see, cannot end.
  absl::Status Check(const WaitFrame& own) {
    FindStacks(own);
    while (FindStuck()) {
      Follow();
      const std::size_t before = stacks_.size();
      std::erase_if(stacks_, [this](const Stack& stack) { return CanGoOn(stack); });
      const bool owns = std::any_of(stacks_.begin(), stacks_.end(),
                                    [](const Stack& stack) { return stack.is_own; });
      if (!owns) return absl::OkStatus();
      if (stacks_.size() == before) return Describe(own);
    }
    return absl::OkStatus();
  }

  // What cannot end before that has.
  void FollowFrom(EngineTask& task) {
    std::vector<EngineTask*> open = {&task};
    FollowAll(open);
  }
  bool Reaches(const WaitTarget& target) const {
    return std::any_of(reached_.begin(), reached_.end(),
                       [&target](const EngineTask* task) { return IsPart(*task, target); });
  }

 private:
  // A thread's bodies that wait, on top of each other, for the target of the topmost.
  struct Stack {
    WaitTarget target;             // which is only compared
    const Graph* graph = nullptr;  // or the run of that
    bool is_own = false;
    std::vector<EngineTask*> bodies;
    std::vector<const Graph*> graphs;  // whose nodes' bodies wait, too
  };
  struct Stuck {
    EngineTask* task;
    std::size_t resource;
  };

  void Add(const WaitFrame* top, const WaitTarget& target, const Graph* graph, bool is_own) {
    Stack stack{.target = target, .graph = graph, .is_own = is_own, .bodies = {}, .graphs = {}};
    for (const WaitFrame* frame = top; frame != nullptr; frame = frame->outer) {
      if (frame->self != nullptr) {
        kept_.Keep(*frame->self);
        stack.bodies.push_back(frame->self);
      } else if (frame->graph != nullptr) {
        stack.graphs.push_back(frame->graph);
      }
    }
    stacks_.push_back(std::move(stack));
  }
  void FindStacks(const WaitFrame& own) {
    engine_.waits_.WithAll([&](const Waiter* first) {
      for (const Waiter* waiter = first; waiter != nullptr; waiter = waiter->next) {
        if (waiter->frame == nullptr) continue;
        Add(waiter->frame, waiter->target, nullptr, waiter->frame == &own);
      }
    });
    absl::MutexLock lock(&engine_.mu_);
    for (const GraphRun* run = engine_.graph_runs_; run != nullptr; run = run->next) {
      if (run->caller != nullptr) Add(run->caller, {}, run->graph, run->caller == &own);
    }
  }

  // Tasks that cannot begin before one of the bodies has ended. False: there are none.
  bool FindStuck() {
    const std::size_t named = engine_.bounds_->table().limits().size();
    std::vector<std::int64_t> held(ResourceClaim::kFirstNamed + named, 0);
    bool any = false;
    for (const Stack& stack : stacks_) {
      for (EngineTask* const body : stack.bodies) {
        if (!Gate::Holds(*body)) continue;
        for (const ResourceShare& share : Gate::NeedsOf(*body)->claim.shares()) {
          any = any || share.resource >= ResourceClaim::kFirstNamed;
          held[share.resource] += share.units;
        }
      }
    }
    stuck_.clear();
    if (!any) return false;
    engine_.tasks_.ForEach([&](EngineTask& task) {
      if (TaskWord::Ended(task.word.load(std::memory_order_seq_cst)) || !task.TryPin()) return;
      const TaskPin pin = TaskPin::Adopt(&task);
      const TaskNeeds* const needs = Gate::NeedsToBegin(task);
      if (needs == nullptr) return;
      for (const ResourceShare& share : needs->claim.shares()) {
        if (share.resource < ResourceClaim::kFirstNamed) continue;
        const std::int64_t units = engine_.bounds_->ledger().figures(share.resource).limit;
        if (share.units <= units - held[share.resource]) continue;
        kept_.Keep(task);
        stuck_.push_back({.task = &task, .resource = share.resource});
        return;
      }
    });
    return !stuck_.empty();
  }

  // What cannot end before one of the stuck, or of the bodies, has.
  void Follow() {
    std::vector<EngineTask*> open;
    for (const Stuck& stuck : stuck_) open.push_back(stuck.task);
    for (const Stack& stack : stacks_) {
      open.insert(open.end(), stack.bodies.begin(), stack.bodies.end());
    }
    FollowAll(open);
  }
  void FollowAll(std::vector<EngineTask*>& open) {
    reached_.clear();
    while (!open.empty()) {
      EngineTask& task = *open.back();
      open.pop_back();
      if (!InsertSafely(reached_, &task)) continue;
      kept_.Keep(task);
      engine_.AddSuccessors(task, open, kept_);
    }
  }
  bool CanGoOn(const Stack& stack) const {
    if (stack.graph != nullptr) {
      return std::none_of(stacks_.begin(), stacks_.end(), [&stack](const Stack& other) {
        return std::find(other.graphs.begin(), other.graphs.end(), stack.graph) !=
               other.graphs.end();
      });
    }
    return !Reaches(stack.target);
  }

  absl::Status Describe(const WaitFrame& own) const {
    const Stuck& stuck = stuck_.front();
    const std::string who =
        own.self != nullptr ? Engine::NameOf(*own.self) : std::string("a body of a graph");
    const std::string_view resource = engine_.bounds_->table().NameOf(stuck.resource);
    return absl::FailedPreconditionError(absl::StrCat(
        "this wait would never end: ", who, " waits for ", Target(own), ", and ",
        Engine::NameOf(*stuck.task), " needs more of resource '",
        absl::string_view(resource.data(), resource.size()),
        "' than there is beside what bodies hold that wait; return, and let a dependent task "
        "continue instead"));
  }
  static std::string Target(const WaitFrame& own) {
    if (own.target.task != nullptr) return Engine::NameOf(*own.target.task);
    return own.target.group != nullptr ? "a group" : "a graph";
  }

  Engine& engine_;
  std::vector<Stack> stacks_;
  std::vector<Stuck> stuck_;
  PinnedTasks kept_;
  absl::flat_hash_set<const EngineTask*> reached_;
};

absl::Status Engine::CheckKnots(const WaitFrame& frame) {
  if (!bounds_->ledger().AnyBlocked()) return absl::OkStatus();
  return KnotSearch(*this).Check(frame);
}

// Bodies whose waits need it look again, also for cycles.
void Engine::TellStuck(EngineTask& task) noexcept {
  std::optional<KnotSearch> search;
  try {
    search.emplace(*this).FollowFrom(task);
  } catch (const std::bad_alloc&) {
    search.reset();  // then all of them
  }
  waits_.Notify([&search](const Waiter& waiter) {
    return waiter.frame != nullptr && (!search.has_value() || search->Reaches(waiter.target));
  });
}

}  // namespace weft::internal
