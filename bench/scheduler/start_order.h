// SPDX-License-Identifier: Apache-2.0
//
// In which order tasks became ready and started.

#ifndef WEFT_BENCH_SCHEDULER_START_ORDER_H_
#define WEFT_BENCH_SCHEDULER_START_ORDER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "weft/core/task_id.h"
#include "weft/distribution/ready_order.h"
#include "weft/scheduler/task_observer.h"

namespace weft::bench {

// One that has started. Times are places in the order of all events.
//
// Thread safety: a plain value.
struct StartedTask {
  Lane lane = Lane::kNormal;
  std::size_t ready = 0;
  std::size_t started = 0;
  bool by_age = false;
  bool overtook = false;     // something of a higher lane was ready, and did not start
  std::uint32_t passed = 0;  // starts from higher lanes since one of its own, while it had any
};

// Observes one scheduler whose tasks start once each. A count that all share gives events their
// places, so that no clock decides which of two came first.
//
// Thread safety: OnEvent as TaskObserver; the others while nothing is told.
class StartOrder final : public TaskObserver {
 public:
  explicit StartOrder(std::size_t tasks) : events_(3 * tasks) {}

  void OnEvent(const TaskEvent& event) override {
    if (event.kind != TaskEventKind::kSubmitted && event.kind != TaskEventKind::kReady &&
        event.kind != TaskEventKind::kStarted) {
      return;
    }
    const std::size_t place = count_.fetch_add(1);
    if (place >= events_.size()) return;
    const Lane lane = event.info == nullptr ? Lane::kNormal : LaneOf(event.info->priority);
    events_[place] = {event.task, event.kind, lane};
  }

  // Forgets all that was told.
  void Clear() { count_ = 0; }
  // Whether it was told of as many events as there are for so many tasks.
  bool IsWhole(std::size_t tasks) const { return count_ == 3 * tasks && count_ <= events_.size(); }

  // In the order of the starts. A start is due to age when `kStartsBeforeLower` starts came from
  // higher lanes since one of its own lane, or since something waits there. Several workers may
  // start one task each before they tell of it: then up to workers - 1 of the others are missing.
  std::vector<StartedTask> Starts(int workers) const;

 private:
  struct Event {
    TaskId task;
    TaskEventKind kind = TaskEventKind::kSubmitted;
    Lane lane = Lane::kNormal;
  };

  std::vector<Event> events_;
  std::atomic<std::size_t> count_{0};
};

inline std::vector<StartedTask> StartOrder::Starts(int workers) const {
  const auto least = kStartsBeforeLower - static_cast<unsigned>(workers - 1);
  std::unordered_map<TaskId, StartedTask> tasks;
  std::vector<StartedTask> starts;
  std::array<std::uint32_t, kLaneCount> waiting{};
  std::array<std::uint32_t, kLaneCount> passed{};
  for (std::size_t place = 0; place < count_; ++place) {
    StartedTask& task = tasks[events_[place].task];
    if (events_[place].kind == TaskEventKind::kSubmitted) {
      task.lane = events_[place].lane;
      continue;
    }
    const auto lane = static_cast<std::size_t>(task.lane);
    if (events_[place].kind == TaskEventKind::kReady) {
      task.ready = place;
      ++waiting[lane];
      continue;
    }
    task.started = place;
    task.passed = passed[lane];
    task.by_age = task.lane != Lane::kUrgent && passed[lane] >= least;
    for (std::size_t higher = lane + 1; higher < kLaneCount; ++higher) {
      task.overtook = task.overtook || waiting[higher] > 0;
    }
    --waiting[lane];
    passed[lane] = 0;
    for (std::size_t lower = 0; lower < lane; ++lower) passed[lower] += waiting[lower] > 0 ? 1 : 0;
    starts.push_back(task);
  }
  return starts;
}

// How far a run kept to the lanes. A task is honoured when none of a lower lane that became ready
// later started before it, but for those that started by their age.
//
// Thread safety: a plain value.
struct Honour {
  double tasks_percent = 100;
  double pairs_percent = 100;
  double strict_percent = 100;  // of the starts: nothing higher was ready, or it was due to age
  double by_age = 0;
};

inline Honour HonourOf(const std::vector<StartedTask>& starts) {
  std::size_t higher = 0;
  std::size_t honoured = 0;
  std::size_t pairs = 0;
  std::size_t right = 0;
  std::size_t overtook = 0;
  Honour honour;
  for (const StartedTask& one : starts) {
    honour.by_age += one.by_age ? 1 : 0;
    overtook += one.overtook && !one.by_age ? 1 : 0;
    if (one.lane == Lane::kLow) continue;
    bool before_all = true;
    for (const StartedTask& other : starts) {
      if (other.lane >= one.lane || other.ready < one.ready || other.by_age) continue;
      const bool before = one.started < other.started;
      ++pairs;
      right += before ? 1 : 0;
      before_all = before_all && before;
    }
    ++higher;
    honoured += before_all ? 1 : 0;
  }
  honour.strict_percent -= 100 * static_cast<double>(overtook) / static_cast<double>(starts.size());
  if (higher > 0) {
    honour.tasks_percent = 100 * static_cast<double>(honoured) / static_cast<double>(higher);
  }
  if (pairs > 0) {
    honour.pairs_percent = 100 * static_cast<double>(right) / static_cast<double>(pairs);
  }
  return honour;
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_SCHEDULER_START_ORDER_H_
