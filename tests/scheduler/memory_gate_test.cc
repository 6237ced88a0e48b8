// SPDX-License-Identifier: Apache-2.0
//
// When the gate looks, closes and opens, and who goes on then.

#include "weft/scheduler/internal/memory_gate.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "weft/core/internal/platform.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/internal/process_memory.h"
#include "weft/scheduler/internal/resource_claim.h"
#include "weft/scheduler/internal/resource_ledger.h"
#include "weft/scheduler/internal/resource_table.h"
#include "weft/scheduler/internal/resource_waiter.h"

namespace weft::internal {
namespace {

using ::testing::HasSubstr;
using Ledger = ResourceLedger<StdPlatform>;
using Gate = MemoryGate<StdPlatform>;
using Acquired = Ledger::Acquired;

struct FakeHost final : MemoryHost {
  std::optional<MemoryReading> Read() noexcept override {
    ++reads;
    return reading;
  }
  void Trim() noexcept override {
    ++trims;
    if (frees.has_value()) reading->used_bytes -= *std::exchange(frees, std::nullopt);
  }
  std::optional<MemoryReading> reading = MemoryReading{.limit_bytes = 1000, .used_bytes = 0};
  std::optional<std::int64_t> frees;
  int reads = 0;
  int trims = 0;
};

// A gate that closes above 750 of 1,000 bytes, opens at 650, and looks every 50 ms.
class MemoryGateTest : public ::testing::Test {
 protected:
  std::int64_t Now() const { return absl::ToInt64Nanoseconds(clock_.Now()); }
  // The next look finds `used` bytes.
  Gate::Ticked Look(std::int64_t used) {
    host_.reading->used_bytes = used;
    clock_.Advance(absl::Milliseconds(50));
    return gate_.Tick(Now());
  }
  bool ClosedAt(std::int64_t used) {
    const Gate::Ticked ticked = Look(used);
    EXPECT_TRUE(ticked.granted.empty());
    return ledger_.closed();
  }
  static std::vector<ResourceWaiter*> All(GrantedWaiters granted) {
    std::vector<ResourceWaiter*> all;
    while (ResourceWaiter* const waiter = granted.TakeFirst()) all.push_back(waiter);
    return all;
  }
  ResourceClaim Bytes(std::int64_t bytes) const { return *ResourceTable().Resolve({}, bytes); }

  VirtualClock clock_;
  FakeHost host_;
  Ledger ledger_{{}};
  Gate gate_{{.max_percent = 75}, host_, ledger_};
};

TEST_F(MemoryGateTest, ClosesAboveTheShareAndOpensTenPointsBelow) {
  EXPECT_FALSE(ClosedAt(0));
  EXPECT_FALSE(ClosedAt(750));
  EXPECT_TRUE(ClosedAt(751));
  EXPECT_TRUE(ClosedAt(700));
  EXPECT_TRUE(ClosedAt(651));
  EXPECT_FALSE(ClosedAt(650));
  EXPECT_FALSE(ClosedAt(750));
  EXPECT_TRUE(ClosedAt(INT64_MAX));
  EXPECT_EQ(gate_.figures().closings, 2);
  EXPECT_EQ(gate_.figures().used_bytes, INT64_MAX);
  EXPECT_EQ(gate_.figures().limit_bytes, 1000);
}

TEST_F(MemoryGateTest, RandomUseEqualsTheRule) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    VirtualClock clock;
    FakeHost host;
    Ledger ledger{{}};
    const int most = static_cast<int>(1 + random() % 100);
    const int below = most >= 20 ? most - 10 : most / 2;
    Gate gate({.max_percent = most}, host, ledger);
    bool closed = false;
    int closings = 0;
    for (int step = 0; step < 500; ++step) {
      const auto limit = static_cast<std::int64_t>(1 + random() % 5000);
      const auto used = static_cast<std::int64_t>(random() % 5000);
      host.reading = MemoryReading{.limit_bytes = limit, .used_bytes = used};
      clock.Advance(absl::Milliseconds(50));
      EXPECT_TRUE(gate.Tick(absl::ToInt64Nanoseconds(clock.Now())).granted.empty());
      const bool before = std::exchange(closed, used > limit * (closed ? below : most) / 100);
      closings += closed && !before ? 1 : 0;
      ASSERT_EQ(ledger.closed(), closed) << "seed " << seed;
      ASSERT_EQ(host.trims, closings) << "seed " << seed;
      ASSERT_EQ(ledger.figures(ResourceClaim::kMemory).limit, limit * most / 100);
    }
  }
}

TEST_F(MemoryGateTest, LooksOnceInAnInterval) {
  EXPECT_TRUE(gate_.Due(Now()));
  EXPECT_FALSE(gate_.Tick(Now()).look_again);
  EXPECT_EQ(host_.reads, 1);
  clock_.Advance(absl::Nanoseconds(49'999'999));
  EXPECT_FALSE(gate_.Due(Now()));
  EXPECT_FALSE(gate_.Tick(Now()).look_again);
  EXPECT_EQ(host_.reads, 1);
  EXPECT_EQ(gate_.next(), 50'000'000);
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_FALSE(gate_.Tick(Now()).look_again);
  EXPECT_EQ(host_.reads, 2);
  EXPECT_EQ(gate_.figures().readings, 2);
}

