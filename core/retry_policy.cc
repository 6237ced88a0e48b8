// SPDX-License-Identifier: Apache-2.0

#include "weft/core/retry_policy.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/internal/counted.h"

namespace weft {
namespace {

absl::Status Refuse(std::string_view field, const std::string& value, std::string_view rule) {
  return absl::InvalidArgumentError(std::string(field) + ": " + value +
                                    " is not allowed; it must be " + std::string(rule));
}

// The shortest text that reads back as the same number: 0.9999999 must not show as 1.
std::string Write(double number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return std::string(text.data(), end);
}

bool IsPositiveAndFinite(absl::Duration duration) {
  return duration > absl::ZeroDuration() && duration < absl::InfiniteDuration();
}

// Uniform between the two.
absl::Duration Draw(absl::Duration low, absl::Duration high, double uniform) {
  return low + (high - low) * uniform;
}

std::string_view ReasonOf(RetryDecision::Kind kind) {
  switch (kind) {
    case RetryDecision::Kind::kStopPermanent: return "the error is permanent";
    case RetryDecision::Kind::kStopAttemptsUsed: return "no attempt is left";
    case RetryDecision::Kind::kStopDeadline: return "the next wait would reach the deadline";
    case RetryDecision::Kind::kRetry: break;
  }
  return "";
}

}  // namespace

OutcomeClass ClassifyStatus(const absl::Status& status) {
  switch (status.code()) {
    // The other side is away, or busy: what retries are for.
    case absl::StatusCode::kUnavailable:
    // Of one attempt; that of the task itself ends it whatever is decided here.
    case absl::StatusCode::kDeadlineExceeded:
    // Limits and quotas refill, memory is given back.
    case absl::StatusCode::kResourceExhausted:
    // Lost against somebody else at the same time; the next time may win.
    case absl::StatusCode::kAborted:
    // What a body throws arrives with this code, and most that is worth a retry is
    // thrown. Nothing is known against it, max_attempts bounds it, and no task is
    // retried whose policy does not ask for it.
    case absl::StatusCode::kUnknown: return OutcomeClass::kTransient;

    case absl::StatusCode::kOk:         // nothing to do again
    case absl::StatusCode::kCancelled:  // somebody wants no more of it
    // The request itself is at fault and is the same the next time.
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
    // The world has to be changed first, by something other than time.
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    // A fault that a repetition could only hide or make worse.
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
    default: return OutcomeClass::kPermanent;
  }
}

absl::Status RetryPolicy::Validate() const {
  if (max_attempts < 1) {
    return Refuse("max_attempts", std::to_string(max_attempts), "at least 1");
  }
  if (!IsPositiveAndFinite(base)) {
    return Refuse("base", absl::FormatDuration(base), "above 0 and finite");
  }
  if (!(multiplier >= 1) || std::isinf(multiplier)) {  // NaN is not >= 1
    return Refuse("multiplier", Write(multiplier), "at least 1 and finite");
  }
  if (!IsPositiveAndFinite(cap)) {
    return Refuse("cap", absl::FormatDuration(cap), "above 0 and finite");
  }
  if (cap < base) {
    return Refuse("cap", absl::FormatDuration(cap),
                  "at least base, which is " + absl::FormatDuration(base));
  }
  switch (jitter) {
    case Jitter::kNone:
    case Jitter::kFull:
    case Jitter::kEqual: return absl::OkStatus();
    case Jitter::kDecorrelated:
      if (cap > base) return absl::OkStatus();
      return Refuse("cap", absl::FormatDuration(cap),
                    "above base with decorrelated jitter, or no wait would differ from another");
  }
  return Refuse("jitter", std::to_string(static_cast<int>(jitter)), "one of enum Jitter");
}

absl::Duration NextBackoff(const RetryPolicy& policy, int failures, absl::Duration previous,
                           double uniform) {
  assert(failures >= 1);
  assert(0 <= uniform && uniform < 1);
  if (policy.jitter == Jitter::kDecorrelated) {
    const absl::Duration most = std::min(policy.cap, 3 * std::max(policy.base, previous));
    return Draw(policy.base, most, uniform);
  }
  // A power that overflows is infinite, and so is the product: both end at the cap.
  const absl::Duration grown = policy.base * std::pow(policy.multiplier, failures - 1);
  const absl::Duration most = std::min(policy.cap, grown);
  if (policy.jitter == Jitter::kNone) return most;
  const absl::Duration least = policy.jitter == Jitter::kEqual ? most / 2 : absl::ZeroDuration();
  return Draw(least, most, uniform);
}

RetryDecision DecideRetry(const RetryPolicy& policy, const absl::Status& error,
                          const RetryProgress& progress, absl::Duration now,
                          absl::Duration deadline, double uniform) {
  assert(!error.ok());
  using Kind = RetryDecision::Kind;
  const OutcomeClass outcome = policy.classify ? policy.classify(error) : ClassifyStatus(error);
  if (outcome != OutcomeClass::kTransient) return {.kind = Kind::kStopPermanent};
  if (progress.attempts >= policy.max_attempts) {
    return {.kind = Kind::kStopAttemptsUsed};
  }
  const absl::Duration delay = NextBackoff(policy, progress.attempts, progress.last_wait, uniform);
  // Apart, because a sum too large to be told from infinity would reach "no deadline".
  const bool has_deadline = deadline < absl::InfiniteDuration();
  if (has_deadline && now + delay >= deadline) return {Kind::kStopDeadline, delay};
  return {Kind::kRetry, delay};
}

std::string Explain(const RetryDecision& decision, const absl::Status& error,
                    const RetryProgress& progress) {
  const std::string so_far = internal::Counted(progress.attempts, "attempt") + " and " +
                             absl::FormatDuration(progress.total_wait) + " of waiting";
  const std::string last = "; last error: " + error.ToString();
  const std::string delay = absl::FormatDuration(decision.delay);
  if (decision.retry()) return "tries again in " + delay + " after " + so_far + last;
  std::string text = "gave up after " + so_far + ": ";
  text += ReasonOf(decision.kind);
  if (decision.kind == RetryDecision::Kind::kStopDeadline) text += " (" + delay + ")";
  return text + last;
}

}  // namespace weft
