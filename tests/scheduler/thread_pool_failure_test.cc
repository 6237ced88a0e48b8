// SPDX-License-Identifier: Apache-2.0
//
// What functions of a pool throw, return, and do when they are destroyed.

#include <atomic>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/thread_pool.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::MakePool;

struct Silent : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

struct MoveOnly {
  MoveOnly() = default;
  MoveOnly(MoveOnly&&) = default;
  MoveOnly(const MoveOnly&) = delete;
  MoveOnly& operator=(const MoveOnly&) = delete;
  MoveOnly& operator=(MoveOnly&&) = delete;
};

// Throws when it is destroyed, unless it was moved from, and counts that.
class Bomb {
 public:
  explicit Bomb(std::atomic<int>* thrown) : thrown_(thrown) {}
  Bomb(Bomb&& other) noexcept : thrown_(std::exchange(other.thrown_, nullptr)) {}
  Bomb(const Bomb&) = delete;
  Bomb& operator=(const Bomb&) = delete;
  Bomb& operator=(Bomb&&) = delete;
  ~Bomb() noexcept(false) {
    if (thrown_ == nullptr) return;
    ++*thrown_;
    throw std::runtime_error("in destructor");
  }

 private:
  std::atomic<int>* thrown_;
};

// A function that cannot be copied.
struct Brittle {
  Brittle() = default;
  Brittle(const Brittle&) { throw std::runtime_error("in copy"); }
  Brittle& operator=(const Brittle&) = delete;
  void operator()() const {}
};

TEST(ThreadPoolFailureTest, AnythingThrownIsCountedAndKept) {
  const auto pool = MakePool({});
  std::atomic<int> ran{0};
  EXPECT_TRUE(pool->Submit([] { throw std::runtime_error("oops"); }).ok());
  EXPECT_TRUE(pool->Submit([] { throw 17; }).ok());
  EXPECT_TRUE(pool->Submit([] { throw "a text"; }).ok());
  EXPECT_TRUE(pool->Submit([] { throw std::string("a string"); }).ok());
  EXPECT_TRUE(pool->Submit([] { throw Silent(); }).ok());
  EXPECT_TRUE(pool->Submit([] { throw MoveOnly(); }).ok());
  EXPECT_TRUE(pool->Submit([] { throw std::exception_ptr(); }).ok());
  EXPECT_TRUE(pool->Submit([] { throw static_cast<const char*>(nullptr); }).ok());
  EXPECT_TRUE(pool->Submit([] { return absl::AbortedError("an error"); }).ok());
  EXPECT_TRUE(pool->Submit([&] { ++ran; }).ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(pool->failed_count(), 9);
  const std::vector<absl::Status> failures = pool->failures();
  const char* const texts[] = {"oops",        "the number 17",  "a text",
                               "a string",    "without a text", "has no text",
                               "has no text", "a null string",  "an error"};
  ASSERT_EQ(failures.size(), std::size(texts));
  for (std::size_t i = 0; i < failures.size(); ++i) {
    EXPECT_EQ(failures[i].code(), i == 8 ? absl::StatusCode::kAborted : absl::StatusCode::kUnknown);
    EXPECT_THAT(std::string(failures[i].message()), HasSubstr(texts[i]));
  }
}

TEST(ThreadPoolFailureTest, EveryOneCountsAndTheFirstThousandAreKept) {
  const auto pool = MakePool({.threads = 4});
  for (int i = 0; i < 1500; ++i) EXPECT_TRUE(pool->Submit([] { throw 1; }).ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(pool->failed_count(), 1500);
  EXPECT_EQ(pool->failures().size(), 1000u);
}

TEST(ThreadPoolFailureTest, ADestructorThatThrowsFailsItsFunctionAlone) {
  const auto pool = MakePool({.threads = 2});
  std::atomic<int> thrown{0};
  std::atomic<int> ran{0};
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(pool->Submit([&ran, bomb = Bomb(&thrown)] { ++ran; }).ok());
    EXPECT_TRUE(pool->Submit([&ran] { ++ran; }).ok());
  }
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(ran, 40);
  EXPECT_EQ(thrown, 20);
  EXPECT_EQ(pool->failed_count(), 20);
  EXPECT_THAT(std::string(pool->failures().front().message()), HasSubstr("in destructor"));
}

TEST(ThreadPoolFailureTest, AFunctionFailsOnceWhateverItsDestructorThrows) {
  const auto pool = MakePool({});
  std::atomic<int> thrown{0};
  EXPECT_TRUE(pool->Submit([bomb = Bomb(&thrown)] { throw std::runtime_error("first"); }).ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(thrown, 1);
  ASSERT_EQ(pool->failed_count(), 1);
  EXPECT_THAT(std::string(pool->failures().front().message()), HasSubstr("first"));
}

TEST(ThreadPoolFailureTest, DestructorsOfWhatDoesNotRunMayThrow) {
  std::atomic<int> thrown{0};
  testing::Gate gate;
  const auto pool = MakePool({.max_queued = 3, .when_full = ThreadPoolOptions::WhenFull::kRefuse});
  EXPECT_TRUE(pool->Submit([&] { gate.Pass(); }).ok());
  gate.AwaitEntered();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool->Submit([bomb = Bomb(&thrown)] {}).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(pool->Submit([bomb = Bomb(&thrown)] {})));
  EXPECT_EQ(thrown, 1);
  std::thread canceller([&] { EXPECT_TRUE(pool->Shutdown(ShutdownMode::kCancel).ok()); });
  while (absl::IsResourceExhausted(pool->Submit([] {}))) std::this_thread::yield();
  gate.Open();
  canceller.join();
  EXPECT_EQ(thrown, 4);
  EXPECT_EQ(pool->cancelled_count(), 3);
  EXPECT_EQ(pool->failed_count(), 4);
}

TEST(ThreadPoolFailureTest, AFunctionThatCannotBeCopiedIsNotTaken) {
  const auto pool = MakePool({});
  const Brittle brittle;
  const absl::Status refused = pool->Submit(brittle);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnknown);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("in copy"));
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(pool->failed_count(), 0);
}

