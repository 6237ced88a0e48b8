// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <functional>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/scheduler/internal/pump_ledger.h"
#include "weft/scheduler/internal/work_deque.h"

namespace weft::models {
namespace {

struct WithAttention {
  internal::Attention<ModelPlatform> attention;
};
class Ledger : WithAttention, public internal::PumpLedger<ModelPlatform> {
 public:
  Ledger(int width, int slots) : PumpLedger(width, slots, attention) {}
};
using Deque = internal::WorkDeque<ModelPlatform, int, 2>;
using Look = Ledger::Look;

// The look of who goes to sleep.
bool SeemsEmpty(const Deque& deque, Look look) {
  if (look == Look::kBehindFence) ModelPlatform::HeavyFence();
  return deque.empty();
}

// The adder's part of the handshake, as Worker::Announce.
bool SeesRoom(const Ledger& ledger, Deque& deque) {
  ModelPlatform::LightFence();
  const Ledger::Room room = ledger.RoomIfCalm();
  if (room != Ledger::Room::kAsk) return room == Ledger::Room::kSome;
  deque.Announce();
  return ledger.HasRoom();
}

// A model of the handshake in both of its forms.
void CheckInCalmAndNot(Options options, const std::function<void(Model&, bool)>& body) {
  CheckModel(options, [&body](Model& m) { body(m, false); });
  options.name += "_calm";
  CheckModel(options, [&body](Model& m) { body(m, true); });
}

// A worker that stays busy adds an item, while the only other pump is about to leave:
// the pump comes back for it, or the worker brings a new one.
TEST(PumpLedgerModel, NoItemLiesWhileThereIsRoom) {
  CheckInCalmAndNot({.name = "ledger_wake", .preemptions = 3}, [](Model& m, bool calm) {
    Ledger ledger(2, 2);
    if (calm) ledger.Calm();
    Deque deque;
    ModelPlatform::Atomic<int> got{0};
    const std::function<void(int)> pump = [&](int slot) {
      while (slot != Ledger::kNoSlot) {
        int item = 0;
        if (deque.Steal(item)) got.fetch_add(item, std::memory_order_relaxed);
        const Look look = ledger.Leave(slot);
        slot = SeemsEmpty(deque, look) ? Ledger::kNoSlot : ledger.TryEnter().slot;
      }
    };
    Check(ledger.TryEnter().slot == 0, "the worker's own");
    const int other = ledger.TryEnter().slot;
    m.Thread([&] {
      deque.Push(1);
      if (!SeesRoom(ledger, deque)) return;
      const int slot = ledger.TryEnter().slot;
      if (slot != Ledger::kNoSlot) m.Thread([&pump, slot] { pump(slot); });
    });
    m.Thread([&pump, other] { pump(other); });
    m.Finally([&] { Check(got.load() == 1, "the item was taken, once"); });
  });
}

// A worker that stays busy beside two others, and the item that it adds.
struct BusyWorker {
  BusyWorker() { ledger.TryEnter(); }

  void AddOne(Model& m) {
    m.Thread([this] {
      deque.Push(1);
      if (SeesRoom(ledger, deque)) Bring();
    });
    m.Finally([this] { Check(got.load() == 1, "the item was taken, once"); });
  }
  void LetLeave(int slot) {
    const Look look = ledger.Leave(slot);
    if (!SeemsEmpty(deque, look)) Bring();
  }
  void Bring() {
    if (ledger.TryEnter().slot == Ledger::kNoSlot) return;
    int item = 0;
    if (deque.Steal(item)) got.fetch_add(item, std::memory_order_relaxed);
  }

