// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/completion_latch.h"

#include <cassert>
#include <cstdint>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace weft {

void CompletionLatch::Begin(std::int64_t count) {
  absl::MutexLock lock(&mu_);
  count_ += count;
}

void CompletionLatch::Finish() {
  absl::MutexLock lock(&mu_);
  assert(count_ > 0);
  --count_;
}

void CompletionLatch::Wait() const {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &CompletionLatch::IsZero));
}

bool CompletionLatch::WaitFor(absl::Duration timeout) const {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(this, &CompletionLatch::IsZero), timeout);
}

std::int64_t CompletionLatch::under_way() const {
  absl::MutexLock lock(&mu_);
  return count_;
}

}  // namespace weft
