// SPDX-License-Identifier: Apache-2.0
//
// Pumps that were asked for: each is served once, by whoever comes, and becomes late when
// nobody does. Time is a number that the tests choose.

#include "weft/scheduler/internal/pumps.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "gtest/gtest.h"

#include "weft/scheduler/internal/late_watch.h"
#include "weft/scheduler/internal/spare_threads.h"

namespace weft::internal {
namespace {

using std::chrono::milliseconds;
using Asked = Pumps::Asked;

constexpr milliseconds kPatience{100};

Pumps::TimePoint At(int time_ms) { return Pumps::TimePoint(milliseconds(time_ms)); }

// Keeps the slots of all calls of Drain, in order.
class NotingSource final : public WorkSource {
 public:
  void Drain(int slot) noexcept override {
    const std::lock_guard<std::mutex> lock(mu_);
    slots_.push_back(slot);
  }
  std::vector<int> slots() const {
    const std::lock_guard<std::mutex> lock(mu_);
    return slots_;
  }

 private:
  mutable std::mutex mu_;
  std::vector<int> slots_;
};

class PumpsTest : public ::testing::Test {
 protected:
  PumpsTest() { pumps_.Start(&source_); }

  NotingSource source_;
  Pumps pumps_{4, {}, kPatience};
};

TEST_F(PumpsTest, TheOldestRequestIsServedFirst) {
  pumps_.Ask(2, At(0));
  pumps_.Ask(0, At(1));
  pumps_.RunNext();
  pumps_.RunNext();
  EXPECT_EQ(source_.slots(), (std::vector<int>{2, 0}));
  pumps_.Stop();
}

TEST_F(PumpsTest, ACallWithoutARequestDoesNothing) {
  pumps_.RunNext();
  pumps_.Ask(1, At(0));
  pumps_.RunNext();
  pumps_.RunNext();
  EXPECT_EQ(source_.slots(), (std::vector<int>{1}));
  pumps_.Stop();
  pumps_.RunNext();  // lingers
  EXPECT_EQ(source_.slots().size(), 1u);
}

TEST_F(PumpsTest, ARequestIsLateWhenPatienceHasPassed) {
  pumps_.Ask(3, At(10));
  EXPECT_FALSE(pumps_.WatchOver(At(109)).late);
  EXPECT_EQ(pumps_.WatchOver(At(109)).until, At(110));
  EXPECT_EQ(pumps_.late(), 0);
  EXPECT_TRUE(pumps_.WatchOver(At(110)).late);
  EXPECT_EQ(pumps_.late(), 1);
  EXPECT_FALSE(pumps_.WatchOver(At(1000)).late) << "somebody has been called for it";
  pumps_.RunNext();
  EXPECT_EQ(source_.slots(), (std::vector<int>{3}));
  pumps_.Stop();
}

// A call of an old request, which somebody else served, comes when there is a new one.
TEST_F(PumpsTest, AnOldCallServesANewRequestOnce) {
  pumps_.Ask(3, At(0));
  EXPECT_TRUE(pumps_.WatchOver(At(100)).late);
  pumps_.RunNext();
  pumps_.Ask(3, At(200));
  pumps_.RunNext();
  pumps_.RunNext();
  EXPECT_EQ(source_.slots(), (std::vector<int>{3, 3}));
  EXPECT_EQ(pumps_.WatchOver(At(1000)).until, std::nullopt);
  EXPECT_EQ(pumps_.late(), 1);
  pumps_.Stop();
}

TEST_F(PumpsTest, NothingIsWatchedWhenNothingIsAskedFor) {
  EXPECT_EQ(pumps_.Ask(0, At(0)), Asked::kToWatch);
  EXPECT_EQ(pumps_.Ask(1, At(1)), Asked::kYes) << "there is a watch now";
  pumps_.RunNext();
  EXPECT_EQ(pumps_.WatchOver(At(2)).until, At(101));
  pumps_.RunNext();
  EXPECT_EQ(pumps_.WatchOver(At(101)).until, std::nullopt);
  EXPECT_EQ(pumps_.Ask(0, At(200)), Asked::kToWatch);
  pumps_.StopWatching();  // there was no thread for it
  EXPECT_EQ(pumps_.Ask(1, At(201)), Asked::kToWatch);
  pumps_.RunNext();
  pumps_.RunNext();
  pumps_.Stop();
}

TEST_F(PumpsTest, WithoutAThreadALateRequestIsLateAgain) {
  pumps_.Ask(0, At(0));
  EXPECT_TRUE(pumps_.WatchOver(At(100)).late);
  pumps_.NotCalled(At(105));
  EXPECT_EQ(pumps_.late(), 0);
  EXPECT_EQ(pumps_.WatchOver(At(106)).until, At(205));
  EXPECT_TRUE(pumps_.WatchOver(At(205)).late);
  pumps_.RunNext();
  EXPECT_EQ(source_.slots(), (std::vector<int>{0}));
  pumps_.Stop();
}

TEST_F(PumpsTest, ARequestCanBeTakenBackUntilItIsServed) {
  pumps_.Ask(0, At(0));
  pumps_.Ask(1, At(0));
  EXPECT_TRUE(pumps_.TakeBack(1));
  pumps_.RunNext();
  EXPECT_FALSE(pumps_.TakeBack(0));
  EXPECT_EQ(source_.slots(), (std::vector<int>{0}));
  pumps_.Stop();  // neither is waited for
  EXPECT_EQ(pumps_.Ask(0, At(0)), Asked::kNo);
}

// Counts down with each call of Drain.
class CountingSource final : public WorkSource {
 public:
  explicit CountingSource(int calls) : left_(calls) {}
  void Drain(int) noexcept override { left_.DecrementCount(); }
  void Await() { left_.Wait(); }

 private:
  absl::BlockingCounter left_;
};

// Requests that are late from the start, and no other thread that could serve them.
TEST(LateWatchTest, LateRequestsAreServedByThreadsOfOurs) {
  constexpr int kRequests = 200;
  CountingSource source(kRequests);
  const auto pumps = std::make_shared<Pumps>(4, WorkerHooks{}, milliseconds(0));
  pumps->Start(&source);
  SpareThreads threads;
  LateWatch watch(pumps, threads);
  for (int i = 0; i < kRequests; ++i) {
    if (pumps->Ask(i % 4, StdPlatform::Now()) == Asked::kToWatch) watch.Wake();
  }
  source.Await();
  pumps->Stop();
  EXPECT_EQ(pumps->late(), kRequests);
}

// The same while other threads serve them, too.
TEST(LateWatchTest, EachRequestIsServedOnceWhoeverComesFirst) {
  constexpr int kThreads = 3;
  constexpr int kEach = 500;
  CountingSource source(kThreads * kEach);  // fails on one call more
  const auto pumps = std::make_shared<Pumps>(4, WorkerHooks{}, milliseconds(0));
  pumps->Start(&source);
  SpareThreads spare;
  LateWatch watch(pumps, spare);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < kEach; ++k) {
        if (pumps->Ask(k % 4, StdPlatform::Now()) == Asked::kToWatch) watch.Wake();
        pumps->RunNext();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  source.Await();
  pumps->Stop();
}

}  // namespace
}  // namespace weft::internal
