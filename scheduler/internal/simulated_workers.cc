// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/simulated_workers.h"

#include <atomic>
#include <optional>
#include <utility>

#include "absl/time/time.h"

#include "weft/scheduler/internal/raised_entry.h"

namespace weft::internal {
namespace {

constexpr absl::Duration kTaskTime = absl::Microseconds(1);

}  // namespace

SimulatedWorkers::SimulatedWorkers(RunLoop<StdPlatform>& loop, Timers* timers,
                                   const Simulation& simulation, const CostModel& costs,
                                   SimulationHost& host)
    : loop_(loop),
      timers_(timers),
      costs_(costs),
      host_(host),
      time_of_(simulation.time_of),
      clock_(*simulation.clock),
      random_(simulation.seed),
      jobs_(static_cast<std::size_t>(loop.width())) {
  idle_.reserve(jobs_.size());
}

absl::Duration SimulatedWorkers::TimeOf(ReadyNode& node) const {
  if (!node.ops->is_task) {
    const Graph& graph = Graph::Of(node);
    if (!graph.MayRun(static_cast<GraphNode&>(node))) return absl::ZeroDuration();
    if (time_of_ != nullptr) return time_of_(graph.NameIn(node));
    const std::optional<double> cost = graph.CostOf(node);
    return cost ? absl::Microseconds(*cost) : kTaskTime;
  }
  // No time for one that is to end unrun, or has run, because somebody waited for it.
  const auto word = TaskOf(node).word.load(std::memory_order_relaxed);
  const bool runs = TaskWord::StateIn(word) == TaskState::kPending &&
                    (word & (TaskWord::kEnding | TaskWord::kCancel)) == 0 && !node.scope->stopped();
  return runs ? TimeOfTask(TaskOf(node)) : absl::ZeroDuration();
}

absl::Duration SimulatedWorkers::TimeOfTask(const EngineTask& task) const {
  const TaskExtras* const extras = ExtrasOf(task);
  if (time_of_ != nullptr) return time_of_(NameIn(task));
  if (extras == nullptr) return kTaskTime;
  const TaskRarities* const rarities = extras->rarities.get();
  if (rarities != nullptr && rarities->policy != nullptr && rarities->policy->cost > 0) {
    return absl::Microseconds(rarities->policy->cost);
  }
  if (const std::optional<double> known = costs_.Predict(extras->kind)) {
    return absl::Microseconds(*known);
  }
  return kTaskTime;
}

void SimulatedWorkers::Spend(ReadyNode& node) { Spend(TimeOf(node)); }

void SimulatedWorkers::SpendOnTask(const EngineTask& task) { Spend(TimeOfTask(task)); }

void SimulatedWorkers::Spend(absl::Duration time) {
  begin_ = clock_.Now();
  spent_ += time;
}

void SimulatedWorkers::Take(Job& job, ReadyNode& node, absl::Duration begin) {
  job.idle = false;
  job.node = &node;
  job.begin = begin;
  job.end = begin + TimeOf(node);
  job.tie = random_();
  taken_.fetch_add(1, std::memory_order_release);
}

ReadyNode* SimulatedWorkers::Find(Job& job, int slot) {
  const int first_victim = static_cast<int>(random_() % jobs_.size());
  ReadyNode* node = nullptr;
  do {
    node = loop_.TakeNext(slot, job.shift, first_victim);
  } while (node != nullptr && !host_.MayTake(*node));
  return node;
}

void SimulatedWorkers::GiveWork(int most) {
  idle_.clear();
  for (std::size_t slot = 0; slot < jobs_.size(); ++slot) {
    if (jobs_[slot].idle) idle_.push_back(static_cast<int>(slot));
  }
  int busy = static_cast<int>(jobs_.size() - idle_.size());
  for (std::size_t left = idle_.size(); left > 0 && busy < most; --left) {
    std::swap(idle_[left - 1], idle_[random_() % left]);
    const int slot = idle_[left - 1];
    Job& job = jobs_[static_cast<std::size_t>(slot)];
    if (ReadyNode* const node = Find(job, slot)) {
      Take(job, *node, clock_.Now());
      ++busy;
    } else if (loop_.steals()) {
      return;  // then there is nothing for anybody
    }
  }
}

SimulatedWorkers::Job* SimulatedWorkers::FirstToEnd() {
  Job* first = nullptr;
  for (Job& job : jobs_) {
    if (job.idle) continue;
    if (first == nullptr || std::pair(job.end, job.tie) < std::pair(first->end, first->tie)) {
      first = &job;
    }
  }
  return first;
}

SimulatedWorkers::Turn SimulatedWorkers::Next(int most) {
  for (;;) {
    GiveWork(most);
    Job* const job = FirstToEnd();
    // What is ready at that time can be taken by who is idle.
    if (FirstTimer() <= (job == nullptr ? absl::InfiniteDuration() : job->end) && PassTime()) {
      continue;
    }
    if (job == nullptr) return {};
    clock_.AdvanceTo(job->end);
    begin_ = job->begin;
    spent_ = absl::ZeroDuration();
    if (job->node == nullptr) {
      job->idle = true;
      continue;
    }
    taken_.fetch_sub(1, std::memory_order_release);
    return {.slot = static_cast<int>(job - jobs_.data()),
            .node = std::exchange(job->node, nullptr)};
  }
}

absl::Duration SimulatedWorkers::FirstTimer() const {
  return timers_ == nullptr ? absl::InfiniteDuration() : timers_->first_at();
}

bool SimulatedWorkers::PassTime() {
  const absl::Duration at = FirstTimer();
  if (at == absl::InfiniteDuration()) return false;
  clock_.AdvanceTo(at);
  timers_->FireDue();
  return true;
}

void SimulatedWorkers::HasEnded(int slot, ReadyNode* successor) {
  Job& job = jobs_[static_cast<std::size_t>(slot)];
  job.end = clock_.Now() + spent_;
  if (successor != nullptr && host_.MayTake(*successor)) {
    Take(job, *successor, job.end);
  } else {
    job.idle = spent_ == absl::ZeroDuration();
  }
}

}  // namespace weft::internal
