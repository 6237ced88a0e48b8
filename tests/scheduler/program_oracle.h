// SPDX-License-Identifier: Apache-2.0
//
// What becomes of the tasks of a program: an oracle that shares no code with the
// scheduler.

#ifndef WEFT_TESTS_SCHEDULER_PROGRAM_ORACLE_H_
#define WEFT_TESTS_SCHEDULER_PROGRAM_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduler/random_program.h"
#include "weft/core/task_state.h"

namespace weft::testing {

struct Counts {
  std::int64_t completed = 0;
  std::int64_t degraded = 0;  // of those
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  std::int64_t skipped = 0;
  std::int64_t submitted() const { return completed + failed + cancelled + skipped; }
};

// One pass in order of the indices.
//
// Thread safety: constant once it is made.
class Oracle {
 public:
  // Takes cancels and deadlines out of `program` whose moment would decide what happens.
  explicit Oracle(Program& program);

  TaskState state(std::size_t i) const { return states_[i]; }
  // How often its body is called; of a late one that is open.
  int Attempts(std::size_t i) const;
  // Whether its last attempt does what the body is for.
  bool Runs(std::size_t i) const {
    const TaskPlan& task = program_.tasks[i];
    const bool ran = states_[i] == TaskState::kCompleted || states_[i] == TaskState::kFailed;
    return ran && !task.late && task.failing_attempts < task.max_attempts;
  }
  bool Completes(std::size_t i) const { return states_[i] == TaskState::kCompleted; }
  // Whether those who wait for `i` wait for a continuation.
  bool HandsOver(std::size_t i) const { return program_.tasks[i].grows && Completes(i); }
  const Counts& counts() const { return counts_; }

 private:
  // What a successor sees in the end.
  bool Accepted(std::size_t i) const;
  void Step(TaskPlan& task);
  void CountWork(const TaskPlan& task);
  void CountEnding(Ending ending);

  Program& program_;
  std::vector<TaskState> states_;
  Counts counts_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_SCHEDULER_PROGRAM_ORACLE_H_
