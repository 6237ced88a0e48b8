// SPDX-License-Identifier: Apache-2.0
//
// What one run of a model consists of, and how the objects in it find it.

#ifndef WEFT_TESTS_MODELS_EXECUTION_H_
#define WEFT_TESTS_MODELS_EXECUTION_H_

#include "models/memory.h"
#include "models/threads.h"

namespace weft::models {

// Thread safety: one thread of the machine.
class Execution {
 public:
  explicit Execution(const Rules& rules) : threads(rules), memory(threads, rules.bounds) {}

  Threads threads;
  Memory memory;

  // The execution that the caller runs in. Ends the process when there is none.
  static Execution& Current();
  static bool running() { return current_ != nullptr; }

 private:
  friend class Explorer;
  static Execution* current_;
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_EXECUTION_H_
