// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/spare_threads.h"

#include <exception>
#include <utility>

namespace weft::internal {

SpareThreads::~SpareThreads() {
  std::vector<std::thread> threads;
  {
    absl::MutexLock lock(&mu_);
    ending_ = true;
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

bool SpareThreads::Run(std::function<void()> job) noexcept {
  absl::MutexLock lock(&mu_);
  try {
    jobs_.push_back(std::move(job));
  } catch (const std::exception&) {
    return false;
  }
  if (--idle_ >= 0) return true;
  try {
    threads_.reserve(threads_.size() + 1);
    threads_.emplace_back([this] { Work(); });
    ++idle_;  // the new one is there for this job
    return true;
  } catch (const std::exception&) {  // the caller hears of it
    ++idle_;
    jobs_.pop_back();
    return false;
  }
}

void SpareThreads::Work() {
  for (;;) {
    std::function<void()> job;
    {
      absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(this, &SpareThreads::Called));
      if (jobs_.empty()) return;
      job = std::move(jobs_.back());
      jobs_.pop_back();
    }
    job();
    absl::MutexLock lock(&mu_);
    ++idle_;
  }
}

}  // namespace weft::internal
