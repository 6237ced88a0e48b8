// SPDX-License-Identifier: Apache-2.0
//
// Which tasks have not ended, and what they wait for.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/table_room.h"
#include "weft/scheduler/internal/task_extras.h"

namespace weft::internal {

// One look. Tasks that are listed are kept until it is over, and no others for long; no lock is
// held for more than the bodies that wait, or the runs of graphs.
//
// Thread safety: one thread.
class Engine::StuckSearch {
 public:
  StuckSearch(Engine& engine, StuckReport& report) : engine_(engine), report_(report) {}
  StuckSearch(const StuckSearch&) = delete;
  StuckSearch& operator=(const StuckSearch&) = delete;

  void Run() {
    FindWaits();
    FindGraphRuns();
    FindTasks();
    ListTasks();
    FindPredecessors();
    AddWaits();
    ListNodes();
  }

 private:
  using Kind = StuckTask::Reason::Kind;
  static constexpr std::size_t kLimit = StuckReport::kListedLimit;

  // A body that waits inside.
  struct Wait {
    TaskPin body;
    StuckTask::Reason reason;
    const Scope<StdPlatform>* group = nullptr;  // whose tasks are counted later, by its address
  };

  static bool IsUnfinished(Bits word) {
    return TaskWord::Referenced(word) && !TaskWord::Ended(word) &&
           (word & TaskWord::kBareName) == 0;
  }
  static StuckTask::Reason ReasonOf(EngineTask& task) {
    if (IsBareName(task)) return {.kind = Kind::kName, .name = std::string(NameIn(task))};
    return {.kind = Kind::kTask, .task = IdOf(task), .name = std::string(NameIn(task))};
  }

  // Frames live while their list is locked, and so do those that they speak of.
  void AddFrames(const WaitFrame* top) {
    for (const WaitFrame* frame = top; frame != nullptr; frame = frame->outer) {
      if (frame->self == nullptr || waits_.size() == kLimit) continue;
      Wait wait{.body = TaskPin(frame->self), .reason = {}, .group = frame->target.group};
      if (frame->target.task != nullptr) {
        wait.reason = ReasonOf(*frame->target.task);
      } else if (frame->target.group != nullptr) {
        wait.reason.kind = Kind::kGroup;
      } else {
        continue;  // found with the run
      }
      waits_.push_back(std::move(wait));
    }
  }
  // What is kept goes after the lock: it may be the last reference.
  void FindWaits() {
    waits_.reserve(kLimit);
    engine_.waits_.WithAll([this](const Waiter* first) {
      for (const Waiter* waiter = first; waiter != nullptr; waiter = waiter->next) {
        AddFrames(waiter->frame);
      }
    });
  }
  void FindGraphRuns() {
    absl::MutexLock lock(&engine_.mu_);
    for (const GraphRun* run = engine_.graph_runs_; run != nullptr; run = run->next) {
      ++report_.graph_runs;
      run->graph->AddUnderWay(nodes_, kLimit);
      if (run->caller == nullptr) continue;
      AddFrames(run->caller->outer);
      if (run->caller->self == nullptr || waits_.size() == kLimit) continue;
      waits_.push_back({.body = TaskPin(run->caller->self),
                        .reason = {.kind = Kind::kGraph,
                                   .count = static_cast<std::int64_t>(run->graph->node_count())}});
    }
  }

