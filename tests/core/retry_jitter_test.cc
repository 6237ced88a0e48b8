// SPDX-License-Identifier: Apache-2.0
//
// The waits of RetryPolicy against the distributions that they claim to have.
//
// Each Kolmogorov-Smirnov test has 20,000 samples and a significance of 0.001, that is,
// refuses a distance above 1.9495 / sqrt(n); means and variances are allowed 4 standard
// errors. Seeds are fixed, so a test that passes passes always.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "weft/core/internal/split_mix.h"
#include "weft/core/retry_policy.h"

namespace weft {
namespace {

using Samples = std::vector<double>;  // seconds
constexpr int kSamples = 20'000;

RetryPolicy Policy(Jitter jitter) {
  return {.max_attempts = 10,
          .base = absl::Seconds(1),
          .multiplier = 3,
          .cap = absl::Seconds(20),
          .jitter = jitter};
}

Samples Draw(const RetryPolicy& policy, int failures, absl::Duration previous, std::uint64_t seed) {
  internal::SplitMix64 random(seed);
  Samples samples;
  for (int i = 0; i < kSamples; ++i) {
    samples.push_back(
        absl::ToDoubleSeconds(NextBackoff(policy, failures, previous, random.NextUniform())));
  }
  return samples;
}

// The greatest distance between the samples' distribution function and that of U(low, high).
double DistanceFromUniform(Samples samples, double low, double high) {
  std::sort(samples.begin(), samples.end());
  const auto count = static_cast<double>(samples.size());
  double distance = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double expected = std::clamp((samples[i] - low) / (high - low), 0.0, 1.0);
    const auto below = static_cast<double>(i);
    distance = std::max({distance, expected - below / count, (below + 1) / count - expected});
  }
  return distance;
}

double Critical(std::size_t count) { return 1.9495 / std::sqrt(static_cast<double>(count)); }

// Distribution, range, mean and variance of U(low, high), and no value that comes twice
// as often as chance lets it.
void ExpectUniform(const Samples& samples, double low, double high) {
  const auto count = static_cast<double>(samples.size());
  EXPECT_LT(DistanceFromUniform(samples, low, high), Critical(samples.size()));
  double sum = 0;
  for (const double sample : samples) {
    ASSERT_GE(sample, low);
    ASSERT_LT(sample, high) << "a wait as long as the bound: an atom";
    sum += sample;
  }
  const double mean = sum / count;
  double squares = 0;
  for (const double sample : samples) squares += (sample - mean) * (sample - mean);
  const double variance = squares / (count - 1);
  const double width = high - low;
  const double expected_variance = width * width / 12;
  EXPECT_NEAR(mean, (low + high) / 2, 4 * std::sqrt(expected_variance / count));
  // The variance of a uniform sample's variance: (kurtosis - 1) / n with kurtosis 9/5.
  EXPECT_NEAR(variance, expected_variance, 4 * expected_variance * std::sqrt(0.8 / count));
  Samples sorted = samples;
  std::sort(sorted.begin(), sorted.end());
  const auto distinct = std::unique(sorted.begin(), sorted.end()) - sorted.begin();
  EXPECT_GT(static_cast<double>(distinct), 0.99 * count);
}

TEST(RetryJitterTest, TheDistanceTellsAWrongDistribution) {
  Samples samples = Draw(Policy(Jitter::kFull), 3, absl::ZeroDuration(), 1);
  EXPECT_GT(DistanceFromUniform(samples, 0, 9.5), Critical(samples.size()));
  EXPECT_GT(DistanceFromUniform(samples, 0.3, 9), Critical(samples.size()));
  for (double& sample : samples) sample = std::min(sample, 8.5);  // an atom at a cap
  EXPECT_GT(DistanceFromUniform(samples, 0, 9), Critical(samples.size()));
}

TEST(RetryJitterTest, NoneIsAPowerOfTheMultiplierUpToTheCap) {
  RetryPolicy policy = Policy(Jitter::kNone);
  for (const double uniform : {0.0, 0.5, 0.999}) {
    EXPECT_EQ(NextBackoff(policy, 1, absl::ZeroDuration(), uniform), absl::Seconds(1));
    EXPECT_EQ(NextBackoff(policy, 2, absl::Seconds(1), uniform), absl::Seconds(3));
    EXPECT_EQ(NextBackoff(policy, 3, absl::Seconds(3), uniform), absl::Seconds(9));
    EXPECT_EQ(NextBackoff(policy, 4, absl::Seconds(9), uniform), absl::Seconds(20));
    EXPECT_EQ(NextBackoff(policy, 5, absl::Seconds(20), uniform), absl::Seconds(20));
  }
  policy.multiplier = 1;
  EXPECT_EQ(NextBackoff(policy, 1'000'000, absl::Seconds(1), 0.5), absl::Seconds(1));
  policy.multiplier = 2;
  policy.base = absl::Milliseconds(100);
  EXPECT_EQ(NextBackoff(policy, 5, absl::ZeroDuration(), 0.5), absl::Milliseconds(1600));
}

TEST(RetryJitterTest, FullIsUniformFromZero) {
  const RetryPolicy policy = Policy(Jitter::kFull);
  ExpectUniform(Draw(policy, 1, absl::ZeroDuration(), 11), 0, 1);
  ExpectUniform(Draw(policy, 3, absl::Seconds(1), 12), 0, 9);
}

TEST(RetryJitterTest, EqualIsUniformInTheUpperHalf) {
  const RetryPolicy policy = Policy(Jitter::kEqual);
  ExpectUniform(Draw(policy, 1, absl::ZeroDuration(), 21), 0.5, 1);
  ExpectUniform(Draw(policy, 3, absl::Seconds(1), 22), 4.5, 9);
}

TEST(RetryJitterTest, DecorrelatedIsUniformFromBaseToThriceTheWaitBefore) {
  const RetryPolicy policy = Policy(Jitter::kDecorrelated);
  ExpectUniform(Draw(policy, 1, absl::ZeroDuration(), 31), 1, 3);
  ExpectUniform(Draw(policy, 2, absl::Milliseconds(2500), 32), 1, 7.5);
  // The number of failures alone changes nothing.
  EXPECT_EQ(NextBackoff(policy, 2, absl::Seconds(2), 0.25),
            NextBackoff(policy, 9, absl::Seconds(2), 0.25));
}

TEST(RetryJitterTest, JitterSurvivesTheCap) {
  ExpectUniform(Draw(Policy(Jitter::kFull), 50, absl::Seconds(20), 41), 0, 20);
  ExpectUniform(Draw(Policy(Jitter::kEqual), 50, absl::Seconds(20), 42), 10, 20);
  ExpectUniform(Draw(Policy(Jitter::kDecorrelated), 50, absl::Seconds(15), 43), 1, 20);
  RetryPolicy flat = Policy(Jitter::kFull);
  flat.cap = flat.base;
  ExpectUniform(Draw(flat, 1, absl::ZeroDuration(), 44), 0, 1);
  flat.jitter = Jitter::kEqual;
  ExpectUniform(Draw(flat, 2, absl::ZeroDuration(), 45), 0.5, 1);
}

// Many clients that go on failing, each wait made from the one before.
TEST(RetryJitterTest, DecorrelatedWaitsOfManyClientsNeverMeet) {
  const RetryPolicy policy = Policy(Jitter::kDecorrelated);
  internal::SplitMix64 random(51);
  Samples at_the_cap;  // those whose bound is the cap and not the wait before
  std::vector<absl::Duration> all;
  for (int client = 0; client < 500; ++client) {
    absl::Duration wait = absl::ZeroDuration();
    for (int failures = 1; failures <= 100; ++failures) {
      const bool capped = 3 * wait >= policy.cap;
      wait = NextBackoff(policy, failures, wait, random.NextUniform());
      ASSERT_GE(wait, policy.base);
      ASSERT_LT(wait, policy.cap);
      all.push_back(wait);
      if (capped) at_the_cap.push_back(absl::ToDoubleSeconds(wait));
    }
  }
  ASSERT_GT(at_the_cap.size(), all.size() / 4) << "the cap matters here";
  ExpectUniform(at_the_cap, 1, 20);
  std::sort(all.begin(), all.end());
  EXPECT_GT(std::unique(all.begin(), all.end()) - all.begin(), 49'990);
}

TEST(RetryJitterTest, AnyNumberOfFailuresStaysBelowTheCap) {
  constexpr int kMost = std::numeric_limits<int>::max();
  for (const Jitter jitter :
       {Jitter::kNone, Jitter::kFull, Jitter::kEqual, Jitter::kDecorrelated}) {
    for (const double multiplier : {1.0, 1.0000001, 2.0, 1e10, 1e308}) {
      for (const absl::Duration cap :
           {absl::Seconds(20), absl::Hours(1'000'000),
            absl::Seconds(std::numeric_limits<std::int64_t>::max() - 1)}) {
        RetryPolicy policy = Policy(jitter);
        policy.multiplier = multiplier;
        policy.cap = cap;
        ASSERT_TRUE(policy.Validate().ok()) << policy.Validate();
        for (const int failures : {1, 2, 31, 64, 1'000, 1'000'000, kMost - 1, kMost}) {
          for (const double uniform : {0.0, 0.5, 1 - 0x1p-53}) {
            const absl::Duration wait = NextBackoff(policy, failures, cap, uniform);
            EXPECT_GE(wait, absl::ZeroDuration());
            EXPECT_LE(wait, cap) << failures << " failures, multiplier " << multiplier;
          }
        }
      }
    }
  }
}

TEST(RetryJitterTest, APreviousWaitOfAnySizeIsHarmless) {
  const RetryPolicy policy = Policy(Jitter::kDecorrelated);
  for (const absl::Duration previous :
       {-absl::InfiniteDuration(), absl::Seconds(-5), absl::ZeroDuration(), absl::Nanoseconds(1),
        absl::Seconds(std::numeric_limits<std::int64_t>::max()), absl::InfiniteDuration()}) {
    EXPECT_EQ(NextBackoff(policy, 2, previous, 0), policy.base);
    EXPECT_GT(NextBackoff(policy, 2, previous, 0.5), policy.base);
    EXPECT_LT(NextBackoff(policy, 2, previous, 0.5), policy.cap);
  }
}

}  // namespace
}  // namespace weft
