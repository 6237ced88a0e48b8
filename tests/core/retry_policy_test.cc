// SPDX-License-Identifier: Apache-2.0

#include "weft/core/retry_policy.h"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Kind = RetryDecision::Kind;

// Waits of 1, 2, 4, 8, 8, … seconds.
RetryPolicy Plain(int max_attempts) {
  return {.max_attempts = max_attempts,
          .base = absl::Seconds(1),
          .multiplier = 2,
          .cap = absl::Seconds(8),
          .jitter = Jitter::kNone};
}

RetryDecision DecideAt(const RetryPolicy& policy, int attempts, absl::Duration now,
                       absl::Duration deadline) {
  return DecideRetry(policy, absl::UnavailableError("away"), {.attempts = attempts}, now, deadline,
                     0);
}

TEST(RetryPolicyTest, TheDefaultIsValidAndDoesNotRetry) {
  const RetryPolicy policy;
  EXPECT_TRUE(policy.Validate().ok()) << policy.Validate();
  EXPECT_FALSE(policy.retries());
  EXPECT_EQ(policy.max_attempts, 1);
  EXPECT_EQ(policy.base, absl::Milliseconds(500));
  EXPECT_EQ(policy.multiplier, 2);
  EXPECT_EQ(policy.cap, absl::Minutes(1));
  EXPECT_EQ(policy.jitter, Jitter::kFull);
  EXPECT_TRUE(RetryPolicy{.max_attempts = 2}.retries());
}

void ExpectRefused(const RetryPolicy& policy, const std::string& field_and_value,
                   const std::string& rule) {
  const absl::Status status = policy.Validate();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field_and_value;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(field_and_value + " is not allowed"), HasSubstr(rule)));
}