  // Counts all; of each state keeps as many as are listed.
  void FindTasks() {
    engine_.tasks_.ForEach([this](EngineTask& task) {
      do {
        const Bits word = task.word.load(std::memory_order_acquire);
        if (!IsUnfinished(word)) return;
        if ((word & TaskWord::kUnlisted) != 0) return Count(StateOf(task));
      } while (!task.TryPin());  // it has gone, or can be found just now
      TaskPin held = TaskPin::Adopt(&task);
      const TaskState state = StateOf(task);
      if (!IsUnfinished(task.word.load(std::memory_order_acquire)) || IsTerminal(state)) return;
      Count(state);
      ++SafelyAt(unfinished_in_, static_cast<const Scope<StdPlatform>*>(task.scope));
      std::vector<TaskPin>& kept = KeptIn(state);
      if (kept.size() < kLimit) kept.push_back(std::move(held));
    });
    report_.ready += nodes_.ready;
    report_.running += nodes_.running;
  }
  std::int64_t& CountIn(TaskState state) {
    switch (state) {
      case TaskState::kRunning: return report_.running;
      case TaskState::kParked: return report_.parked;
      case TaskState::kReady: return report_.ready;
      default: return report_.pending;
    }
  }
  void Count(TaskState state) {
    if (!IsTerminal(state)) ++CountIn(state);
  }
  std::vector<TaskPin>& KeptIn(TaskState state) {
    switch (state) {
      case TaskState::kRunning: return kept_[0];
      case TaskState::kParked: return kept_[1];
      case TaskState::kReady: return kept_[2];
      default: return kept_[3];
    }
  }

  // How many of each state; all have a part of the list.
  std::array<std::size_t, 4> Shares() const {
    std::array<std::size_t, 4> shares{};
    std::size_t left = kLimit;
    for (const std::size_t most : {kLimit / 4, kLimit}) {
      for (std::size_t i = 0; i < shares.size(); ++i) {
        const std::size_t more = std::min({kept_[i].size() - shares[i], most, left});
        shares[i] += more;
        left -= more;
      }
    }
    return shares;
  }
  void ListTasks() {
    now_ = engine_.clock_.Now();
    constexpr std::array kStates = {TaskState::kRunning, TaskState::kParked, TaskState::kReady,
                                    TaskState::kPending};
    const std::array<std::size_t, 4> shares = Shares();
    for (std::size_t i = 0; i < kStates.size(); ++i) {
      for (std::size_t k = 0; k < shares[i]; ++k) {
        const EngineTask& task = *kept_[i][k];
        SafelyAt(listed_, &task) = report_.tasks.size();
        report_.tasks.push_back(Describe(task, kStates[i]));
      }
    }
  }
  StuckTask Describe(const EngineTask& task, TaskState state) const {
    StuckTask described{.id = IdIn(task), .name = std::string(NameIn(task)), .state = state};
    DescribeMore(task, described);
    if (state == TaskState::kReady && described.waits_for.empty()) AddBound(task, described);
    return described;
  }
  void DescribeMore(const EngineTask& task, StuckTask& described) const {
    TaskRarities* const rarities = RaritiesOf(task);
    if (rarities == nullptr) return;
    if (const TaskRecord* const record = rarities->record.get()) {
      described.since = Since(record->since.load(std::memory_order_relaxed));
    }
    std::lock_guard lock(rarities->lock);
    if (described.state == TaskState::kParked && rarities->policy != nullptr &&
        rarities->policy->wakes != absl::InfiniteDuration()) {
      described.wakes_in = std::max(rarities->policy->wakes - now_, absl::ZeroDuration());
    }
    const TaskNeeds* const needs = Gate::NeedsOf(task);
    if (needs != nullptr && needs->state == TaskNeeds::State::kWaits) AddNeeds(*needs, described);
  }
  // What holds back all that is ready, if anything does.
  void AddBound(const EngineTask& task, StuckTask& described) const {
    const TaskRarities* const rarities = RaritiesOf(task);
    const bool pooled =
        rarities != nullptr && rarities->policy != nullptr && rarities->policy->blocking != nullptr;
    const bool full = report_.running + report_.parked >= engine_.max_in_flight_ ||
                      engine_.MostRunning(/*closed=*/false) == 0;
    if (pooled && engine_.pooled_.load(std::memory_order_relaxed) > engine_.blocking_threads_) {
      AddReason(described, {.kind = Kind::kThreads, .count = engine_.blocking_threads_});
    } else if (full) {
      AddReason(described, {.kind = Kind::kInFlight, .count = engine_.max_in_flight_});
    } else if (report_.running > 0 && engine_.bounds_->ledger().closed()) {
      AddReason(described, {.kind = Kind::kOneByOne});
    }
  }
  void AddNeeds(const TaskNeeds& needs, StuckTask& task) const {
    for (const ResourceShare& share : needs.claim.shares()) {
      const bool named = share.resource >= ResourceClaim::kFirstNamed;
      StuckTask::Reason reason{.kind = named ? Kind::kResource : Kind::kMemory,
                               .count = share.units};
      if (named) reason.name = engine_.bounds_->table().NameOf(share.resource);
      AddReason(task, std::move(reason));
    }
  }
  absl::Duration Since(std::int64_t event_time) const {
    const std::int64_t now = engine_.teller_->Now();
    return absl::Nanoseconds(std::max<std::int64_t>(now - event_time, 0));
  }

