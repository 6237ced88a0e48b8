// SPDX-License-Identifier: Apache-2.0
//
// Threads beside oneTBB's, for workers that stand in for blocked ones: oneTBB does not
// know that a thread of its own is blocked.

#ifndef WEFT_SCHEDULER_INTERNAL_SPARE_THREADS_H_
#define WEFT_SCHEDULER_INTERNAL_SPARE_THREADS_H_

#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace weft::internal {

// Made when needed and kept until the end; an idle one sleeps.
//
// Thread safety: Run from any thread; the destructor when every job has ended.
class SpareThreads {
 public:
  SpareThreads() = default;
  SpareThreads(const SpareThreads&) = delete;
  SpareThreads& operator=(const SpareThreads&) = delete;
  ~SpareThreads();

  // Calls `job`, which must not throw, on a thread of its own. False: no memory, or no
  // thread to be had.
  bool Run(std::function<void()> job) noexcept ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Work() ABSL_LOCKS_EXCLUDED(mu_);
  bool Called() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return ending_ || !jobs_.empty(); }

  absl::Mutex mu_;
  bool ending_ ABSL_GUARDED_BY(mu_) = false;
  int idle_ ABSL_GUARDED_BY(mu_) = 0;  // threads without a job, less the jobs that wait
  std::vector<std::function<void()>> jobs_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mu_);
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_SPARE_THREADS_H_
