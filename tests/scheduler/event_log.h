// SPDX-License-Identifier: Apache-2.0
//
// Keeps what an observer is told, and checks what holds for every task.

#ifndef WEFT_TESTS_SCHEDULER_EVENT_LOG_H_
#define WEFT_TESTS_SCHEDULER_EVENT_LOG_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "weft/scheduler/task_observer.h"

namespace weft::testing {

// Thread safety: OnEvent as TaskObserver says; the rest by one thread, once all is at rest.
class EventLog final : public TaskObserver {
 public:
  struct Told {
    std::string name;
    std::string kind;
    int priority = 0;
    int submitted = 0;
    int ready = 0;
    int started = 0;
    int parked = 0;
    int ended = 0;
    TaskState state = TaskState::kPending;  // as it ended
    std::multiset<TaskId> released;         // by those
    TaskId last;                            // who made it ready
    bool runs = false;
    std::string wrong;  // the first event that should not have come
  };

  void OnStart(int slot_count) override { slot_count_ = slot_count; }
  void OnEvent(const TaskEvent& event) override;

  int slot_count() const { return slot_count_; }
  const std::map<TaskId, Told>& tasks() const { return tasks_; }
  const Told& of(TaskId task) { return tasks_[task]; }
  const Told& named(const std::string& name) const;
  // Every task was told of from its submission to its end, in order; nothing: all is well.
  std::vector<std::string> Complaints() const;

 private:
  void Note(const TaskEvent& event, Told& task);

  std::mutex mu_;
  int slot_count_ = 0;
  std::map<TaskId, Told> tasks_;
  std::map<int, std::int64_t> times_;  // of each slot, the last
  std::vector<std::string> complaints_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_SCHEDULER_EVENT_LOG_H_