TEST_F(MemoryGateTest, TrimsOnceWhenItClosesAndSeesTheEffectAtTheNextLook) {
  host_.frees = 200;
  EXPECT_TRUE(ClosedAt(800));
  EXPECT_EQ(host_.trims, 1);
  clock_.Advance(absl::Milliseconds(50));
  EXPECT_TRUE(gate_.Tick(Now()).granted.empty());  // 600 now
  EXPECT_FALSE(ledger_.closed());
  EXPECT_TRUE(ClosedAt(800));
  EXPECT_TRUE(ClosedAt(900));
  EXPECT_EQ(host_.trims, 2);
}

TEST_F(MemoryGateTest, WhatCannotBeReadOpensIt) {
  EXPECT_TRUE(ClosedAt(800));
  host_.reading.reset();
  clock_.Advance(absl::Milliseconds(50));
  EXPECT_TRUE(gate_.Tick(Now()).granted.empty());
  EXPECT_FALSE(ledger_.closed());
  EXPECT_EQ(gate_.figures().failed_readings, 1);
  EXPECT_EQ(ledger_.figures(ResourceClaim::kMemory).limit, 750);  // the last that was known
}

TEST_F(MemoryGateTest, WhoeverWaitsIsLookedForUntilItOpens) {
  EXPECT_TRUE(ClosedAt(800));
  ResourceWaiter one(Bytes(0));
  ResourceWaiter some(Bytes(10));
  ResourceWaiter plain(Bytes(0));
  EXPECT_EQ(ledger_.TryAcquire(one), Acquired::kGranted);
  EXPECT_EQ(ledger_.TryAcquire(some), Acquired::kQueuedAtGate);
  EXPECT_EQ(ledger_.TryAcquire(plain), Acquired::kQueuedAtGate);
  const Gate::Ticked closed = Look(700);
  EXPECT_TRUE(closed.look_again);
  EXPECT_TRUE(closed.granted.empty());
  Gate::Ticked opened = Look(600);
  EXPECT_FALSE(opened.look_again);
  EXPECT_EQ(All(std::move(opened.granted)), (std::vector{&some, &plain}));
}

TEST_F(MemoryGateTest, DeclaredBytesFillTheBudgetWhateverIsInUse) {
  EXPECT_FALSE(ClosedAt(0));
  ResourceWaiter first(Bytes(500));
  ResourceWaiter second(Bytes(250));
  ResourceWaiter third(Bytes(1));
  EXPECT_EQ(ledger_.TryAcquire(first), Acquired::kGranted);
  EXPECT_EQ(ledger_.TryAcquire(second), Acquired::kGranted);
  EXPECT_EQ(ledger_.TryAcquire(third), Acquired::kQueued);
  // The limit is raised while it waits.
  host_.reading->limit_bytes = 1002;
  EXPECT_EQ(All(Look(0).granted), (std::vector{&third}));
  EXPECT_EQ(ledger_.figures(ResourceClaim::kMemory).in_use, 751);
}

TEST(ProcessMemoryTest, WhatFailsIsKeptAndThereIsNoReading) {
  int calls = 0;
  ProcessMemory memory(
      [&calls]() -> absl::StatusOr<MemoryReading> {
        switch (++calls) {
          case 1: return MemoryReading{.limit_bytes = 7, .used_bytes = 3};
          case 2: return absl::UnavailableError("gone");
          case 3: throw std::runtime_error("oops");
          default: return MemoryReading{};
        }
      },
      [] { throw 17; });
  EXPECT_EQ(memory.Read(), (MemoryReading{.limit_bytes = 7, .used_bytes = 3}));
  EXPECT_TRUE(memory.last_error().ok());
  EXPECT_EQ(memory.Read(), std::nullopt);
  EXPECT_EQ(memory.last_error(), absl::UnavailableError("gone"));
  EXPECT_EQ(memory.Read(), std::nullopt);
  EXPECT_THAT(memory.last_error().message(), HasSubstr("oops"));
  EXPECT_EQ(memory.Read(), std::nullopt);
  EXPECT_THAT(memory.last_error().message(), HasSubstr("0 bytes"));
  memory.Trim();
  EXPECT_THAT(memory.last_error().message(), HasSubstr("17"));
}

TEST(ProcessMemoryTest, ThisProcessUsesSome) {
  const auto memory = ProcessMemory::OfSystem();
  const std::optional<MemoryReading> reading = memory->Read();
  ASSERT_TRUE(reading.has_value()) << memory->last_error();
  EXPECT_GT(reading->used_bytes, 0);
  memory->Trim();
  EXPECT_TRUE(memory->last_error().ok());
}

TEST(MemoryRulesTest, OpensTenPointsBelowOrAtHalf) {
  EXPECT_EQ((MemoryRules{.max_percent = 75}.open_percent()), 65);
  EXPECT_EQ((MemoryRules{.max_percent = 20}.open_percent()), 10);
  EXPECT_EQ((MemoryRules{.max_percent = 10}.open_percent()), 5);
  EXPECT_EQ((MemoryRules{.max_percent = 1}.open_percent()), 0);
}

}  // namespace
}  // namespace weft::internal
