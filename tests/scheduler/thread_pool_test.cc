// SPDX-License-Identifier: Apache-2.0
//
// What a pool does with what it is given: once each, in order, as many at once as asked for.

#include "weft/scheduler/thread_pool.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <latch>
#include <memory>
#include <pthread.h>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::MakePool;
using WhenFull = ThreadPoolOptions::WhenFull;

TEST(ThreadPoolTest, RefusesNumbersThatMakeNoSense) {
  for (const int threads : {0, -1, ThreadPool::kMaxThreads + 1}) {
    const absl::Status refused = ThreadPool::Create({.threads = threads}).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr(std::to_string(threads) + ", expected 1 to 1024"));
  }
  const absl::Status refused = ThreadPool::Create({.max_queued = 0}).status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("max_queued is 0"));
}

TEST(ThreadPoolTest, EachFunctionRunsOnce) {
  for (const int threads : {1, 2, 8}) {
    const auto pool = MakePool({.threads = threads});
    std::vector<std::atomic<int>> ran(2000);
    for (std::atomic<int>& each : ran) EXPECT_TRUE(pool->Submit([&each] { ++each; }).ok());
    EXPECT_TRUE(pool->Shutdown().ok());
    for (const std::atomic<int>& each : ran) EXPECT_EQ(each, 1);
    EXPECT_EQ(pool->failed_count(), 0);
    EXPECT_EQ(pool->cancelled_count(), 0);
    EXPECT_EQ(pool->thread_count(), 0);
  }
}

TEST(ThreadPoolTest, FunctionsMaySubmitOthers) {
  const auto pool = MakePool({.threads = 3});
  std::atomic<int> ran{0};
  std::latch all(1 + 10 + 100);
  std::function<void(int)> submit = [&](int levels) {
    ++ran;
    for (int i = 0; i < 10 && levels > 0; ++i) {
      EXPECT_TRUE(pool->Submit([&submit, levels] { submit(levels - 1); }).ok());
    }
    all.count_down();
  };
  EXPECT_TRUE(pool->Submit([&] { submit(2); }).ok());
  all.wait();
  EXPECT_EQ(ran, 111);
  EXPECT_TRUE(pool->Shutdown().ok());
}

TEST(ThreadPoolTest, AsManyRunAtOnceAsAskedFor) {
  for (const int threads : {1, 2, 16}) {
    const auto pool = MakePool({.threads = threads});
    EXPECT_EQ(pool->width(), threads);
    std::atomic<int> inside{0};
    std::atomic<bool> too_many{false};
    std::latch together(threads);
    for (int i = 0; i < 10 * threads; ++i) {
      EXPECT_TRUE(pool->Submit([&, meets = i < threads] {
                        if (++inside > threads) too_many = true;
                        if (meets) together.arrive_and_wait();
                        --inside;
                      })
                      .ok());
    }
    EXPECT_TRUE(pool->Shutdown().ok());
    EXPECT_FALSE(too_many);
  }
}

// With one thread: the higher lane first, and in a lane the one that came first.
TEST(ThreadPoolTest, LanesAreStrictAndFirstComeFirstServedInside) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::mt19937 random(seed);
    const auto pool = MakePool({});
    testing::Gate gate;
    EXPECT_TRUE(pool->Submit([&] { gate.Pass(); }).ok());
    gate.AwaitEntered();
    std::vector<std::pair<Lane, int>> expected;
    std::vector<std::pair<Lane, int>> order;
    for (int i = 0; i < 500; ++i) {
      const int priority = static_cast<int>(random() % 30) - 10;
      expected.emplace_back(LaneOf(priority), i);
      const auto note = [&order, each = expected.back()] { order.push_back(each); };
      EXPECT_TRUE(pool->Submit(note, priority).ok());
    }
    EXPECT_EQ(pool->queued_count(), 500u);
    gate.Open();
    EXPECT_TRUE(pool->Shutdown().ok());
    std::stable_sort(expected.begin(), expected.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    EXPECT_EQ(order, expected) << "seed " << seed;
  }
}

TEST(ThreadPoolTest, IdleThreadsAreUsedAgain) {
  constexpr int kJobs = 500;
  const auto pool = MakePool({.threads = kJobs});
  for (int i = 0; i < kJobs; ++i) {
    absl::Notification done;
    EXPECT_TRUE(pool->Submit([&done] { done.Notify(); }).ok());
    done.WaitForNotification();
  }
  // A thread counts as idle some moments after its function has told us: so not just one.
  EXPECT_LT(pool->thread_count(), kJobs / 2);
}

void Count(std::atomic<int>* ran) { ++*ran; }

