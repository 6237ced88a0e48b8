// SPDX-License-Identifier: Apache-2.0
//
// Random programs against a ledger and against the oracle: after each step the same are granted,
// in the same order, and the figures are equal.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "scheduler/resource_oracle.h"
#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/resource_claim.h"
#include "weft/scheduler/internal/resource_ledger.h"
#include "weft/scheduler/internal/resource_table.h"
#include "weft/scheduler/internal/resource_waiter.h"

namespace weft::internal {
namespace {

using testing::ResourceOracle;
using Ledger = ResourceLedger<StdPlatform>;
using State = ResourceOracle::State;

struct Numbered : ResourceWaiter {
  Numbered(std::size_t given, const ResourceClaim& claim) : ResourceWaiter(claim), number(given) {}
  const std::size_t number;
};

// One program: a few tasks that acquire again and again.
class Program {
 public:
  explicit Program(std::uint64_t seed) : random_(seed), bounds_memory_(Below(2) == 0) {
    std::vector<ResourceLimit> limits;
    const std::size_t count = Below(5);
    for (std::size_t r = 0; r < count; ++r) {
      limits.push_back({"r" + std::to_string(r), static_cast<std::int64_t>(1 + Below(6))});
    }
    table_ = *ResourceTable::Create(limits);
    oracle_.emplace(table_.units(), bounds_memory_);
    ledger_.emplace(table_.units());
    const std::size_t tasks = 2 + Below(12);
    for (std::size_t i = 0; i < tasks; ++i) AddTask();
    peaks_.resize(count);
  }

  // Nothing is left when all have ended.
  void Run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      Step(Below(tasks_.size()));
      CheckFigures();
    }
    // All that have something end, and so do those that are granted then.
    for (bool any = true; any && !::testing::Test::HasFailure();) {
      any = false;
      for (std::size_t i = 0; i < tasks_.size(); ++i) {
        if (oracle_->StateOf(i) == State::kNone) continue;
        if (oracle_->StateOf(i) != State::kQueued) Release(i);
        any = true;
      }
    }
    for (std::size_t r = 0; r < table_.limits().size(); ++r) EXPECT_EQ(Figures(r).in_use, 0);
    EXPECT_EQ(ledger_->figures(ResourceClaim::kMemory).in_use, 0);
  }

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }

  void AddTask() {
    ResourceOracle::Need need{std::vector<std::int64_t>(table_.limits().size()), 0};
    std::vector<ResourceNeed> needs;
    for (const ResourceLimit& limit : table_.limits()) {
      if (Below(5) < 3) continue;
      const auto units =
          static_cast<std::int64_t>(1 + Below(static_cast<std::size_t>(limit.units)));
      need.units[static_cast<std::size_t>(&limit - table_.limits().data())] = units;
      needs.push_back({limit.name, units});
    }
    if (bounds_memory_ && Below(2) == 0)
      need.memory_bytes = static_cast<std::int64_t>(1 + Below(9));
    const auto claim =
        table_.Resolve(needs, bounds_memory_ ? std::optional(need.memory_bytes) : std::nullopt);
    tasks_.push_back(std::make_unique<Numbered>(oracle_->Add(std::move(need)), *claim));
  }

  void Step(std::size_t i) {
    if (bounds_memory_ && Below(20) == 0) {
      const auto budget = static_cast<std::int64_t>(Below(12));
      const bool closed = Below(2) == 0;
      auto set = ledger_->SetMemory(budget, closed);
      Expect(oracle_->SetMemory(budget, closed), std::move(set.granted));
      EXPECT_EQ(ledger_->closed(), closed);
      return;
    }
    switch (oracle_->StateOf(i)) {
      case State::kNone: return Acquire(i);
      case State::kQueued: return Below(4) == 0 ? Withdraw(i) : Step(Below(tasks_.size()));
      case State::kGranted: return Below(4) == 0 ? Block(i) : Release(i);
      case State::kBlocked: return Below(4) == 0 ? Release(i) : Unblock(i);
    }
  }
  void Acquire(std::size_t i) {
    const std::vector<std::size_t> expected = oracle_->Acquire(i);
    const bool granted = ledger_->TryAcquire(*tasks_[i]) == Ledger::Acquired::kGranted;
    // Nobody else goes on because somebody came.
    EXPECT_EQ(expected, granted ? std::vector{i} : std::vector<std::size_t>());
  }
  void Withdraw(std::size_t i) {
    Ledger::Withdrawn withdrawn = ledger_->Withdraw(*tasks_[i]);
    EXPECT_TRUE(withdrawn.was_queued);
    Expect(oracle_->Set(i, State::kNone), std::move(withdrawn.granted));
  }
  void Release(std::size_t i) {
    Ledger::Withdrawn withdrawn = ledger_->Withdraw(*tasks_[i]);
    EXPECT_TRUE(!withdrawn.was_queued && withdrawn.granted.empty());
    Expect(oracle_->Set(i, State::kNone), ledger_->Release(*tasks_[i]));
  }
  void Block(std::size_t i) {
    Expect(oracle_->Set(i, State::kBlocked), ledger_->Block(*tasks_[i]));
  }
  void Unblock(std::size_t i) {
    ledger_->Unblock(*tasks_[i]);
    Expect(oracle_->Set(i, State::kGranted), GrantedWaiters());
  }
  static void Expect(const std::vector<std::size_t>& expected, GrantedWaiters granted) {
    std::vector<std::size_t> numbers;
    while (auto* const waiter = static_cast<Numbered*>(granted.TakeFirst())) {
      numbers.push_back(waiter->number);
    }
    EXPECT_EQ(numbers, expected);
  }

  ResourceFigures Figures(std::size_t r) const {
    return ledger_->figures(ResourceClaim::kFirstNamed + r);
  }
  void CheckFigures() {
    for (std::size_t r = 0; r < table_.limits().size(); ++r) {
      const ResourceFigures figures = Figures(r);
      const std::int64_t in_use = oracle_->InUse(r);
      peaks_[r] = std::max(peaks_[r], in_use);
      EXPECT_EQ(figures.in_use, in_use);
      EXPECT_LE(in_use, figures.limit);
      EXPECT_EQ(figures.peak, peaks_[r]);
      EXPECT_EQ(figures.waiting, oracle_->Waiting(r));
    }
    EXPECT_EQ(ledger_->figures(ResourceClaim::kMemory).in_use, oracle_->MemoryInUse());
    bool any_blocked = false;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      const bool blocked = oracle_->StateOf(i) == State::kBlocked;
      EXPECT_EQ(ledger_->IsBlocked(*tasks_[i]), blocked);
      any_blocked = any_blocked || blocked;
    }
    EXPECT_EQ(ledger_->AnyBlocked(), any_blocked);
  }

  std::mt19937_64 random_;
  const bool bounds_memory_;
  ResourceTable table_;
  std::optional<ResourceOracle> oracle_;
  std::optional<Ledger> ledger_;
  std::vector<std::unique_ptr<Numbered>> tasks_;
  std::vector<std::int64_t> peaks_;
};

TEST(ResourceOracleTest, RandomProgramsGrantAsTheOracleDoes) {
  constexpr std::uint64_t kPrograms = WEFT_SANITIZED ? 200 : 5'000;
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    Program(seed).Run(200);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weft::internal
