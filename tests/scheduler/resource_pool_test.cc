// SPDX-License-Identifier: Apache-2.0
//
// What a pool lends, to whom first, and what becomes of things that are broken or throw.

#include "weft/scheduler/resource_pool.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_group.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Pool = ResourcePool<std::string>;
using Lease = Pool::Lease;

// Counts how many live, and throws when it is destroyed, if told to.
class Parser {
 public:
  explicit Parser(std::atomic<int>& alive) : alive_(&alive) { ++alive; }
  Parser(Parser&& other) noexcept : throws(other.throws), alive_(other.alive_) { ++*alive_; }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  Parser& operator=(Parser&&) = delete;
  ~Parser() noexcept(false) {
    --*alive_;
    if (throws) throw std::runtime_error("in destructor");
  }

  std::atomic<bool> in_use{false};
  bool throws = false;

 private:
  std::atomic<int>* const alive_;
};
using Parsers = ResourcePool<Parser>;

std::unique_ptr<Parsers> MakeParsers(int most, std::atomic<int>& alive) {
  return *Parsers::Create(most, [&alive] { return Parser(alive); });
}

// Tells when the thread has begun to wait: its place in the order is taken then.
class TellWhenBlocked final : public BlockingHook {
 public:
  explicit TellWhenBlocked(absl::Notification& blocked) : blocked_(blocked), hook_(this) {}
  void OnBlock() noexcept override { blocked_.Notify(); }
  void OnUnblock() noexcept override {}

 private:
  absl::Notification& blocked_;
  ScopedBlockingHook hook_;
};

TEST(ResourcePoolTest, LendsEachThingToOneAtATime) {
  const auto pool = *Pool::Create({"a", "b"});
  EXPECT_EQ(pool->figures(), (ResourcePoolFigures{.size = 2}));
  std::optional<Lease> first = pool->TryAcquire();
  absl::StatusOr<Lease> second = pool->Acquire();
  ASSERT_TRUE(first.has_value() && second.ok());
  EXPECT_NE(**first, **second);
  EXPECT_EQ(pool->figures(), (ResourcePoolFigures{.size = 2, .in_use = 2}));
  EXPECT_FALSE(pool->TryAcquire().has_value());
  **first += "!";
  const std::string changed = **first;
  first.reset();
  EXPECT_EQ(**pool->Acquire(), changed);
  EXPECT_EQ(pool->figures().in_use, 1);
}

TEST(ResourcePoolTest, AMovedLeaseGivesBackOnce) {
  const auto pool = *Pool::Create({"a", "b"});
  Lease first = *pool->Acquire();
  Lease second = *pool->Acquire();
  first = std::move(second);  // gives back what it had
  EXPECT_FALSE(second);       // NOLINT: what a moved lease says
  EXPECT_TRUE(first);
  EXPECT_EQ(pool->figures().in_use, 1);
  Lease& same = first;
  first = std::move(same);
  EXPECT_TRUE(first);
  const Lease third = std::move(first);
  EXPECT_EQ(third->size(), 1U);
  EXPECT_EQ(pool->figures().in_use, 1);
}

TEST(ResourcePoolTest, MakesThingsWhenTheyAreNeededAndUsesThemAgain) {
  std::atomic<int> alive{0};
  auto pool = MakeParsers(3, alive);
  EXPECT_EQ(alive, 0);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(pool->Acquire().ok());
  EXPECT_EQ(alive, 1);
  {
    const auto first = pool->Acquire();
    const auto second = pool->Acquire();
    EXPECT_EQ(alive, 2);
  }
  pool.reset();
  EXPECT_EQ(alive, 0);
}

TEST(ResourcePoolTest, AFactoryThatFailsLeavesThePlaceFree) {
  int calls = 0;
  const auto pool = *Pool::Create(1, [&calls]() -> absl::StatusOr<std::string> {
    ++calls;
    if (calls == 1) return absl::UnavailableError("no server");
    if (calls <= 3) throw std::runtime_error("no licence");
    return std::to_string(calls);
  });
  EXPECT_EQ(pool->Acquire().status(), absl::UnavailableError("no server"));
  const absl::Status thrown = pool->Acquire().status();
  EXPECT_EQ(thrown.code(), absl::StatusCode::kUnknown);
  EXPECT_THAT(thrown.message(), AllOf(HasSubstr("factory"), HasSubstr("no licence")));
  EXPECT_FALSE(pool->TryAcquire().has_value());
  EXPECT_EQ(pool->failed_count(), 1);
  EXPECT_THAT(pool->failures()[0].message(), HasSubstr("no licence"));
  EXPECT_EQ(pool->figures().in_use, 0);
  EXPECT_EQ(**pool->Acquire(), "4");
}