TEST(ThreadPoolTest, CallablesOfAllKinds) {
  const auto pool = MakePool({.threads = 2});
  std::atomic<int> ran{0};
  const auto counts = [&ran] { ++ran; };
  EXPECT_TRUE(pool->Submit(counts).ok());
  EXPECT_TRUE(pool->Submit(std::function<void()>(counts)).ok());
  EXPECT_TRUE(pool->Submit(absl::AnyInvocable<void()>(counts)).ok());
  EXPECT_TRUE(pool->Submit(std::bind(&Count, &ran)).ok());
  EXPECT_TRUE(pool->Submit([&ran, one = std::make_unique<int>(1)] { ran += *one; }).ok());
  EXPECT_TRUE(
      pool->Submit([&ran, bytes = std::array<char, 5000>{}] { ran += 1 + bytes[77]; }).ok());
  EXPECT_TRUE(pool->Submit([&ran]() mutable -> absl::Status {
                    ++ran;
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(ran, 7);
  EXPECT_EQ(pool->failed_count(), 0);
}

TEST(ThreadPoolTest, NullIsNoFunction) {
  const auto pool = MakePool({});
  void (*const pointer)() = nullptr;
  for (const absl::Status& refused : {pool->Submit(std::function<void()>()), pool->Submit(pointer),
                                      pool->Submit(absl::AnyInvocable<void()>())}) {
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  }
}

// ---- What waits at most.

// A pool whose thread does not take anything before it is told to.
class BoundedPool {
 public:
  BoundedPool(std::int64_t max_queued, WhenFull when_full)
      : pool_(MakePool({.max_queued = max_queued, .when_full = when_full})) {
    EXPECT_TRUE(pool_->Submit([this] { gate_.Pass(); }).ok());
    gate_.AwaitEntered();
  }
  void Open() { gate_.Open(); }
  ThreadPool* operator->() { return pool_.get(); }

 private:
  testing::Gate gate_;
  const std::unique_ptr<ThreadPool> pool_;
};

TEST(ThreadPoolBoundTest, MoreIsRefusedWhereTheOptionSaysSo) {
  BoundedPool pool(3, WhenFull::kRefuse);
  std::atomic<int> ran{0};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool->Submit([&] { ++ran; }).ok());
  for (const int priority : {-1, 0, 10}) {
    const absl::Status refused = pool->Submit([&] { ++ran; }, priority);
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("max_queued"));
  }
  pool.Open();
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(ran, 3);
}

TEST(ThreadPoolBoundTest, SubmittersWaitForRoom) {
  constexpr int kEach = 500;
  const auto pool = MakePool({.threads = 2, .max_queued = 2});
  std::atomic<int> ran{0};
  std::atomic<bool> too_many{false};
  std::vector<std::thread> submitters;
  for (int t = 0; t < 4; ++t) {
    submitters.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(pool->Submit([&] {
                          ++ran;
                          if (pool->queued_count() > 2) too_many = true;
                        })
                        .ok());
      }
    });
  }
  for (std::thread& submitter : submitters) submitter.join();
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(ran, 4 * kEach);
  EXPECT_FALSE(too_many);
}

TEST(ThreadPoolBoundTest, AFunctionThatSubmitsDoesNotWaitForItself) {
  const auto pool = MakePool({.max_queued = 2});
  std::atomic<int> ran{0};
  absl::Notification submitted;
  const auto submits = [&] {
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(pool->Submit([&] { ++ran; }).ok());
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(absl::IsResourceExhausted(pool->Submit([&] { ++ran; })));
    }
    submitted.Notify();
  };
  EXPECT_TRUE(pool->Submit(submits).ok());
  submitted.WaitForNotification();
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(ran, 2);
}

