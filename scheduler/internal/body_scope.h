// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_BODY_SCOPE_H_
#define WEFT_SCHEDULER_INTERNAL_BODY_SCOPE_H_

#include "weft/scheduler/internal/task_ptr.h"
#include "weft/scheduler/internal/worker.h"

namespace weft::internal {

// A worker's body for as long as this lives: what users do when a task ends may submit and wait,
// as bodies may.
//
// Thread safety: the worker's thread.
class BodyScope {
 public:
  // Null: no worker's thread.
  BodyScope(EngineWorker* worker, EngineTask& task) : worker_(worker) {
    if (worker_ != nullptr) outer_ = worker_->BeginBody(task);
  }
  BodyScope(const BodyScope&) = delete;
  BodyScope& operator=(const BodyScope&) = delete;
  ~BodyScope() {
    if (worker_ != nullptr) worker_->EndBody(outer_);
  }

 private:
  EngineWorker* const worker_;
  EngineWorker::Body outer_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_BODY_SCOPE_H_