TEST(ResourcePoolTest, WhoWaitsTriesTheFactoryAgainWhenAnotherHasFailed) {
  absl::Notification makes;
  absl::Notification blocked;
  int calls = 0;
  const auto pool = *Pool::Create(1, [&]() -> absl::StatusOr<std::string> {
    if (++calls > 1) return "made";
    makes.Notify();
    blocked.WaitForNotification();
    return absl::UnavailableError("no server");
  });
  std::thread maker([&] { EXPECT_TRUE(absl::IsUnavailable(pool->Acquire().status())); });
  makes.WaitForNotification();
  std::thread waiter([&] {
    const TellWhenBlocked tell(blocked);
    EXPECT_EQ(**pool->Acquire(), "made");
  });
  maker.join();
  waiter.join();
}

TEST(ResourcePoolTest, ADiscardedThingIsMadeAnew) {
  std::atomic<int> alive{0};
  const auto pool = MakeParsers(1, alive);
  Parsers::Lease lease = *pool->Acquire();
  lease.Discard();
  EXPECT_FALSE(lease);
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(pool->figures(), (ResourcePoolFigures{.size = 1}));
  lease.Discard();  // nothing more
  EXPECT_TRUE(pool->Acquire().ok());
  EXPECT_EQ(alive, 1);
}

TEST(ResourcePoolTest, WithoutAFactoryADiscardedThingIsMissing) {
  const auto pool = *Pool::Create({"a", "b"});
  pool->Acquire()->Discard();
  EXPECT_EQ(pool->figures(), (ResourcePoolFigures{.size = 1}));
  Lease last = *pool->Acquire();
  absl::Notification blocked;
  std::thread waiter([&] {
    const TellWhenBlocked tell(blocked);
    EXPECT_EQ(pool->Acquire().status().code(), absl::StatusCode::kFailedPrecondition);
  });
  blocked.WaitForNotification();
  last.Discard();
  waiter.join();
  EXPECT_THAT(pool->Acquire().status().message(), HasSubstr("discarded"));
  EXPECT_FALSE(pool->TryAcquire().has_value());
}

TEST(ResourcePoolTest, WhatADestructorThrowsIsKept) {
  std::atomic<int> alive{0};
  const auto pool = MakeParsers(2, alive);
  {
    auto lease = pool->Acquire();
    (*lease)->throws = true;
    lease->Discard();
  }
  EXPECT_EQ(pool->failed_count(), 1);
  {
    auto lease = pool->Acquire();
    (*lease)->throws = true;
  }
  pool->Close();
  EXPECT_EQ(pool->failed_count(), 2);
  EXPECT_THAT(pool->failures(), ElementsAre(pool->failures()[0], pool->failures()[0]));
  EXPECT_THAT(pool->failures()[0].message(), HasSubstr("in destructor"));
  EXPECT_EQ(alive, 0);
}

