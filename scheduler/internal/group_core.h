// SPDX-License-Identifier: Apache-2.0
//
// What the engine keeps of a group. Outlives the TaskGroup while handles do.

#ifndef WEFT_SCHEDULER_INTERNAL_GROUP_CORE_H_
#define WEFT_SCHEDULER_INTERNAL_GROUP_CORE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/cancellation.h"
#include "weft/core/internal/ref_counted.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/task_node.h"
#include "weft/sync/failure_log.h"

namespace weft::internal {

// Thread safety: guarded by Engine::mu_, but for `failures` and `source`, which
// look after themselves.
struct GroupCore final : RefCounted {
  std::array<std::int64_t, kTaskStateCount> counts{};  // submitted tasks by state
  std::int64_t refused = 0;
  std::int64_t active = 0;  // unfinished and not blocked: what a Wait waits for
  UnfinishedList unfinished;
  ReadyList ready;
  absl::flat_hash_map<std::string, IntrusivePtr<NamedNode>> names;
  bool sealed = false;
  absl::Status cancel_reason;
  std::optional<absl::Duration> first_submitted;
  absl::Duration last_rest;

  FailureLog failures;
  CancellationSource source;
  ListLink<GroupCore> in_engine;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_GROUP_CORE_H_
