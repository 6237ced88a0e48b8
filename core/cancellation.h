// SPDX-License-Identifier: Apache-2.0
//
// A request to stop, with its reason. Nobody is interrupted: who holds a token
// looks at it, or is called back.

#ifndef WEFT_CORE_CANCELLATION_H_
#define WEFT_CORE_CANCELLATION_H_

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "absl/status/status.h"

namespace weft {

namespace internal {
struct CancellationState;
}  // namespace internal

// Follows one CancellationSource. A default token can never be cancelled.
//
// Thread safety: every method may be called from any thread.
class CancellationToken {
 public:
  CancellationToken() = default;

  bool cancelled() const { return token_.stop_requested(); }

  // Whether cancelled() can ever become true.
  bool can_be_cancelled() const { return token_.stop_possible(); }

  // OK until cancelled, then the reason that was given first. What the canceller
  // did before its Cancel is visible to a caller that finds a reason here.
  absl::Status reason() const;

  // The standard's form, for code that takes one.
  const std::stop_token& stop_token() const { return token_; }

 private:
  friend class CancellationSource;
  friend class CancellationCallback;
  explicit CancellationToken(std::shared_ptr<internal::CancellationState> state);

  std::shared_ptr<internal::CancellationState> state_;
  std::stop_token token_;
};

// Makes tokens and cancels them all at once.
//
// Thread safety: every method may be called from any thread.
class CancellationSource {
 public:
  CancellationSource();

  CancellationToken token() const { return CancellationToken(state_); }

  // The first call decides the reason and runs the callbacks on this thread;
  // later ones return false and do nothing. An OK `why` counts as Cancelled.
  bool Cancel(absl::Status why);

  // How many callbacks threw. Their exceptions end there.
  int failed_callbacks() const;

 private:
  std::shared_ptr<internal::CancellationState> state_;
};

// Calls `callback` once when the token is cancelled: on the cancelling thread, or
// here and now if it already is. The destructor waits for a call under way on
// another thread; afterwards no call comes.
//
// Thread safety: construct and destroy on any thread.
class CancellationCallback {
 public:
  CancellationCallback(const CancellationToken& token, std::function<void()> callback);
  CancellationCallback(const CancellationCallback&) = delete;
  CancellationCallback& operator=(const CancellationCallback&) = delete;

 private:
  struct Invoke {
    std::shared_ptr<internal::CancellationState> state;
    std::function<void()> callback;
    void operator()() noexcept;
  };
  std::optional<std::stop_callback<Invoke>> registration_;
};

}  // namespace weft

#endif  // WEFT_CORE_CANCELLATION_H_
