// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_SIMULATION_HOST_H_
#define WEFT_SCHEDULER_INTERNAL_SIMULATION_HOST_H_

#include "weft/scheduler/internal/task_ptr.h"

namespace weft::internal {

// What simulated workers stand on.
class SimulationHost {
 public:
  // For what a worker has found. False: it may not begin yet, and lies in no queue any more.
  virtual bool MayTake(ReadyNode& node) noexcept = 0;

 protected:
  ~SimulationHost() = default;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_SIMULATION_HOST_H_
