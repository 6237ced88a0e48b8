// SPDX-License-Identifier: Apache-2.0
//
// The rules of the ledger one by one, and threads that share one.

#include "weft/scheduler/internal/resource_ledger.h"

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
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/resource_claim.h"
#include "weft/scheduler/internal/resource_table.h"
#include "weft/scheduler/internal/resource_waiter.h"

namespace weft::internal {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Ledger = ResourceLedger<StdPlatform>;
using Acquired = Ledger::Acquired;

constexpr std::size_t kFirst = ResourceClaim::kFirstNamed;

struct Waiter : ResourceWaiter {
  Waiter(std::string given, const ResourceClaim& claim)
      : ResourceWaiter(claim), name(std::move(given)) {}
  std::string name;
};

// A ledger of 2 "gpu" and 3 "net".
class ResourceLedgerTest : public ::testing::Test {
 protected:
  Waiter Needs(std::string name, std::vector<ResourceNeed> needs,
               std::optional<std::int64_t> bytes = std::nullopt) {
    return Waiter(std::move(name), *table_.Resolve(needs, bytes));
  }
  bool Acquire(Waiter& waiter) { return ledger_.TryAcquire(waiter) == Acquired::kGranted; }
  static std::vector<std::string> Names(GrantedWaiters granted) {
    std::vector<std::string> names;
    while (auto* const waiter = static_cast<Waiter*>(granted.TakeFirst())) {
      names.push_back(waiter->name);
    }
    return names;
  }