void ExpectAllowed(const RetryPolicy& policy) {
  EXPECT_TRUE(policy.Validate().ok()) << policy.Validate();
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr auto kMostSeconds = std::numeric_limits<std::int64_t>::max();

TEST(RetryPolicyTest, ANumberOutOfRangeIsRefusedByNameValueAndRule) {
  ExpectRefused({.max_attempts = 0}, "max_attempts: 0", "at least 1");
  ExpectRefused({.max_attempts = -3}, "max_attempts: -3", "at least 1");
  ExpectRefused({.multiplier = 0}, "multiplier: 0", "at least 1");
  ExpectRefused({.multiplier = -1}, "multiplier: -1", "at least 1");
  ExpectRefused({.multiplier = 0.9999999}, "multiplier: 0.9999999", "at least 1");
  ExpectRefused({.multiplier = kNan}, "multiplier: nan", "at least 1");
  ExpectRefused({.multiplier = kInfinite}, "multiplier: inf", "finite");
  ExpectRefused({.multiplier = -kInfinite}, "multiplier: -inf", "at least 1");
  ExpectRefused({.jitter = static_cast<Jitter>(9)}, "jitter: 9", "enum Jitter");
}

TEST(RetryPolicyTest, AWaitOutOfRangeIsRefusedByNameValueAndRule) {
  const absl::Duration infinite = absl::InfiniteDuration();
  ExpectRefused({.base = absl::ZeroDuration()}, "base: 0", "above 0");
  ExpectRefused({.base = absl::Seconds(-2)}, "base: -2s", "above 0");
  ExpectRefused({.base = infinite}, "base: inf", "finite");
  ExpectRefused({.base = -infinite}, "base: -inf", "above 0");
  ExpectRefused({.base = absl::Seconds(kNan)}, "base: inf", "finite");
  ExpectRefused({.cap = absl::ZeroDuration()}, "cap: 0", "above 0");
  ExpectRefused({.cap = absl::Seconds(-1)}, "cap: -1s", "above 0");
  ExpectRefused({.cap = infinite}, "cap: inf", "finite");
  ExpectRefused({.cap = absl::Milliseconds(499)}, "cap: 499ms", "at least base, which is 500ms");
  ExpectRefused(
      {.base = absl::Seconds(1), .cap = absl::Seconds(1), .jitter = Jitter::kDecorrelated},
      "cap: 1s", "above base");
}

TEST(RetryPolicyTest, ValuesAtTheEdgeOfTheirRangeAreAllowed) {
  ExpectAllowed({.max_attempts = std::numeric_limits<int>::max()});
  ExpectAllowed({.base = absl::Nanoseconds(1) / 4});
  ExpectAllowed({.multiplier = 1});
  ExpectAllowed({.multiplier = std::numeric_limits<double>::max()});
  ExpectAllowed({.base = absl::Seconds(1), .cap = absl::Seconds(1)});
  ExpectAllowed({.cap = absl::Seconds(kMostSeconds)});
  ExpectAllowed({.base = absl::Seconds(1),
                 .cap = absl::Seconds(1) + absl::Nanoseconds(1),
                 .jitter = Jitter::kDecorrelated});
}

TEST(RetryPolicyTest, EachCodeHasItsClass) {
  const std::vector<std::pair<absl::StatusCode, OutcomeClass>> table = {
      {absl::StatusCode::kOk, OutcomeClass::kPermanent},
      {absl::StatusCode::kCancelled, OutcomeClass::kPermanent},
      {absl::StatusCode::kUnknown, OutcomeClass::kTransient},
      {absl::StatusCode::kInvalidArgument, OutcomeClass::kPermanent},
      {absl::StatusCode::kDeadlineExceeded, OutcomeClass::kTransient},
      {absl::StatusCode::kNotFound, OutcomeClass::kPermanent},
      {absl::StatusCode::kAlreadyExists, OutcomeClass::kPermanent},
      {absl::StatusCode::kPermissionDenied, OutcomeClass::kPermanent},
      {absl::StatusCode::kResourceExhausted, OutcomeClass::kTransient},
      {absl::StatusCode::kFailedPrecondition, OutcomeClass::kPermanent},
      {absl::StatusCode::kAborted, OutcomeClass::kTransient},
      {absl::StatusCode::kOutOfRange, OutcomeClass::kPermanent},
      {absl::StatusCode::kUnimplemented, OutcomeClass::kPermanent},
      {absl::StatusCode::kInternal, OutcomeClass::kPermanent},
      {absl::StatusCode::kUnavailable, OutcomeClass::kTransient},
      {absl::StatusCode::kDataLoss, OutcomeClass::kPermanent},
      {absl::StatusCode::kUnauthenticated, OutcomeClass::kPermanent},
  };
  EXPECT_EQ(table.size(), 17U) << "every code of Abseil, 0 to 16";
  for (const auto& [code, outcome] : table) {
    EXPECT_EQ(ClassifyStatus(absl::Status(code, "x")), outcome) << absl::StatusCodeToString(code);
  }
  // A code that Abseil does not know is Unknown to it.
  EXPECT_EQ(ClassifyStatus(absl::Status(static_cast<absl::StatusCode>(77), "x")),
            OutcomeClass::kTransient);
}

TEST(RetryPolicyTest, RetriesUntilTheAttemptsAreUsed) {
  const RetryPolicy policy = Plain(4);
  absl::Duration expected = absl::Seconds(1);
  for (int attempts = 1; attempts < 4; ++attempts, expected *= 2) {
    const RetryDecision decision =
        DecideAt(policy, attempts, absl::Seconds(100), absl::InfiniteDuration());
    EXPECT_TRUE(decision.retry());
    EXPECT_EQ(decision.delay, expected);
  }
  for (const int attempts : {4, 5, std::numeric_limits<int>::max()}) {
    EXPECT_EQ(DecideAt(policy, attempts, absl::Seconds(100), absl::InfiniteDuration()).kind,
              Kind::kStopAttemptsUsed);
  }
  EXPECT_EQ(DecideAt(RetryPolicy(), 1, absl::ZeroDuration(), absl::InfiniteDuration()).kind,
            Kind::kStopAttemptsUsed);
}

TEST(RetryPolicyTest, NoWaitIsBegunThatWouldReachTheDeadline) {
  const RetryPolicy policy = Plain(9);
  const absl::Duration now = absl::Seconds(100);
  const absl::Duration tick = absl::Nanoseconds(1) / 4;
  EXPECT_EQ(DecideAt(policy, 1, now, absl::Seconds(101) + tick).kind, Kind::kRetry);
  EXPECT_EQ(DecideAt(policy, 1, now, absl::Seconds(101)).kind, Kind::kStopDeadline);
  EXPECT_EQ(DecideAt(policy, 1, now, absl::Seconds(101) - tick).kind, Kind::kStopDeadline);
  EXPECT_EQ(DecideAt(policy, 1, now, now).kind, Kind::kStopDeadline);
  EXPECT_EQ(DecideAt(policy, 1, now, absl::Seconds(3)).kind, Kind::kStopDeadline);
  EXPECT_EQ(DecideAt(policy, 1, now, -absl::InfiniteDuration()).kind, Kind::kStopDeadline);
  EXPECT_EQ(DecideAt(policy, 1, now, absl::Seconds(101)).delay, absl::Seconds(1));
  // Even a wait of nothing needs a deadline that has not come.
  RetryPolicy full = policy;
  full.jitter = Jitter::kFull;
  EXPECT_EQ(DecideAt(full, 1, now, now + tick).kind, Kind::kRetry);
  EXPECT_EQ(DecideAt(full, 1, now, now).kind, Kind::kStopDeadline);
}

TEST(RetryPolicyTest, WithoutADeadlineNoWaitIsTooLong) {
  RetryPolicy policy = Plain(9);
  policy.base = policy.cap = absl::Seconds(kMostSeconds);
  const absl::Duration now = absl::Seconds(kMostSeconds - 1);
  EXPECT_EQ(DecideAt(policy, 1, now, absl::InfiniteDuration()).kind, Kind::kRetry);
  EXPECT_EQ(DecideAt(policy, 1, now, absl::Seconds(kMostSeconds)).kind, Kind::kStopDeadline);
}

TEST(RetryPolicyTest, APermanentErrorStopsAtOnceAndIsTheReasonGiven) {
  const RetryPolicy policy = Plain(2);
  for (const int attempts : {1, 2}) {  // also where no attempt would be left anyway
    const RetryDecision decision =
        DecideRetry(policy, absl::InvalidArgumentError("no"), {.attempts = attempts},
                    absl::Seconds(9), absl::Seconds(1), 0);
    EXPECT_EQ(decision.kind, Kind::kStopPermanent);
    EXPECT_EQ(decision.delay, absl::ZeroDuration());
  }
}

TEST(RetryPolicyTest, TheUsersClassifierDecidesInsteadOfTheTable) {
  RetryPolicy policy = Plain(3);
  policy.classify = [](const absl::Status& status) {
    return absl::IsNotFound(status) ? OutcomeClass::kTransient : OutcomeClass::kPermanent;
  };
  const auto decide = [&](const absl::Status& error) {
    return DecideRetry(policy, error, {.attempts = 1}, absl::ZeroDuration(),
                       absl::InfiniteDuration(), 0)
        .kind;
  };
  EXPECT_EQ(decide(absl::NotFoundError("not yet")), Kind::kRetry);
  EXPECT_EQ(decide(absl::UnavailableError("away")), Kind::kStopPermanent);
  policy.classify = [](const absl::Status&) { return static_cast<OutcomeClass>(200); };
  EXPECT_EQ(decide(absl::UnavailableError("away")), Kind::kStopPermanent);
  policy.classify = [](const absl::Status&) -> OutcomeClass { throw std::runtime_error("mine"); };
  EXPECT_THROW(decide(absl::UnavailableError("away")), std::runtime_error);
}

TEST(RetryPolicyTest, DecorrelatedGrowsFromTheWaitBefore) {
  RetryPolicy policy = Plain(9);
  policy.jitter = Jitter::kDecorrelated;
  const RetryProgress progress = {.attempts = 2, .last_wait = absl::Seconds(2)};
  const RetryDecision decision = DecideRetry(policy, absl::UnavailableError("away"), progress,
                                             absl::ZeroDuration(), absl::InfiniteDuration(), 0.5);
  EXPECT_EQ(decision.delay, absl::Milliseconds(3500));  // the middle of 1 to 6
}

TEST(RetryPolicyTest, TheTextSaysWhyAndWhatWasTried) {
  const absl::Status error = absl::UnavailableError("connection refused");
  const RetryProgress progress = {
      .attempts = 3, .last_wait = absl::Seconds(1), .total_wait = absl::Milliseconds(1500)};
  const std::string_view last = "; last error: UNAVAILABLE: connection refused";
  const std::string so_far = "3 attempts and 1.5s of waiting";
  EXPECT_EQ(Explain({Kind::kStopAttemptsUsed, {}}, error, progress),
            "gave up after " + so_far + ": no attempt is left" + std::string(last));
  EXPECT_EQ(Explain({Kind::kStopPermanent, {}}, error, progress),
            "gave up after " + so_far + ": the error is permanent" + std::string(last));
  EXPECT_EQ(Explain({Kind::kStopDeadline, absl::Seconds(4)}, error, progress),
            "gave up after " + so_far + ": the next wait would reach the deadline (4s)" +
                std::string(last));
  EXPECT_EQ(Explain({Kind::kRetry, absl::Seconds(4)}, error, progress),
            "tries again in 4s after " + so_far + std::string(last));
  EXPECT_THAT(Explain({Kind::kStopPermanent, {}}, error, {.attempts = 1}),
              HasSubstr("after 1 attempt and 0 of waiting"));
}

}  // namespace
}  // namespace weft
