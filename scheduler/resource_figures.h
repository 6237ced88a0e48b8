// SPDX-License-Identifier: Apache-2.0
//
// How much of what is bounded is in use.

#ifndef WEFT_SCHEDULER_RESOURCE_FIGURES_H_
#define WEFT_SCHEDULER_RESOURCE_FIGURES_H_

#include <cstdint>

#include "absl/status/status.h"

namespace weft {

// Of a named resource, in units.
//
// Thread safety: a plain value.
struct ResourceFigures {
  std::int64_t limit = 0;
  std::int64_t in_use = 0;
  std::int64_t peak = 0;     // the greatest in_use ever
  std::int64_t waiting = 0;  // tasks
};

// Thread safety: a plain value.
struct MemoryFigures {
  // What tasks have declared (TaskOptions::memory_bytes), in bytes: the limit is that share of the
  // machine's which ParallelProcessingConfig::max_memory_percent says, and one task more may go on.
  ResourceFigures declared;

  // What was read when last somebody looked; 0: nobody has.
  std::int64_t limit_bytes = 0;
  std::int64_t used_bytes = 0;
  std::int64_t readings = 0;
  std::int64_t failed_readings = 0;
  // How many times too much was in use, so that tasks went on one by one.
  std::int64_t closings = 0;
  // Why the last reading that failed did; OK: none has.
  absl::Status last_error;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_RESOURCE_FIGURES_H_
