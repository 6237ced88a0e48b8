// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <functional>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/scheduler/internal/pump_ledger.h"
#include "weft/scheduler/internal/work_deque.h"

namespace weft::models {
namespace {

using Ledger = internal::PumpLedger<ModelPlatform>;
using Deque = internal::WorkDeque<ModelPlatform, int, 2>;

// A worker that stays busy adds an item, while the only other pump is about to leave:
// the pump comes back for it, or the worker brings a new one.
TEST(PumpLedgerModel, NoItemLiesWhileThereIsRoom) {
  CheckModel({.name = "ledger_wake", .preemptions = 3}, [](Model& m) {
    Ledger ledger(2, 2);
    Deque deque;
    ModelPlatform::Atomic<int> got{0};
    const std::function<void(int)> pump = [&](int slot) {
      while (slot != Ledger::kNoSlot) {
        int item = 0;
        if (deque.Steal(item)) got.fetch_add(item, std::memory_order_relaxed);
        ledger.Leave(slot);
        slot = deque.empty() ? Ledger::kNoSlot : ledger.TryEnter().slot;
      }
    };
    Check(ledger.TryEnter().slot == 0, "the worker's own");
    const int other = ledger.TryEnter().slot;
    m.Thread([&] {
      deque.Push(1);
      deque.Announce();
      if (!ledger.HasRoom()) return;
      const int slot = ledger.TryEnter().slot;
      if (slot != Ledger::kNoSlot) m.Thread([&pump, slot] { pump(slot); });
    });
    m.Thread([&pump, other] { pump(other); });
    m.Finally([&] { Check(got.load() == 1, "the item was taken, once"); });
  });
}

TEST(PumpLedgerModel, SlotHasOneOwnerAtATime) {
  CheckModel({.name = "ledger_slots", .preemptions = 3}, [](Model& m) {
    Ledger ledger(2, 2);
    ModelPlatform::Plain<int> state[2];
    for (int thread = 0; thread < 3; ++thread) {
      m.Thread([&] {
        const int slot = ledger.TryEnter().slot;
        if (slot == Ledger::kNoSlot) return;
        state[slot].Change() += 1;  // a data race if two hold it, or one after the other unordered
        ledger.Leave(slot);
      });
    }
    m.Finally([&] {
      Check(ledger.Empty(), "all have left");
      Check(ledger.TryEnter().slot != ledger.TryEnter().slot, "both slots are back");
      Check(ledger.TryEnter().slot == Ledger::kNoSlot, "there are no more");
    });
  });
}

// A pump blocks, adds nothing more itself, and an item comes meanwhile from elsewhere:
// whoever comes second, the adder or the one that blocks, brings a pump for it.
TEST(PumpLedgerModel, BlockedPumpLeavesItsPlace) {
  CheckModel({.name = "ledger_block", .preemptions = 3}, [](Model& m) {
    Ledger ledger(1, 2);
    Deque deque;
    ModelPlatform::Parker parker;
    const std::function<void()> bring = [&] {
      const int slot = ledger.TryEnter().slot;
      if (slot == Ledger::kNoSlot) return;
      m.Thread([&, slot] {
        int item = 0;
        if (deque.Steal(item)) parker.Unpark();
        ledger.Leave(slot);
      });
    };
    const int own = ledger.TryEnter().slot;
    m.Thread([&] {
      ledger.Block();
      if (!deque.empty()) bring();
      parker.Park();
      ledger.Unblock();
      ledger.Leave(own);
    });
    m.Thread([&] {
      deque.Push(1);
      deque.Announce();
      if (ledger.HasRoom()) bring();
    });
    m.Finally([&] { Check(ledger.Empty(), "all have left"); });
  });
}

}  // namespace
}  // namespace weft::models