// A task that waits for room leaves its worker to another, here the one that makes the room.
TEST(ThreadPoolBoundTest, ATaskThatWaitsForRoomIsReplaced) {
  BoundedPool pool(1, WhenFull::kBlock);
  EXPECT_TRUE(pool->Submit([] {}).ok());
  const auto scheduler = testing::MakeScheduler(1);
  std::atomic<int> ran{0};
  const auto waits = scheduler->Submit([&] { return pool->Submit([&] { ++ran; }); });
  const auto opens = scheduler->Submit([&] { pool.Open(); });
  EXPECT_TRUE(opens.Get().ok());
  EXPECT_TRUE(waits.Get().ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(ran, 1);
}

// ---- Items that bring their memory.

// Adds itself again until it has run `times` times.
struct ChainedItem : ThreadPool::Item {
  ChainedItem(ThreadPool& its_pool, int its_times) : pool(&its_pool), times(its_times) {
    call = [](ThreadPool::Item& item, bool run) noexcept {
      auto& self = static_cast<ChainedItem&>(item);
      EXPECT_TRUE(run);
      if (++self.ran == self.times) {
        self.done.Notify();
      } else {
        EXPECT_TRUE(self.pool->Enqueue(self));
      }
    };
  }
  ThreadPool* pool;
  int times;
  int ran = 0;
  absl::Notification done;
};

TEST(ThreadPoolItemTest, AnItemMayBeAddedAgainFromItsCall) {
  const auto pool = MakePool({.threads = 2});
  ChainedItem item(*pool, 1000);
  EXPECT_TRUE(pool->Enqueue(item));
  item.done.WaitForNotification();
  EXPECT_EQ(item.ran, 1000);
}

// Notes its number, with a minus where it is not to run.
struct NotingItem : ThreadPool::Item {
  NotingItem(std::vector<int>* its_notes, int its_number) : notes(its_notes), number(its_number) {
    call = [](ThreadPool::Item& item, bool run) noexcept {
      auto& self = static_cast<NotingItem&>(item);
      self.notes->push_back(run ? self.number : -self.number);
    };
  }
  std::vector<int>* notes;
  int number;
};

TEST(ThreadPoolItemTest, ItemsTakeTheirTurnAmongFunctionsAndPassTheBound) {
  BoundedPool pool(1, WhenFull::kRefuse);
  std::vector<int> notes;
  NotingItem items[] = {{&notes, 1}, {&notes, 2}, {&notes, 3}};
  EXPECT_TRUE(pool->Enqueue(items[0], Lane::kLow));
  EXPECT_TRUE(pool->Enqueue(items[1], Lane::kUrgent));
  EXPECT_TRUE(absl::IsResourceExhausted(pool->Submit([] {})));
  EXPECT_TRUE(pool->Enqueue(items[2], Lane::kNormal));
  pool.Open();
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(notes, (std::vector<int>{2, 3, 1}));
}

TEST(ThreadPoolItemTest, AShutdownSaysThatTheyAreNotToRun) {
  BoundedPool pool(5, WhenFull::kRefuse);
  std::vector<int> notes;
  NotingItem items[] = {{&notes, 1}, {&notes, 2}};
  for (NotingItem& item : items) EXPECT_TRUE(pool->Enqueue(item));
  std::thread opener([&] {
    // Until it shuts down.
    while (!absl::IsFailedPrecondition(pool->Submit([] {}))) std::this_thread::yield();
    pool.Open();
  });
  EXPECT_TRUE(pool->Shutdown(ShutdownMode::kCancel).ok());
  opener.join();
  EXPECT_EQ(notes, (std::vector<int>{-1, -2}));
  NotingItem late(&notes, 3);
  EXPECT_FALSE(pool->Enqueue(late));
  EXPECT_EQ(notes.size(), 2u);
}

// ---- Threads.

thread_local int started = 0;  // hooks that have started on this thread, less those that stopped

TEST(ThreadPoolHooksTest, EachFunctionRunsBetweenAStartAndAStopOfItsThread) {
  std::atomic<int> starts{0};
  std::atomic<int> stops{0};
  std::atomic<int> wrong{0};
  const auto pool = MakePool({.threads = 4,
                              .hooks = {.start =
                                            [&] {
                                              ++starts;
                                              ++started;
                                            },
                                        .stop =
                                            [&] {
                                              ++stops;
                                              if (--started != 0) ++wrong;
                                            }}});
  for (int i = 0; i < 400; ++i) {
    EXPECT_TRUE(pool->Submit([&] { wrong += started == 1 ? 0 : 1; }).ok());
  }
  EXPECT_TRUE(pool->Resize(1).ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(starts, 1);
  EXPECT_LE(starts, 4);
  EXPECT_EQ(starts, stops);
}

TEST(ThreadPoolHooksTest, WhatTheyThrowIsCountedAndGoesNoFurther) {
  const auto pool = MakePool(
      {.hooks = {.start = [] { throw std::runtime_error("start"); }, .stop = [] { throw 5; }}});
  std::atomic<int> ran{0};
  EXPECT_TRUE(pool->Submit([&] { ++ran; }).ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(pool->failed_hooks(), 2);
}

TEST(ThreadPoolHooksTest, ThreadsHaveAName) {
  const auto pool = MakePool({});
  std::array<char, 64> name{};
  EXPECT_TRUE(
      pool->Submit([&] { pthread_getname_np(pthread_self(), name.data(), name.size()); }).ok());
  EXPECT_TRUE(pool->Shutdown().ok());
  EXPECT_STREQ(name.data(), "weft-pool");
}

}  // namespace
}  // namespace weft
