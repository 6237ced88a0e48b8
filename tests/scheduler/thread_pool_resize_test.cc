// SPDX-License-Identifier: Apache-2.0
//
// The number of threads of a pool changes while functions run. Functions that meet show that as
// many run at once as asked for; a count of those that are inside, that no more do.

#include <array>
#include <atomic>
#include <cstddef>
#include <latch>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/thread_pool.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::MakePool;

// Shared: those that meet leave it one by one.
using Meeting = std::shared_ptr<std::latch>;

void SubmitThatMeet(ThreadPool& pool, const Meeting& together, int functions) {
  for (int i = 0; i < functions; ++i) {
    EXPECT_TRUE(pool.Submit([together] { together->arrive_and_wait(); }).ok());
  }
}

void ExpectThatManyMeet(ThreadPool& pool, int functions) {
  const auto together = std::make_shared<std::latch>(functions + 1);
  SubmitThatMeet(pool, together, functions);
  together->arrive_and_wait();
}

// How many functions are inside at once.
class Crowd {
 public:
  void Pass() {
    const int now = ++inside_;
    int most = most_.load();
    while (now > most && !most_.compare_exchange_weak(most, now)) {
    }
    --inside_;
  }
  int most() const { return most_; }

 private:
  std::atomic<int> inside_{0};
  std::atomic<int> most_{0};
};

TEST(ThreadPoolResizeTest, RefusesANumberThatMakesNoSense) {
  const auto pool = MakePool({.threads = 3});
  for (const int threads : {0, -1, ThreadPool::kMaxThreads + 1}) {
    const absl::Status refused = pool->Resize(threads);
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr(std::to_string(threads) + ", expected 1 to 1024"));
  }
  EXPECT_EQ(pool->width(), 3);
  ExpectThatManyMeet(*pool, 3);
}

TEST(ThreadPoolResizeTest, RefusesAfterAShutdown) {
  const auto pool = MakePool({.threads = 2});
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(pool->Resize(3)));
  EXPECT_EQ(pool->width(), 2);
}

TEST(ThreadPoolResizeTest, TheWidthFollows) {
  const auto pool = MakePool({.threads = 2});
  for (const int threads : {5, 1, 1, 17, 2}) {
    EXPECT_TRUE(pool->Resize(threads).ok());
    EXPECT_EQ(pool->width(), threads);
    ExpectThatManyMeet(*pool, threads);
  }
}

TEST(ThreadPoolResizeTest, ThreadsComeAtOnceForWhatWaits) {
  const auto pool = MakePool({});
  const auto together = std::make_shared<std::latch>(9);
  SubmitThatMeet(*pool, together, 8);
  EXPECT_TRUE(pool->Resize(8).ok());
  together->arrive_and_wait();
}

TEST(ThreadPoolResizeTest, AFunctionMayBringThreadsForWhatItHasSubmitted) {
  const auto pool = MakePool({});
  const auto together = std::make_shared<std::latch>(8 + 1);
  const auto brings = [&pool, together] {
    SubmitThatMeet(*pool, together, 7);
    EXPECT_TRUE(pool->Resize(8).ok());
    together->arrive_and_wait();
  };
  EXPECT_TRUE(pool->Submit(brings).ok());
  together->arrive_and_wait();
}

TEST(ThreadPoolResizeTest, SurplusThreadsEndAfterTheirFunction) {
  absl::BlockingCounter stops(2);
  std::atomic<bool> counts{true};
  const auto pool = MakePool({.threads = 4, .hooks = {.stop = [&] {
                                              if (counts) stops.DecrementCount();
                                            }}});
  std::latch entered(4);
  absl::Notification open;
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(pool->Submit([&] {
                      entered.count_down();
                      open.WaitForNotification();
                    })
                    .ok());
  }
  entered.wait();
  Crowd crowd;
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(pool->Submit([&] { crowd.Pass(); }).ok());
  EXPECT_TRUE(pool->Resize(2).ok());
  EXPECT_EQ(pool->thread_count(), 4);
  open.Notify();
  stops.Wait();
  counts = false;
  EXPECT_EQ(pool->thread_count(), 2);
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_LE(crowd.most(), 2);
}

