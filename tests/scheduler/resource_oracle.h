// SPDX-License-Identifier: Apache-2.0
//
// Who is given resources and who waits, the slow way: everything is looked at again after each
// step, oldest first.

#ifndef WEFT_TESTS_SCHEDULER_RESOURCE_ORACLE_H_
#define WEFT_TESTS_SCHEDULER_RESOURCE_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weft::testing {

// Thread safety: one thread at a time.
class ResourceOracle {
 public:
  struct Need {
    std::vector<std::int64_t> units;  // [named resource]
    std::int64_t memory_bytes = 0;
  };
  enum class State { kNone, kQueued, kGranted, kBlocked };

  // Where memory is not bounded, every need of it is 0.
  ResourceOracle(std::vector<std::int64_t> limits, bool bounds_memory)
      : limits_(std::move(limits)), bounds_memory_(bounds_memory) {}

  std::size_t Add(Need need) {
    tasks_.push_back({std::move(need), State::kNone, 0, false});
    return tasks_.size() - 1;
  }
  // Each returns those that are granted now, oldest first.
  std::vector<std::size_t> Acquire(std::size_t task) {
    tasks_[task].state = State::kQueued;
    tasks_[task].ticket = ++tickets_;
    return Settle();
  }
  std::vector<std::size_t> Set(std::size_t task, State state) {
    tasks_[task].state = state;
    return Settle();
  }
  std::vector<std::size_t> SetMemory(std::int64_t budget, bool closed) {
    budget_ = budget;
    closed_ = closed;
    return Settle();
  }

  State StateOf(std::size_t task) const { return tasks_[task].state; }
  std::int64_t InUse(std::size_t resource) const { return Held(resource, /*by_blocked=*/false); }
  std::int64_t Waiting(std::size_t resource) const {
    std::int64_t waiting = 0;
    for (const Task& task : tasks_) {
      waiting += task.state == State::kQueued && task.need.units[resource] > 0 ? 1 : 0;
    }
    return waiting;
  }
  std::int64_t MemoryInUse() const {
    std::int64_t bytes = 0;
    for (const Task& task : tasks_) bytes += Has(task) ? task.need.memory_bytes : 0;
    return bytes;
  }

 private:
  struct Task {
    Need need;
    State state;
    int ticket;
    bool counts;
  };

  static bool Has(const Task& task) {
    return task.state == State::kGranted || task.state == State::kBlocked;
  }
  std::int64_t Held(std::size_t resource, bool by_blocked) const {
    std::int64_t held = 0;
    for (const Task& task : tasks_) {
      const bool of_interest = by_blocked ? task.state == State::kBlocked : Has(task);
      held += of_interest ? task.need.units[resource] : 0;
    }
    return held;
  }
  bool IsStuck(const Task& task) const {
    for (std::size_t r = 0; r < limits_.size(); ++r) {
      const std::int64_t units = task.need.units[r];
      if (units > 0 && units + Held(r, /*by_blocked=*/true) > limits_[r]) return true;
    }
    return false;
  }
  bool WantTheSame(const Task& a, const Task& b) const {
    for (std::size_t r = 0; r < limits_.size(); ++r) {
      if (a.need.units[r] > 0 && b.need.units[r] > 0) return true;
    }
    return a.need.memory_bytes > 0 && b.need.memory_bytes > 0;
  }
  bool Fits(const Task& task) const {
    for (std::size_t r = 0; r < limits_.size(); ++r) {
      const std::int64_t units = task.need.units[r];
      if (units > 0 && units + Held(r, /*by_blocked=*/false) > limits_[r]) return false;
    }
    if (!bounds_memory_) return true;
    bool one_runs = false;
    for (const Task& other : tasks_) {
      one_runs = one_runs || (other.state == State::kGranted && other.counts);
    }
    if (!one_runs) return true;
    const std::int64_t bytes = task.need.memory_bytes;
    return !closed_ && (bytes == 0 || bytes + MemoryInUse() <= budget_);
  }
  bool MayGoOn(const Task& task) const {
    if (task.state != State::kQueued || !Fits(task)) return false;
    for (const Task& other : tasks_) {
      if (other.state == State::kQueued && other.ticket < task.ticket && !IsStuck(other) &&
          WantTheSame(other, task)) {
        return false;
      }
    }
    return true;
  }
  std::vector<std::size_t> Settle() {
    std::vector<std::size_t> granted;
    while (true) {
      std::size_t oldest = tasks_.size();
      for (std::size_t i = 0; i < tasks_.size(); ++i) {
        if (!MayGoOn(tasks_[i])) continue;
        if (oldest == tasks_.size() || tasks_[i].ticket < tasks_[oldest].ticket) oldest = i;
      }
      if (oldest == tasks_.size()) return granted;
      tasks_[oldest].state = State::kGranted;
      tasks_[oldest].counts = tasks_[oldest].need.memory_bytes > 0 || closed_;
      granted.push_back(oldest);
    }
  }

  const std::vector<std::int64_t> limits_;
  const bool bounds_memory_;
  std::vector<Task> tasks_;
  std::int64_t budget_ = std::int64_t{1} << 46;
  bool closed_ = false;
  int tickets_ = 0;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_SCHEDULER_RESOURCE_ORACLE_H_