  // Whom a task waits for, its predecessors know.
  void FindPredecessors() {
    if (report_.pending == 0) return;
    std::vector<EngineTask*> successors;
    engine_.tasks_.ForEach([&](EngineTask& task) {
      const Bits word = task.word.load(std::memory_order_acquire);
      if (TaskWord::Ended(word) || !task.TryPin()) return;
      const TaskPin held = TaskPin::Adopt(&task);
      PinnedTasks kept;
      successors.clear();
      engine_.AddSuccessors(task, successors, kept);
      for (const EngineTask* const successor : successors) {
        const auto found = listed_.find(successor);
        if (found != listed_.end()) AddReason(report_.tasks[found->second], ReasonOf(task));
      }
    });
  }
  static void AddReason(StuckTask& task, StuckTask::Reason reason) {
    ++task.waits_for_count;
    if (task.waits_for.size() < StuckTask::kReasonsLimit) {
      task.waits_for.push_back(std::move(reason));
    }
  }
  void AddWaits() {
    for (Wait& wait : waits_) {
      const auto found = listed_.find(wait.body.get());
      if (found == listed_.end()) continue;
      if (wait.group != nullptr) {
        const auto tasks = unfinished_in_.find(wait.group);
        wait.reason.count = tasks == unfinished_in_.end() ? 0 : tasks->second;
      }
      AddReason(report_.tasks[found->second], std::move(wait.reason));
    }
  }
  void ListNodes() {
    for (NodeUnderWay& node : nodes_.nodes) {
      if (report_.tasks.size() == kLimit) return;
      report_.tasks.push_back({.id = node.id,
                               .name = std::move(node.name),
                               .state = node.state,
                               .is_node = true,
                               .since = Since(node.since)});
    }
  }

  Engine& engine_;
  StuckReport& report_;
  absl::Duration now_;
  std::vector<Wait> waits_;
  Graph::UnderWay nodes_;
  std::array<std::vector<TaskPin>, 4> kept_;
  absl::flat_hash_map<const EngineTask*, std::size_t> listed_;  // places in the report
  absl::flat_hash_map<const Scope<StdPlatform>*, std::int64_t> unfinished_in_;
};

StuckReport Engine::WhatWaits() {
  StuckReport report;
  if (Forked()) {
    report.status = ForkedError();
    return report;
  }
  report.status = OrOutOfMemory([&] {
    StuckSearch(*this, report).Run();
    return absl::OkStatus();
  });
  return report;
}

absl::Status Engine::StartWatch(const Watchdog& watchdog) {
  watch_ = std::make_unique<StallWatch>(clock_, slot_count(), watchdog.after,
                                        [this, tell = watchdog.report](absl::Duration quiet) {
                                          StuckReport report = WhatWaits();
                                          report.quiet_for = quiet;
                                          tell(report);
                                        });
  teller_->SetWatch(*watch_);
  return watch_->Start();
}

void Engine::StopWatch() {
  if (watch_ != nullptr && !Forked()) watch_->Stop();
}

std::int64_t Engine::failed_events() const {
  return (teller_ ? teller_->failed() : 0) + (watch_ != nullptr ? watch_->failed() : 0);
}

}  // namespace weft::internal
