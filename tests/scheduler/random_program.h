// SPDX-License-Identifier: Apache-2.0
//
// Random programs that use all ways in which tasks come to depend on each other.

#ifndef WEFT_TESTS_SCHEDULER_RANDOM_PROGRAM_H_
#define WEFT_TESTS_SCHEDULER_RANDOM_PROGRAM_H_

#include <cstddef>
#include <vector>

#include "testing/random_ending.h"

namespace weft::testing {

inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// All edges, also those that waits and continuations make, go from smaller to larger
// indices.

enum class Form { kVoid, kNumbers, kPointer, kNamed, kDetached };
enum class Take { kOrder, kRead, kOutcome, kMove };

struct Edge {
  std::size_t from = 0;
  Take take = Take::kOrder;
  bool anyway = false;
  bool by_name = false;
  bool late = false;
};

struct TaskPlan {
  Form form = Form::kVoid;
  Ending ending = Ending::kValue;
  int priority = 0;
  bool gated = false;       // directly behind the task that ends when all is submitted
  bool cancelled = false;   // before that one ends
  bool consumed = false;    // somebody has taken its only handle
  bool run_anyway = false;  // kNamed
  // How it is treated.
  int max_attempts = 1;
  int failing_attempts = 0;  // the first ones
  int backoff_ns = 1;
  bool late = false;      // its deadline passes before the gate opens
  bool in_time = false;   // it has a deadline that never comes
  bool degraded = false;  // it says so of itself
  bool measured = false;  // it has a kind
  int units[2] = {0, 0};  // of two resources, while it runs
  int memory = 0;         // in bytes
  bool blocking = false;  // its body runs on another thread
  int fork_memory = 0;    // that each of the forked ones needs
  std::vector<Edge> edges;
  // What the body does.
  int fork_depth = 0;
  int fork_priority = 0;
  std::size_t fork_after = kNone;  // forks a task that depends on this one
  int group_size = 0;              // of a group of its own
  bool grows = false;
  std::size_t continuation = kNone;  // kNone: a new task
  Ending new_ending = Ending::kValue;
};

struct Program {
  std::vector<TaskPlan> tasks;
  std::vector<std::size_t> order;  // of submission
};

// How much there is of the two resources, and of memory for all tasks.
inline constexpr int kUnits[2] = {2, 3};
inline constexpr int kMemory = 100;

Program DrawProgram(unsigned seed);

}  // namespace weft::testing

#endif  // WEFT_TESTS_SCHEDULER_RANDOM_PROGRAM_H_