TEST(ResourcePoolTest, OldestFirst) {
  constexpr std::size_t kWaiters = 5;
  const auto pool = *Pool::Create({"a"});
  std::optional<Lease> held = pool->TryAcquire();
  std::vector<std::size_t> order;
  std::vector<std::thread> threads;
  std::array<absl::Notification, kWaiters> blocked;
  for (std::size_t i = 0; i < kWaiters; ++i) {
    threads.emplace_back([&, i] {
      const TellWhenBlocked tell(blocked[i]);
      const auto lease = pool->Acquire();
      order.push_back(i);  // who has the only thing is alone
    });
    blocked[i].WaitForNotification();
    EXPECT_EQ(pool->figures().waiting, static_cast<std::int64_t>(i) + 1);
  }
  held.reset();
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST(ResourcePoolTest, WhoIsTooLateLeavesTheOrder) {
  const auto pool = *Pool::Create({"a"});
  std::optional<Lease> held = pool->TryAcquire();
  EXPECT_EQ(pool->Acquire(absl::InfinitePast()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  const absl::Status late = pool->Acquire(absl::Now() + absl::Milliseconds(1)).status();
  EXPECT_EQ(late.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(late.message(), HasSubstr("all 1"));
  EXPECT_EQ(pool->figures(), (ResourcePoolFigures{.size = 1, .in_use = 1}));
  held.reset();
  EXPECT_TRUE(pool->Acquire(absl::InfinitePast()).ok());  // it need not wait
}

TEST(ResourcePoolTest, CloseSendsAwayWhoWaitsAndLeavesLeasesAlone) {
  std::atomic<int> alive{0};
  const auto pool = MakeParsers(2, alive);
  std::optional<Parsers::Lease> first = pool->TryAcquire();
  std::optional<Parsers::Lease> second = pool->TryAcquire();
  absl::Notification blocked;
  std::thread waiter([&] {
    const TellWhenBlocked tell(blocked);
    const absl::Status closed = pool->Acquire().status();
    EXPECT_EQ(closed.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(closed.message(), HasSubstr("closed"));
  });
  blocked.WaitForNotification();
  pool->Close();
  waiter.join();
  EXPECT_EQ(pool->figures(), (ResourcePoolFigures{.size = 2, .in_use = 2}));
  EXPECT_EQ(alive, 2);
  first.reset();
  EXPECT_EQ(alive, 1);
  second->Discard();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(pool->figures().in_use, 0);
  EXPECT_FALSE(pool->TryAcquire().has_value());
  EXPECT_EQ(pool->Acquire().status().code(), absl::StatusCode::kFailedPrecondition);
  pool->Close();
}

TEST(ResourcePoolTest, LeasesOutliveThePool) {
  std::atomic<int> alive{0};
  auto pool = MakeParsers(2, alive);
  std::optional<Parsers::Lease> first = pool->TryAcquire();
  std::optional<Parsers::Lease> second = pool->TryAcquire();
  second.reset();
  EXPECT_EQ(alive, 2);
  pool.reset();
  EXPECT_EQ(alive, 1);  // what is free goes at once
  EXPECT_FALSE((*first)->throws);
  first.reset();
  EXPECT_EQ(alive, 0);
}

TEST(ResourcePoolTest, NumbersOutOfRangeAreRefused) {
  EXPECT_EQ(Pool::Create({}).status().code(), absl::StatusCode::kInvalidArgument);
  for (const int most : {0, -3, Pool::kMostThings + 1}) {
    const auto pool = Pool::Create(most, [] { return std::string(); });
    EXPECT_EQ(pool.status().code(), absl::StatusCode::kInvalidArgument) << most;
    EXPECT_THAT(pool.status().message(), HasSubstr("of " + std::to_string(most) + " things"));
    EXPECT_THAT(pool.status().message(), HasSubstr("1 to 1000000"));
  }
}

// Throws when it is moved, once it has been put into a list.
struct Brittle {
  explicit Brittle(bool moves_at_start) : moves(moves_at_start) {}
  Brittle(const Brittle& other) : moves(other.moves) {
    if (!moves) throw std::runtime_error("in move");
  }
  Brittle& operator=(const Brittle&) = delete;
  bool moves;
};

TEST(ResourcePoolTest, AThingThatCannotBeMovedIsAnError) {
  std::vector<Brittle> things;
  things.reserve(2);
  things.emplace_back(true);
  things.emplace_back(false);
  const auto pool = ResourcePool<Brittle>::Create(std::move(things));
  EXPECT_EQ(pool.status().code(), absl::StatusCode::kUnknown);
  EXPECT_THAT(pool.status().message(), HasSubstr("in move"));
}

TEST(ResourcePoolThreadsTest, OneAtATimeWhateverHappens) {
  constexpr int kThreads = 4;
  constexpr int kRounds = WEFT_SANITIZED ? 2'000 : 10'000;
  std::atomic<int> alive{0};
  std::atomic<int> made{0};
  auto pool = *Parsers::Create(2, [&]() -> absl::StatusOr<Parser> {
    if (++made % 7 == 0) return absl::UnavailableError("no server");
    return Parser(alive);
  });
  const auto work = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int round = 0; round < kRounds; ++round) {
      const bool hurries = random() % 4 == 0;
      auto lease = pool->Acquire(hurries ? absl::InfinitePast() : absl::InfiniteFuture());
      if (!lease.ok()) {
        EXPECT_TRUE(absl::IsUnavailable(lease.status()) ||
                    (hurries && absl::IsDeadlineExceeded(lease.status())))
            << lease.status();
        continue;
      }
      try {
        const Parsers::Lease held = *std::move(lease);
        EXPECT_FALSE(held->in_use.exchange(true));
        if (random() % 8 == 0) std::this_thread::yield();
        held->in_use = false;
        held->throws = random() % 4 == 0;
        if (random() % 4 == 0) throw 17;
        held->throws = false;
      } catch (int) {
        auto next = pool->TryAcquire();
        if (next.has_value()) next->Discard();
      }
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(work, 1 + t);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool->figures(), (ResourcePoolFigures{.size = 2}));
  EXPECT_LE(alive, 2);
  pool.reset();
  EXPECT_EQ(alive, 0);
}

class ResourcePoolOnWorkersTest : public testing::EngineTest {};
WEFT_ON_THREADED_ENGINES(ResourcePoolOnWorkersTest);

// With one worker, too: who waits for the lease is not in the way of who gives it back.
TEST_P(ResourcePoolOnWorkersTest, AnotherWorkerStandsInForOneThatWaits) {
  const auto pool = *Pool::Create({"a"});
  std::optional<Lease> held = pool->TryAcquire();
  TaskGroup group(*scheduler_);
  std::atomic<int> had{0};
  for (int i = 0; i < 20; ++i) {
    group.Submit([&] { had += pool->Acquire().ok() ? 1 : 0; });
  }
  group.Submit([&] { held.reset(); });
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(had, 20);
}

TEST_P(ResourcePoolOnWorkersTest, ACancelLeavesWhoWaitsAlone) {
  const auto pool = *Pool::Create({"a"});
  std::optional<Lease> held = pool->TryAcquire();
  TaskGroup group(*scheduler_);
  const auto task = group.Submit([&pool](TaskContext& context) {
    const bool has_it = pool->Acquire().ok();
    return has_it && context.cancelled();
  });
  while (pool->figures().waiting == 0) std::this_thread::yield();
  task.Cancel();
  held.reset();
  ASSERT_TRUE(task.Get().ok());
  EXPECT_TRUE(*task.Get());
}

}  // namespace
}  // namespace weft