TEST(ThreadPoolResizeTest, IdleThreadsThatAreTooManyEnd) {
  absl::BlockingCounter stops(13);
  std::atomic<bool> counts{true};
  const auto pool = MakePool({.threads = 16, .hooks = {.stop = [&] {
                                               if (counts) stops.DecrementCount();
                                             }}});
  ExpectThatManyMeet(*pool, 16);
  EXPECT_TRUE(pool->Resize(3).ok());
  stops.Wait();
  counts = false;
  EXPECT_EQ(pool->thread_count(), 3);
  ExpectThatManyMeet(*pool, 3);
}

// Random widths from two threads and from inside functions, while functions come in; in the end
// while the pool shuts down.
class RandomResizes {
 public:
  static constexpr int kRounds = WEFT_SANITIZED ? 8 : 80;
  static constexpr int kFunctions = 100;   // a round, of each thread
  static constexpr int kResizes = 50;      // a round, of each thread
  static constexpr int kMostThreads = 64;  // functions add another 25 resizes a round

  explicit RandomResizes(unsigned seed) : seed_(seed), random_(seed) {}

  void Run() {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<std::thread> threads;
      for (const int number : {0, 1}) {
        threads.emplace_back([this, round, number] { SubmitAndResize(2 * round + number); });
      }
      if (round + 1 == kRounds) {
        EXPECT_TRUE(pool_->Shutdown().ok()) << "seed " << seed_;
      }
      for (std::thread& thread : threads) thread.join();
      if (round % 20 == 10) ExpectThatManyThreads(1 + Below(random_, kMostThreads));
    }
    EXPECT_EQ(pool_->thread_count(), 0);
    for (std::size_t i = 0; i < ran_.size(); ++i) {
      EXPECT_EQ(ran_[i], taken_[i] ? 1 : 0) << "seed " << seed_;
    }
    EXPECT_EQ(pool_->failed_starts(), 0);
    EXPECT_GE(resizes_, kRounds * 2 * kResizes);
  }

 private:
  static int Below(std::mt19937& random, int bound) {
    return std::uniform_int_distribution<int>(0, bound - 1)(random);
  }

  void Resize(int threads) {
    const absl::Status resized = pool_->Resize(threads);
    EXPECT_TRUE(resized.ok() || absl::IsFailedPrecondition(resized)) << resized;
    ++resizes_;
  }

  void SubmitAndResize(int part) {
    std::mt19937 random(seed_ + static_cast<unsigned>(part));
    for (int i = 0; i < kFunctions; ++i) {
      const auto number = static_cast<std::size_t>(part * kFunctions + i);
      const auto function = [this, number, resizes = Below(random, 8) == 0,
                             to = 1 + Below(random, kMostThreads)] {
        ++ran_[number];
        if (resizes) Resize(to);
        ++ended_;
      };
      taken_[number] = pool_->Submit(function, Below(random, 12) - 1).ok();
      if (taken_[number]) ++all_taken_;
      if (i % 2 == 0) Resize(1 + Below(random, kMostThreads));
    }
  }

  void ExpectThatManyThreads(int threads) {
    while (ended_ != all_taken_) std::this_thread::yield();  // nobody else changes the width
    EXPECT_TRUE(pool_->Resize(threads).ok());
    ExpectThatManyMeet(*pool_, threads);
    while (pool_->thread_count() != threads) std::this_thread::yield();
  }

  const unsigned seed_;
  std::mt19937 random_;
  const std::unique_ptr<ThreadPool> pool_ = MakePool({.threads = 2});
  static constexpr std::size_t kAll = static_cast<std::size_t>(kRounds) * 2 * kFunctions;
  std::array<std::atomic<int>, kAll> ran_{};
  std::array<std::atomic<bool>, kAll> taken_{};
  std::atomic<int> all_taken_{0};
  std::atomic<int> ended_{0};
  std::atomic<int> resizes_{0};
};

TEST(ThreadPoolResizeTest, TenThousandRandomResizesLoseAndDoubleNothing) {
  RandomResizes(/*seed=*/29).Run();
}

}  // namespace
}  // namespace weft