  Ledger ledger{3, 3};
  Deque deque;
  ModelPlatform::Atomic<int> got{0};
};

// Two leave while a worker that stays busy adds an item: one of them has the fence, and looks
// for both.
TEST(PumpLedgerModel, OneFenceIsForAllThatLeave) {
  CheckModel({.name = "ledger_fence"}, [](Model& m) {
    BusyWorker busy;
    busy.ledger.Calm();
    for (int other = 0; other < 2; ++other) {
      const int slot = busy.ledger.TryEnter().slot;
      m.Thread([&busy, slot] { busy.LetLeave(slot); });
    }
    busy.AddOne(m);
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
  CheckInCalmAndNot({.name = "ledger_block", .preemptions = 3}, [](Model& m, bool calm) {
    Ledger ledger(1, 2);
    if (calm) ledger.Calm();
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
      const Look look = ledger.Block();
      if (!SeemsEmpty(deque, look)) bring();
      parker.Park();
      ledger.Unblock();
      ledger.Leave(own);
    });
    m.Thread([&] {
      deque.Push(1);
      if (SeesRoom(ledger, deque)) bring();
    });
    m.Finally([&] { Check(ledger.Empty(), "all have left"); });
  });
}

// All workers are in long bodies when an item comes and the width grows: whoever comes
// second, the adder or who raises the width, brings a pump.
TEST(PumpLedgerModel, GrowingLeavesNoItem) {
  CheckInCalmAndNot({.name = "ledger_grow", .preemptions = 3}, [](Model& m, bool calm) {
    Ledger ledger(2, 3);
    if (calm) ledger.Calm();
    Deque deque;
    ModelPlatform::Atomic<int> got{0};
    const std::function<void()> bring = [&] {
      const int slot = ledger.TryEnter().slot;
      if (slot == Ledger::kNoSlot) return;
      m.Thread([&, slot] {
        int item = 0;
        if (deque.Steal(item)) got.fetch_add(item, std::memory_order_relaxed);
        ledger.Leave(slot);
      });
    };
    for (int busy = 0; busy < 2; ++busy) ledger.TryEnter();
    m.Thread([&] {
      deque.Push(1);
      if (SeesRoom(ledger, deque)) bring();
    });
    m.Thread([&] {
      const Look look = ledger.SetWidth(3);
      if (!SeemsEmpty(deque, look)) bring();
    });
    m.Finally([&] { Check(got.load() == 1, "the item was taken, once"); });
  });
}

// The width shrinks while two pumps look for items, and one comes: a pump that is too many
// leaves, never the last, and nothing is left lying.
TEST(PumpLedgerModel, ShrinkingLosesNoWakeUp) {
  CheckInCalmAndNot({.name = "ledger_shrink"}, [](Model& m, bool calm) {
    Ledger ledger(2, 2);
    if (calm) ledger.Calm();
    Deque deque;
    ModelPlatform::Atomic<int> got{0};
    const std::function<void(int)> pump = [&](int slot) {
      while (slot != Ledger::kNoSlot) {
        if (ledger.Surplus() && ledger.Retire(slot)) return;
        int item = 0;
        if (deque.Steal(item)) got.fetch_add(item, std::memory_order_relaxed);
        const Look look = ledger.Leave(slot);
        slot = SeemsEmpty(deque, look) ? Ledger::kNoSlot : ledger.TryEnter().slot;
      }
    };
    const int first = ledger.TryEnter().slot;
    const int second = ledger.TryEnter().slot;
    m.Thread([&pump, first] { pump(first); });
    m.Thread([&pump, second] { pump(second); });
    m.Thread([&] {
      ledger.SetWidth(1);
      deque.Push(1);
      if (!SeesRoom(ledger, deque)) return;
      const int slot = ledger.TryEnter().slot;
      if (slot != Ledger::kNoSlot) m.Thread([&pump, slot] { pump(slot); });
    });
    m.Finally([&] {
      Check(got.load() == 1, "the item was taken, once");
      Check(ledger.Empty(), "all have left");
    });
  });
}

// One retires, where nobody is needed in its place, and another leaves, while a worker that
// stays busy adds an item: who retires looks nowhere, and so leaves the calm to the other.
TEST(PumpLedgerModel, WhoRetiresLeavesTheCalm) {
  CheckModel({.name = "ledger_retire"}, [](Model& m) {
    BusyWorker busy;
    const int first = busy.ledger.TryEnter().slot;
    const int second = busy.ledger.TryEnter().slot;
    busy.ledger.SetWidth(2);
    busy.ledger.Calm();
    m.Thread([&busy, first] {
      if (!busy.ledger.Retire(first)) busy.LetLeave(first);
    });
    m.Thread([&busy, second] { busy.LetLeave(second); });
    busy.AddOne(m);
  });
}

// Pumps stay until they are too many: in the end there are as many as the last width says.
TEST(PumpLedgerModel, AfterAResizeTheWidthIsKept) {
  CheckModel({.name = "ledger_resize", .preemptions = 1}, [](Model& m) {
    Ledger ledger(3, 3);
    ModelPlatform::Atomic<int> left{0};
    for (int pump = 0; pump < 3; ++pump) {
      const int slot = ledger.TryEnter().slot;
      m.Thread([&, slot] {
        while (left.load() == 0) {
          if (ledger.Surplus() && ledger.Retire(slot)) {
            left.fetch_add(1);
            return;
          }
          ModelPlatform::Pause();
        }
      });
    }
    ledger.SetWidth(1);
    ledger.SetWidth(2);
    m.Finally([&] {
      Check(left.load() >= 1, "one was too many");
      Check(left.load() <= 2, "and one of three was always needed");
      Check(!ledger.Surplus() || left.load() == 1, "the last width is kept");
    });
  });
}

// A pump that was told that it is alone touches what it works on without order, until it
// shares: another may come after that only.
TEST(PumpLedgerModel, TheOneAloneIsAskedFirst) {
  CheckModel({.name = "ledger_alone", .preemptions = 3}, [](Model& m) {
    Ledger ledger(1, 2);
    Deque deque;
    ModelPlatform::Plain<int> own;
    ModelPlatform::Atomic<int> got{0};
    const std::function<void()> bring = [&] {
      const auto entry = ledger.TryEnter();
      if (entry.slot == Ledger::kNoSlot) return;
      m.Thread([&, entry] {
        if (own.Read() == 2) got.fetch_add(1, std::memory_order_relaxed);
        int item = 0;
        if (deque.Steal(item)) got.fetch_add(item, std::memory_order_relaxed);
        ledger.Leave(entry.slot);
      });
    };
    const auto first = ledger.TryEnter();
    Check(first.alone, "nobody else can come");
    m.Thread([&, first] {
      own.Change() += 1;
      own.Change() += 1;
      if (ledger.Surplus()) {
        const Look look = ledger.ShareAlone();
        if (!SeemsEmpty(deque, look)) bring();
      }
      const Look look = ledger.Leave(first.slot);
      if (!SeemsEmpty(deque, look)) bring();
    });
    m.Thread([&] {
      deque.Push(10);
      deque.Announce();
      const Look look = ledger.SetWidth(2);
      if (!SeemsEmpty(deque, look) && ledger.HasRoom()) bring();
    });
    m.Finally([&] {
      Check(got.load() / 10 == 1, "the item was taken, once");
      Check(ledger.Empty(), "all have left");
      Check(ledger.HasRoom(), "and may come");
    });
  });
}

}  // namespace
}  // namespace weft::models
