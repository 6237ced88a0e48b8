// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/failure_log.h"

#include <cassert>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"

namespace weft {

void FailureLog::Record(TaskFailure failure) {
  assert(!failure.status.ok());
  absl::MutexLock lock(&mu_);
  ++count_;
  if (kept_.size() < kept_limit_) kept_.push_back(std::move(failure));
}

std::int64_t FailureLog::count() const {
  absl::MutexLock lock(&mu_);
  return count_;
}

std::vector<TaskFailure> FailureLog::kept() const {
  absl::MutexLock lock(&mu_);
  return kept_;
}

}  // namespace weft
