// SPDX-License-Identifier: Apache-2.0
//
// Whether a failed attempt is followed by another, and when: a policy as a plain
// value, and the two pure functions that read it. Nothing here waits, reads a clock or
// draws a number: who keeps the attempts passes those in.

#ifndef WEFT_CORE_RETRY_POLICY_H_
#define WEFT_CORE_RETRY_POLICY_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace weft {

// How waits are spread, so that those who failed together do not come back together.
// With r = min(cap, base * multiplier^n), n = 0 for the first retry, and U uniform:
enum class Jitter : std::uint8_t {
  kNone,          // r
  kFull,          // U(0, r)
  kEqual,         // r/2 + U(0, r/2)
  kDecorrelated,  // U(base, min(cap, 3 * the wait before, at least base)); no multiplier
};

enum class OutcomeClass : std::uint8_t {
  kTransient,  // the same attempt may succeed later
  kPermanent,  // it will fail again
};

// What an error's code alone tells; the table with its reasons is in the .cc.
// Transient: Unavailable, DeadlineExceeded, ResourceExhausted, Aborted, Unknown.
OutcomeClass ClassifyStatus(const absl::Status& status);

// Thread safety: a value; share it read-only, or copy it.
struct RetryPolicy {
  // How often the body may be started, at least 1; 1 = no retry.
  int max_attempts = 1;
  // The first wait before jitter, above 0 and finite.
  absl::Duration base = absl::Milliseconds(500);
  // By which each wait grows over the one before, at least 1 and finite.
  double multiplier = 2;
  // No wait is longer. Finite, because a wait without an end is no retry; at least
  // `base`, and above it for kDecorrelated, which would have no spread otherwise.
  absl::Duration cap = absl::Seconds(60);
  Jitter jitter = Jitter::kFull;
  // Called after each failed attempt; may be called from any thread, and by several at
  // once. One that throws counts as kPermanent; what it threw is listed with the failures of the
  // group. Empty = ClassifyStatus.
  std::function<OutcomeClass(const absl::Status&)> classify = {};

  bool retries() const { return max_attempts > 1; }
  // True: it is valid. A quick look, for tasks of nanoseconds.
  bool IsCommon() const {
    return max_attempts >= 1 && base > absl::ZeroDuration() && cap >= base &&
           cap < absl::InfiniteDuration() && multiplier >= 1 && multiplier <= 1e300 &&
           jitter != Jitter::kDecorrelated;
  }

  // InvalidArgument: a field out of its range, also of a policy that does not retry
  // (the field, its value, the rule).
  [[nodiscard]] absl::Status Validate() const;
};

// One attempt of a task. Times are on the scheduler's clock.
//
// Thread safety: a plain value.
struct AttemptRecord {
  absl::Status status = {};
  absl::Duration started = {};
  absl::Duration ended = {};
  absl::Duration backoff = {};  // the planned wait after it; zero after the last
};

// The wait after `failures` failed attempts (1 = after the first). `previous` is the
// wait before the last of them, zero before the first; only kDecorrelated looks at it.
// `uniform` is in [0, 1). To a quarter of a nanosecond.
//
// What is drawn is spread below the cap, never cut down to it: min(cap, a random wait)
// would give all those who have reached the cap the same wait, and send them back
// together. So the published form of kDecorrelated, min(cap, U(base, 3d)), has its
// minimum inside here, and no wait has a probability of its own.
//
// Requires: `policy` is valid, failures >= 1.
// Cost: O(1), however many failures.
absl::Duration NextBackoff(const RetryPolicy& policy, int failures, absl::Duration previous,
                           double uniform);

// Where a task stands when an attempt has failed.
//
// Thread safety: a plain value.
struct RetryProgress {
  int attempts = 0;                // made so far, the one that failed included
  absl::Duration last_wait = {};   // before that attempt
  absl::Duration total_wait = {};  // before all of them
};

// Thread safety: a plain value.
struct RetryDecision {
  enum class Kind : std::uint8_t {
    kRetry,             // after `delay`
    kStopPermanent,     // the error is of a kind that comes back
    kStopAttemptsUsed,  // max_attempts were made
    kStopDeadline,      // the wait would reach the deadline: better to say so now
  };
  Kind kind = Kind::kStopPermanent;
  absl::Duration delay = {};  // the wait that was drawn; zero where none was

  bool retry() const { return kind == Kind::kRetry; }
};

// What follows the attempt that failed with `error`. Reasons to stop are looked at in
// the order of the enum. `deadline` is on the clock of `now`, InfiniteDuration() = none;
// a wait that would end exactly then is not begun.
//
// What `policy.classify` throws passes through.
// Requires: `policy` is valid, !error.ok(), progress.attempts >= 1, uniform in [0, 1).
RetryDecision DecideRetry(const RetryPolicy& policy, const absl::Status& error,
                          const RetryProgress& progress, absl::Duration now,
                          absl::Duration deadline, double uniform);

// The decision for people: why, after how many attempts and how much waiting, and the
// last error. "gave up after 3 attempts and 1.5s of waiting: no attempt is left; last
// error: UNAVAILABLE: connection refused".
std::string Explain(const RetryDecision& decision, const absl::Status& error,
                    const RetryProgress& progress);

}  // namespace weft

#endif  // WEFT_CORE_RETRY_POLICY_H_