  ResourceTable table_ = *ResourceTable::Create({{"gpu", 2}, {"net", 3}});
  Ledger ledger_{table_.units()};
};

TEST_F(ResourceLedgerTest, AllOrNothing) {
  Waiter first = Needs("first", {{"gpu", 2}});
  Waiter both = Needs("both", {{"gpu", 1}, {"net", 3}});
  EXPECT_TRUE(Acquire(first));
  EXPECT_FALSE(Acquire(both));
  EXPECT_EQ(ledger_.figures(kFirst + 1).in_use, 0);
  EXPECT_THAT(Names(ledger_.Release(first)), ElementsAre("both"));
  EXPECT_EQ(ledger_.figures(kFirst).in_use, 1);
  EXPECT_EQ(ledger_.figures(kFirst + 1).in_use, 3);
  EXPECT_THAT(Names(ledger_.Release(both)), IsEmpty());
  EXPECT_EQ(ledger_.figures(kFirst).in_use, 0);
  EXPECT_EQ(ledger_.figures(kFirst).peak, 2);
  EXPECT_EQ(ledger_.figures(kFirst).limit, 2);
}

TEST_F(ResourceLedgerTest, ABigNeedHoldsBackWhatWantsTheSameAndNothingElse) {
  Waiter small = Needs("small", {{"gpu", 1}});
  Waiter big = Needs("big", {{"gpu", 2}});
  Waiter later = Needs("later", {{"gpu", 1}});
  Waiter other = Needs("other", {{"net", 1}});
  EXPECT_TRUE(Acquire(small));
  EXPECT_FALSE(Acquire(big));
  EXPECT_FALSE(Acquire(later));  // one is free, and not for the taking
  EXPECT_TRUE(Acquire(other));
  EXPECT_THAT(Names(ledger_.Release(small)), ElementsAre("big"));
  EXPECT_THAT(Names(ledger_.Release(big)), ElementsAre("later"));
}

// A stream of small needs never lets go of all units: the big one comes all the same.
TEST_F(ResourceLedgerTest, ABigNeedIsNotStarvedByAStreamOfSmallOnes) {
  std::vector<std::unique_ptr<Waiter>> small;
  const ResourceClaim claim = *table_.Resolve(std::vector<ResourceNeed>{{"net", 1}}, std::nullopt);
  for (int i = 0; i < 100; ++i) {
    small.push_back(std::make_unique<Waiter>(std::to_string(i), claim));
  }
  Waiter big = Needs("big", {{"net", 3}});
  EXPECT_TRUE(Acquire(*small[0]) && Acquire(*small[1]) && Acquire(*small[2]));
  EXPECT_FALSE(Acquire(big));
  for (std::size_t i = 3; i < small.size(); ++i) EXPECT_FALSE(Acquire(*small[i]));
  EXPECT_THAT(Names(ledger_.Release(*small[1])), IsEmpty());
  EXPECT_THAT(Names(ledger_.Release(*small[0])), IsEmpty());
  EXPECT_THAT(Names(ledger_.Release(*small[2])), ElementsAre("big"));
  EXPECT_THAT(Names(ledger_.Release(big)), ElementsAre("3", "4", "5"));
}

TEST_F(ResourceLedgerTest, WhoWithdrawsLetsOthersIn) {
  Waiter small = Needs("small", {{"gpu", 1}});
  Waiter big = Needs("big", {{"gpu", 2}});
  Waiter later = Needs("later", {{"gpu", 1}});
  EXPECT_TRUE(Acquire(small));
  EXPECT_FALSE(Acquire(big) || Acquire(later));
  Ledger::Withdrawn withdrawn = ledger_.Withdraw(big);
  EXPECT_TRUE(withdrawn.was_queued);
  EXPECT_THAT(Names(std::move(withdrawn.granted)), ElementsAre("later"));
  EXPECT_FALSE(ledger_.Withdraw(later).was_queued);  // it has what it wanted
  EXPECT_FALSE(ledger_.Withdraw(big).was_queued);
  EXPECT_TRUE(Names(ledger_.Release(later)).empty());
  EXPECT_TRUE(Acquire(later));  // again
}

// `holder` waits for `wanted`, which stands behind `stuck`, which waits for the holder.
TEST_F(ResourceLedgerTest, WhatNeedsABlockedBodysResourcesHoldsNobodyBack) {
  Waiter holder = Needs("holder", {{"gpu", 1}});
  Waiter stuck = Needs("stuck", {{"gpu", 2}, {"net", 1}});
  Waiter wanted = Needs("wanted", {{"net", 1}});
  EXPECT_TRUE(Acquire(holder));
  EXPECT_FALSE(Acquire(stuck) || Acquire(wanted));
  EXPECT_THAT(Names(ledger_.Block(holder)), ElementsAre("wanted"));
  Waiter late = Needs("late", {{"net", 1}});
  EXPECT_TRUE(Acquire(late));
  EXPECT_TRUE(Names(ledger_.Release(wanted)).empty());
  ledger_.Unblock(holder);
  EXPECT_FALSE(Acquire(wanted));  // it is younger now
  EXPECT_THAT(Names(ledger_.Release(holder)), ElementsAre("stuck", "wanted"));
}

// Each release looks at the head of the line: with a look at all, this would take hours.
TEST_F(ResourceLedgerTest, ManyWhoWaitCostAReleaseNothing) {
  constexpr std::size_t kWaiters = WEFT_SANITIZED ? 20'000 : 100'000;
  const ResourceClaim claim = *table_.Resolve(std::vector<ResourceNeed>{{"gpu", 1}}, std::nullopt);
  std::vector<std::unique_ptr<ResourceWaiter>> waiters;
  for (std::size_t i = 0; i < kWaiters; ++i) {
    waiters.push_back(std::make_unique<ResourceWaiter>(claim));
    EXPECT_EQ(ledger_.TryAcquire(*waiters.back()), i < 2 ? Acquired::kGranted : Acquired::kQueued);
  }
  EXPECT_EQ(ledger_.figures(kFirst).waiting, static_cast<std::int64_t>(kWaiters) - 2);
  for (std::size_t i = 0; i < kWaiters; ++i) {
    GrantedWaiters granted = ledger_.Release(*waiters[i]);
    ASSERT_EQ(granted.TakeFirst(), i + 2 < kWaiters ? waiters[i + 2].get() : nullptr);
  }
}

TEST_F(ResourceLedgerTest, OneGoesOnWhateverTheMemory) {
  EXPECT_TRUE(ledger_.SetMemory(100, /*closed=*/false).granted.empty());
  Waiter huge = Needs("huge", {}, 1000);
  Waiter tiny = Needs("tiny", {}, 1);
  EXPECT_TRUE(Acquire(huge));
  EXPECT_FALSE(Acquire(tiny));
  EXPECT_THAT(Names(ledger_.Block(huge)), ElementsAre("tiny"));  // it waits, and does not run
  ledger_.Unblock(huge);
  EXPECT_TRUE(Names(ledger_.Release(huge)).empty());
  EXPECT_FALSE(Acquire(huge));
  EXPECT_THAT(Names(ledger_.Release(tiny)), ElementsAre("huge"));
  EXPECT_EQ(ledger_.figures(ResourceClaim::kMemory).peak, 1001);
}

TEST_F(ResourceLedgerTest, AtAClosedGateTheyGoOneByOne) {
  EXPECT_FALSE(ledger_.SetMemory(100, /*closed=*/true).look_again);
  Waiter plain = Needs("plain", {}, 0);
  Waiter some = Needs("some", {}, 1);
  Waiter net = Needs("net", {{"net", 1}}, 0);
  Waiter last = Needs("last", {}, 0);
  EXPECT_EQ(ledger_.TryAcquire(plain), Acquired::kGranted);
  for (Waiter* const waiter : {&some, &net, &last}) {
    EXPECT_EQ(ledger_.TryAcquire(*waiter), Acquired::kQueuedAtGate);
  }
  EXPECT_THAT(Names(ledger_.Release(plain)), ElementsAre("some"));
  EXPECT_THAT(Names(ledger_.Release(some)), ElementsAre("net"));
  EXPECT_TRUE(ledger_.SetMemory(100, /*closed=*/true).look_again);
  Ledger::MemorySet opened = ledger_.SetMemory(100, /*closed=*/false);
  EXPECT_FALSE(opened.look_again);
  EXPECT_THAT(Names(std::move(opened.granted)), ElementsAre("last"));
}

TEST(ResourceTableTest, LimitsAreChecked) {
  const auto no_name = ResourceTable::Create({{"gpu", 1}, {"", 1}}).status();
  EXPECT_EQ(no_name.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(no_name.message(), AllOf(HasSubstr("number 2"), HasSubstr("name")));
  for (const std::int64_t units : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN}) {
    const auto few = ResourceTable::Create({{"gpu", units}}).status();
    EXPECT_EQ(few.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(few.message(), AllOf(HasSubstr("'gpu'"), HasSubstr(std::to_string(units))));
  }
  const auto twice = ResourceTable::Create({{"gpu", 1}, {"gpu", 2}}).status();
  EXPECT_EQ(twice.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(twice.message(), HasSubstr("'gpu'"));
  EXPECT_TRUE(ResourceTable::Create({}).ok());
}

TEST(ResourceTableTest, NeedsAreChecked) {
  const ResourceTable table = *ResourceTable::Create({{"gpu", 2}, {"net", INT64_MAX}});
  const auto status = [&](std::vector<ResourceNeed> needs, std::int64_t bytes = 0) {
    return table.Resolve(needs, bytes).status();
  };
  const absl::Status unknown = status({{"disk", 1}});
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(unknown.message(), AllOf(HasSubstr("'disk'"), HasSubstr("'gpu', 'net'")));
  EXPECT_THAT(ResourceTable().Resolve(std::vector<ResourceNeed>{{"disk", 1}}, 0).status().message(),
              HasSubstr("none"));
  const absl::Status many = status({{"gpu", 3}});
  EXPECT_EQ(many.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(many.message(), AllOf(HasSubstr("'gpu'"), HasSubstr("3"), HasSubstr("2")));
  EXPECT_THAT(status({{"gpu", 1}, {"gpu", 1}, {"gpu", 1}}).message(), HasSubstr("3"));
  EXPECT_EQ(status({{"gpu", 0}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status({{"net", INT64_MIN}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(status({{"net", INT64_MAX}, {"net", INT64_MAX}}).ok());  // all there is, to a unit
  EXPECT_THAT(status({}, -1).message(), HasSubstr("memory_bytes"));
}

TEST(ResourceTableTest, AClaimIsSortedAndMerged) {
  const ResourceTable table = *ResourceTable::Create({{"gpu", 2}, {"net", 3}});
  const std::vector<ResourceNeed> needs = {{"net", 1}, {"gpu", 2}, {"net", 2}};
  EXPECT_THAT(table.Resolve(needs, std::nullopt)->shares(),
              ElementsAre(ResourceShare{kFirst, 2}, ResourceShare{kFirst + 1, 3}));
  EXPECT_THAT(table.Resolve(needs, 7)->shares()[0], (ResourceShare{ResourceClaim::kMemory, 7}));
  EXPECT_EQ(table.Resolve(needs, 0)->shares().size(), 2U);
  EXPECT_TRUE(table.Resolve(needs, 0)->minds_memory());
  EXPECT_TRUE(table.Resolve({}, std::nullopt)->empty());
  EXPECT_THAT(table.Resolve({}, 0)->shares(), ElementsAre(ResourceShare{ResourceClaim::kGate, 0}));
  EXPECT_THAT(table.Resolve({}, INT64_MAX)->shares()[0].units, ResourceClaim::kMostBytes);
}

// A body on a thread of its own, which waits until it is granted.
struct Body : ResourceWaiter {
  using ResourceWaiter::ResourceWaiter;
  StdPlatform::Parker parker;
};

void LetGo(GrantedWaiters granted) {
  while (auto* const body = static_cast<Body*>(granted.TakeFirst())) body->parker.Unpark();
}

// What a body holds, given back on every path.
class Hold {
 public:
  Hold(Ledger& ledger, Body& body) : ledger_(ledger), body_(body) {}
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() { LetGo(ledger_.Release(body_)); }

 private:
  Ledger& ledger_;
  Body& body_;
};

TEST(ResourceThreadsTest, LimitsHoldAndEverythingComesBackWhateverIsThrown) {
  constexpr int kThreads = 4;
  constexpr int kRounds = WEFT_SANITIZED ? 2'000 : 30'000;
  const ResourceTable table = *ResourceTable::Create({{"gpu", 2}, {"net", 3}, {"disk", 1}});
  Ledger ledger(table.units());
  std::array<std::atomic<std::int64_t>, 3> in_use{};
  std::atomic<std::int64_t> ended{0};
  const auto work = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int round = 0; round < kRounds; ++round) {
      std::vector<ResourceNeed> needs;
      for (const ResourceLimit& limit : table.limits()) {
        if (random() % 2 == 0) continue;
        needs.push_back(
            {limit.name, static_cast<std::int64_t>(1 + random() % 2) % limit.units + 1});
      }
      const ResourceClaim claim = *table.Resolve(needs, std::nullopt);
      Body body(claim);
      if (ledger.TryAcquire(body) != Acquired::kGranted) {
        if (random() % 8 == 0) {
          Ledger::Withdrawn withdrawn = ledger.Withdraw(body);
          LetGo(std::move(withdrawn.granted));
          if (withdrawn.was_queued) continue;
        }
        body.parker.Park();
      }
      try {
        const Hold hold(ledger, body);
        for (const ResourceShare& share : claim.shares()) {
          const std::size_t r = share.resource - kFirst;
          EXPECT_LE(in_use[r] += share.units, table.limits()[r].units);
        }
        if (random() % 16 == 0) {
          LetGo(ledger.Block(body));
          std::this_thread::yield();
          ledger.Unblock(body);
        }
        for (const ResourceShare& share : claim.shares()) {
          in_use[share.resource - kFirst] -= share.units;
        }
        if (random() % 4 == 0) throw std::runtime_error("oops");
      } catch (const std::runtime_error&) {
        ++ended;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(work, 1 + t);
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(ended, 0);
  for (std::size_t r = 0; r < 3; ++r) {
    EXPECT_EQ(ledger.figures(kFirst + r).in_use, 0);
    EXPECT_EQ(ledger.figures(kFirst + r).waiting, 0);
  }
}

}  // namespace
}  // namespace weft::internal
