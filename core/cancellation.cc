// SPDX-License-Identifier: Apache-2.0

#include "weft/core/cancellation.h"

#include <atomic>
#include <functional>
#include <memory>
#include <new>
#include <stop_token>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace weft {

namespace internal {

struct CancellationState {
  std::stop_source source;
  std::atomic<int> failed_callbacks{0};
  mutable absl::Mutex mu;
  absl::Status reason ABSL_GUARDED_BY(mu);
};

}  // namespace internal

namespace {

absl::Status Cancelled() noexcept {
  try {
    return absl::CancelledError("cancelled");
  } catch (const std::bad_alloc&) {
    return absl::Status(absl::StatusCode::kCancelled, "");  // needs no memory
  }
}

}  // namespace

CancellationToken::CancellationToken(std::shared_ptr<internal::CancellationState> state)
    : state_(std::move(state)), token_(state_->source.get_token()) {}

absl::Status CancellationToken::reason() const {
  if (state_ == nullptr || !cancelled()) return absl::OkStatus();
  absl::MutexLock lock(&state_->mu);
  return state_->reason;
}

CancellationSource::CancellationSource()
    : state_(std::make_shared<internal::CancellationState>()) {}

bool CancellationSource::Cancel(absl::Status why) {
  if (why.ok()) why = Cancelled();
  {
    absl::MutexLock lock(&state_->mu);
    if (!state_->reason.ok()) return false;
    state_->reason = std::move(why);
  }
  // A callback may let go of this source; the state must outlive the call.
  const std::shared_ptr<internal::CancellationState> keep = state_;
  return keep->source.request_stop();
}

int CancellationSource::failed_callbacks() const { return state_->failed_callbacks.load(); }

CancellationCallback::CancellationCallback(const CancellationToken& token,
                                           std::function<void()> callback) {
  if (!token.can_be_cancelled()) return;
  registration_.emplace(token.token_, Invoke{token.state_, std::move(callback)});
}

void CancellationCallback::Invoke::operator()() noexcept {
  try {
    callback();
  } catch (...) {
    state->failed_callbacks.fetch_add(1);
  }
}

}  // namespace weft