// Functions are destroyed outside every lock.
TEST(ThreadPoolFailureTest, ADestructorMayUseThePool) {
  const auto pool = MakePool({});
  std::atomic<int> ran{0};
  struct Submits {
    Submits(ThreadPool* its_pool, std::atomic<int>* its_ran) : pool(its_pool), ran(its_ran) {}
    Submits(Submits&& other) noexcept : pool(std::exchange(other.pool, nullptr)), ran(other.ran) {}
    Submits(const Submits&) = delete;
    Submits& operator=(const Submits&) = delete;
    Submits& operator=(Submits&&) = delete;
    ~Submits() {
      if (pool == nullptr) return;
      EXPECT_TRUE(pool->Submit([r = ran] { ++*r; }).ok());
      EXPECT_TRUE(pool->Resize(2).ok());
      EXPECT_TRUE(absl::IsFailedPrecondition(pool->Shutdown()));
    }
    ThreadPool* pool;
    std::atomic<int>* ran;
  };
  testing::Gate gate;
  EXPECT_TRUE(pool->Submit([&gate, submits = Submits(pool.get(), &ran)] { gate.Pass(); }).ok());
  gate.AwaitEntered();
  gate.Open();
  while (ran == 0) std::this_thread::yield();
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(pool->failed_count(), 0);
}

#if GTEST_HAS_DEATH_TEST
TEST(ThreadPoolDeathTest, AFunctionThatEndsItsThreadEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        const auto pool = MakePool({});
        pool->Submit([] { pthread_exit(nullptr); }).IgnoreError();
        pool->Shutdown().IgnoreError();
      },
      "has ended its thread");
}

TEST(ThreadPoolDeathTest, APoolIsNotDestroyedByItsOwnFunction) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto pool = MakePool({});
        ThreadPool& same = *pool;
        same.Submit([&pool] { pool.reset(); }).IgnoreError();
        same.Shutdown().IgnoreError();
      },
      "would wait for itself");
}
#endif

}  // namespace
}  // namespace weft
