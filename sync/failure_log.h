// SPDX-License-Identifier: Apache-2.0
//
// The failures of many tasks, bounded: an exact count, and the texts of the first.

#ifndef WEFT_SYNC_FAILURE_LOG_H_
#define WEFT_SYNC_FAILURE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/core/task_id.h"

namespace weft {

// Thread safety: a plain value.
struct TaskFailure {
  TaskId id;
  std::string name;  // empty when the task has none
  absl::Status status;
};

// Keeps the first `kept_limit` failures in the order of arrival and counts all.
//
// Thread safety: every method may be called from any thread. What a thread did
// before its Record is visible to a caller that finds that failure in kept().
class FailureLog {
 public:
  static constexpr std::size_t kDefaultKeptLimit = 1000;

  explicit FailureLog(std::size_t kept_limit = kDefaultKeptLimit) : kept_limit_(kept_limit) {}
  FailureLog(const FailureLog&) = delete;
  FailureLog& operator=(const FailureLog&) = delete;

  // Requires: !failure.status.ok().
  void Record(TaskFailure failure) ABSL_LOCKS_EXCLUDED(mu_);

  std::int64_t count() const ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<TaskFailure> kept() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  const std::size_t kept_limit_;
  mutable absl::Mutex mu_;
  std::int64_t count_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<TaskFailure> kept_ ABSL_GUARDED_BY(mu_);
};

}  // namespace weft

#endif  // WEFT_SYNC_FAILURE_LOG_H_
