// SPDX-License-Identifier: Apache-2.0
//
// A program, run by a scheduler.

#ifndef WEFT_TESTS_SCHEDULER_PROGRAM_RUN_H_
#define WEFT_TESTS_SCHEDULER_PROGRAM_RUN_H_

#include <memory>

#include "scheduler/program_oracle.h"
#include "scheduler/random_program.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {

inline constexpr const char* kResources[2] = {"first", "second"};

// One that has what programs need. Memory is read as full now and then.
std::unique_ptr<TaskScheduler> MakeProgramScheduler(int workers);

// Runs it and expects what the oracle says: of each body, value, state and count.
void RunAndCheck(const Program& program, const Oracle& oracle, TaskScheduler& scheduler,
                 bool is_inline);

}  // namespace weft::testing

#endif  // WEFT_TESTS_SCHEDULER_PROGRAM_RUN_H_
