// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/simulated_executor.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weft {

absl::StatusOr<std::unique_ptr<SimulatedExecutor>> SimulatedExecutor::Create(std::uint64_t seed,
                                                                             int workers,
                                                                             VirtualClock& clock,
                                                                             TimeOf time_of) {
  if (workers < 1 || workers > kMaxWorkers) {
    return absl::InvalidArgumentError("cannot simulate " + std::to_string(workers) +
                                      " workers: give a number from 1 to " +
                                      std::to_string(kMaxWorkers));
  }
  return std::unique_ptr<SimulatedExecutor>(new SimulatedExecutor(
      workers, {.seed = seed, .clock = &clock, .time_of = std::move(time_of)}));
}

}  // namespace weft
