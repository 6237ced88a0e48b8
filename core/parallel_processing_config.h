// SPDX-License-Identifier: Apache-2.0
//
// What a user may tune about a parallel run, as one plain value that travels as
// JSON. A key is in the table of the .cc once, with its range; reading, writing,
// checking and every message come from there.

#ifndef WEFT_CORE_PARALLEL_PROCESSING_CONFIG_H_
#define WEFT_CORE_PARALLEL_PROCESSING_CONFIG_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weft {

// The knobs of a parallel run. The defaults are valid.
//
// Thread safety: a value; share it read-only, or copy it.
struct ParallelProcessingConfig {
  static constexpr int kMaxWorkers = 1024;

  // Worker threads, 0 to kMaxWorkers; 0 = as many as the machine lets us use.
  int num_workers = 0;
  // Share of the memory that tasks together may fill, 1 to 100: of what the machine, or a control
  // group, allows. While more is in use tasks start one by one, until it is ten points less.
  int max_memory_percent = 75;
  // Most items in a batch.
  int batch_size = 100;
  // Priority given to tasks on the critical path; 0 = none.
  int critical_path_priority = 10;
  // Whether an idle worker takes ready tasks of a busy one. False: what a task makes
  // ready stays with its worker, unless that blocks.
  bool enable_work_stealing = true;
  // Fewest items in a range that is split off as a task.
  int min_task_size = 1;
  // Most tasks running or parked at one time. Of all groups together: while as many are parked
  // between attempts, nothing else starts, whatever its priority. Give more where many park.
  int max_tasks_in_flight = 1000;
  // False: tasks run one after the other, in the thread that waits for them.
  bool parallel = true;

  // Whether a run with this config does what it says. InvalidArgument: a value out
  // of range (key, value, allowed range). Unimplemented: a key set away from its
  // default whose effect does not exist in this version.
  [[nodiscard]] absl::Status Validate() const;

  // A JSON object with every key, one a line, in the order above.
  [[nodiscard]] std::string ToJson() const;

  // Reads a JSON object; keys that are left out keep their defaults. Never guesses:
  // malformed text (with line and column), another type, a number that is not
  // whole, a value out of range, an unknown or repeated key are InvalidArgument.
  // Whether every key has an effect is left to Validate().
  // Cost: one pass, constant stack however deep the text nests.
  [[nodiscard]] static absl::StatusOr<ParallelProcessingConfig> FromJson(std::string_view json);

  friend bool operator==(const ParallelProcessingConfig&,
                         const ParallelProcessingConfig&) = default;
};

}  // namespace weft

#endif  // WEFT_CORE_PARALLEL_PROCESSING_CONFIG_H_
