// SPDX-License-Identifier: Apache-2.0
//
// How pools end: by whom, when, and with what still to do.

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/thread_pool.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::MakePool;

bool SaysShutDown(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) &&
         std::string(status.message()).find("shut down") != std::string::npos;
}

TEST(ThreadPoolShutdownTest, NothingIsTakenAfterwards) {
  const auto pool = MakePool({.threads = 2});
  for (int call = 0; call < 3; ++call) {
    EXPECT_TRUE(pool->Shutdown(call == 1 ? ShutdownMode::kCancel : ShutdownMode::kDrain).ok());
    EXPECT_TRUE(SaysShutDown(pool->Submit([] { FAIL(); })));
    EXPECT_TRUE(SaysShutDown(pool->Resize(4)));
    EXPECT_EQ(pool->thread_count(), 0);
  }
}

TEST(ThreadPoolShutdownTest, DrainingRunsWhatWasSubmitted) {
  const auto pool = MakePool({.threads = 3});
  std::atomic<int> ran{0};
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(pool->Submit([&] { ++ran; }).ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(ran, 1000);
}

// Functions that destroyed ones had captured are destroyed, too.
TEST(ThreadPoolShutdownTest, CancellingDestroysWhatHasNotBegun) {
  const auto pool = MakePool({});
  testing::Gate gate;
  std::atomic<int> ran{0};
  EXPECT_TRUE(pool->Submit([&] {
                    gate.Pass();
                    ++ran;
                  })
                  .ok());
  gate.AwaitEntered();
  const auto kept = std::make_shared<int>(0);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(pool->Submit([&ran, kept] { ++ran; }).ok());
  EXPECT_EQ(kept.use_count(), 101);
  std::thread canceller([&] {
    EXPECT_TRUE(pool->Shutdown(ShutdownMode::kCancel).ok());
    EXPECT_EQ(ran, 1) << "it has waited for the one under way";
    EXPECT_EQ(kept.use_count(), 1);
  });
  int more = 0;
  while (pool->Submit([] {}).ok()) ++more;
  gate.Open();
  canceller.join();
  EXPECT_EQ(pool->cancelled_count(), 100 + more);
  EXPECT_EQ(pool->failed_count(), 0);
}

TEST(ThreadPoolShutdownTest, AFunctionCannotDoIt) {
  const auto pool = MakePool({.threads = 2});
  const auto other = MakePool({});
  absl::Status refused;
  absl::Status of_other;
  const auto shuts_down = [&] {
    refused = pool->Shutdown();
    of_other = other->Shutdown();
  };
  EXPECT_TRUE(pool->Submit(shuts_down).ok());
  while (other->thread_count() > 0) std::this_thread::yield();
  EXPECT_TRUE(pool->Submit([] {}).ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("wait for itself"));
  EXPECT_TRUE(of_other.ok());
}

TEST(ThreadPoolShutdownTest, SeveralAtOnceReturnWhenAllIsDone) {
  for (int round = 0; round < 200; ++round) {
    const auto pool = MakePool({.threads = 3});
    std::atomic<int> called{0};
    struct CountsItsEnd {
      explicit CountsItsEnd(std::atomic<int>* its_called) : called(its_called) {}
      CountsItsEnd(CountsItsEnd&& other) noexcept : called(std::exchange(other.called, nullptr)) {}
      CountsItsEnd(const CountsItsEnd&) = delete;
      CountsItsEnd& operator=(const CountsItsEnd&) = delete;
      CountsItsEnd& operator=(CountsItsEnd&&) = delete;
      ~CountsItsEnd() {
        if (called != nullptr) ++*called;
      }
      std::atomic<int>* called;
    };
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(pool->Submit([end = CountsItsEnd(&called)] {}).ok());
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, mode = t == 2 ? ShutdownMode::kCancel : ShutdownMode::kDrain] {
        EXPECT_TRUE(pool->Shutdown(mode).ok());
        EXPECT_EQ(called, 20);
        EXPECT_EQ(pool->thread_count(), 0);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(ThreadPoolShutdownTest, DestroyingDrainsWhenAskedTo) {
  std::atomic<int> ran{0};
  {
    const auto pool = MakePool({.threads = 2, .on_destroy = ShutdownMode::kDrain});
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(pool->Submit([&] { ++ran; }).ok());
  }
  EXPECT_EQ(ran, 500);
}

TEST(ThreadPoolShutdownTest, DestroyingCancelsByDefaultAndReturns) {
  std::atomic<int> ran{0};
  testing::Gate gate;
  std::thread destroyer;
  {
    auto pool = MakePool({});
    ThreadPool& same = *pool;
    EXPECT_TRUE(same.Submit([&] { gate.Pass(); }).ok());
    gate.AwaitEntered();
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(same.Submit([&] { ++ran; }).ok());
    EXPECT_TRUE(same.Submit([] {}, 10).ok());
    destroyer = std::thread([pool = std::move(pool)]() mutable { pool.reset(); });
  }
  gate.Open();  // before, or while, it is destroyed
  destroyer.join();
  EXPECT_LE(ran, 10);
}

// Every function that was taken is called, run or destroyed, whoever comes first.
TEST(ThreadPoolShutdownTest, AgainstSubmittersLosesNothing) {
  for (unsigned seed = 1; seed <= (WEFT_SANITIZED ? 50u : 300u); ++seed) {
    std::mt19937 random(seed);
    const auto pool = MakePool({.threads = 1 + static_cast<int>(random() % 4),
                                .max_queued = random() % 2 == 0 ? 3 : 1000});
    std::atomic<int> taken{0};
    std::atomic<int> ran{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        absl::Status submitted;
        while ((submitted = pool->Submit([&] { ++ran; })).ok()) ++taken;
        EXPECT_TRUE(SaysShutDown(submitted)) << submitted;
      });
    }
    const int enough = static_cast<int>(random() % 100);
    while (taken < enough) std::this_thread::yield();
    const bool cancels = random() % 2 == 0;
    EXPECT_TRUE(pool->Shutdown(cancels ? ShutdownMode::kCancel : ShutdownMode::kDrain).ok());
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(ran + pool->cancelled_count(), taken) << "seed " << seed;
    if (!cancels) {
      EXPECT_EQ(pool->cancelled_count(), 0);
    }
  }
}

// Made, used and destroyed, at any moment of their work.
TEST(ThreadPoolShutdownTest, ManyShortLives) {
  for (unsigned seed = 1; seed <= (WEFT_SANITIZED ? 200u : 2000u); ++seed) {
    std::mt19937 random(seed);
    std::atomic<int> ran{0};
    int expected = 0;
    {
      const bool drains = random() % 2 == 0;
      const auto pool =
          MakePool({.threads = 1 + static_cast<int>(random() % 4),
                    .on_destroy = drains ? ShutdownMode::kDrain : ShutdownMode::kCancel});
      const int functions = static_cast<int>(random() % 10);
      for (int i = 0; i < functions; ++i) EXPECT_TRUE(pool->Submit([&] { ++ran; }).ok());
      if (random() % 3 == 0) {
        EXPECT_TRUE(pool->Resize(1 + static_cast<int>(random() % 4)).ok());
      }
      expected = drains ? functions : -1;
    }
    if (expected >= 0) {
      ASSERT_EQ(ran, expected) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace weft
