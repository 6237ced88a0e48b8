// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_POOLED_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_POOLED_H_

#include "absl/status/status.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_frame.h"

namespace weft::internal {

// While a body on a thread for those that block waits for tasks, another thread takes its place:
// what it waits for may need one.
//
// Thread safety: one thread.
class Engine::PooledWait {
 public:
  // Of any thread that waits.
  PooledWait(Engine& engine, const ThreadFrame& thread);
  PooledWait(const PooledWait&) = delete;
  PooledWait& operator=(const PooledWait&) = delete;
  ~PooledWait();

  // ResourceExhausted: no other thread could be had.
  const absl::Status& status() const { return status_; }

 private:
  absl::Status Widen();

  Engine& engine_;
  bool widened_ = false;
  absl::Status status_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_POOLED_H_
