// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <memory>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/sync/internal/notify_gate.h"

namespace weft::models {
namespace {

using Gate = internal::NotifyGate<ModelPlatform>;

constexpr std::int64_t kInterval = 10;

// A gate, what lies behind it, and a clock that nobody has to wait for.
struct World {
  std::int64_t Now() const { return clock.load(std::memory_order_relaxed); }

  void Notify() {
    inside.Change() = 1;
    updates.Change() += 1;
    inside.Change() = 0;
  }
  void Take(Gate::Turn turn) {
    while (turn == Gate::Turn::kUpdate) {
      Check(!over.Read(), "no update comes after the last turn");
      Notify();
      turn = gate.Leave([this] { return Now(); });
    }
    if (turn != Gate::Turn::kLast) return;
    Check(!over.Read(), "the last turn comes once");
    over.Write(true);
    seen.Write(done.load(std::memory_order_relaxed));
    gate.Close();
  }
  void Event() {
    Take(gate.Enter([this] { return Now(); }));
  }
  void Finish() {
    const Gate::Turn turn = gate.Last();
    if (turn == Gate::Turn::kNone) return gate.AwaitClosed();
    Take(turn);
  }

  Gate gate{kInterval};
  ModelPlatform::Atomic<std::int64_t> clock{0};
  ModelPlatform::Atomic<int> done{0};  // what a snapshot shows
  // Of those who are in: only the gate keeps them apart.
  ModelPlatform::Plain<int> inside{0};
  ModelPlatform::Plain<int> updates{0};
  ModelPlatform::Plain<bool> over{false};
  ModelPlatform::Plain<int> seen{0};
};

TEST(NotifyGateModel, OneInAnIntervalAndOneAtATime) {
  CheckModel({.name = "notify_gate_interval", .preemptions = 3}, [](Model& m) {
    World world;
    m.Thread([&] { world.Event(); });
    m.Thread([&] { world.Event(); });
    m.Thread([&] { world.Event(); });
    m.Finally([&] { Check(world.updates.Read() == 1, "one update in an interval, and one came"); });
  });
}

TEST(NotifyGateModel, TheNextOneComesAnIntervalAfterTheLastHasLeft) {
  CheckModel({.name = "notify_gate_next"}, [](Model& m) {
    World world;
    m.Thread([&] {
      world.Event();
      world.clock.store(kInterval, std::memory_order_relaxed);
      world.Event();
    });
    m.Thread([&] { world.Event(); });
    m.Finally([&] {
      const int updates = world.updates.Read();
      Check(updates >= 1 && updates <= 2, "one update for each interval");
    });
  });
}

TEST(NotifyGateModel, TheLastTurnComesOnceAfterAllOthersAndSeesAll) {
  CheckModel({.name = "notify_gate_last", .preemptions = 3}, [](Model& m) {
    World world;
    m.Thread([&] { world.Event(); });
    m.Thread([&] {
      world.done.store(1, std::memory_order_relaxed);
      world.Finish();
      Check(world.over.Read(), "the last turn is over when Finish returns");
      Check(world.seen.Read() == 1, "it has seen what was done before");
    });
    m.Thread([&] { world.Event(); });
    m.Finally([] {});
  });
}

TEST(NotifyGateModel, EachWhoFinishesWaitsForTheLastTurn) {
  CheckModel({.name = "notify_gate_two"}, [](Model& m) {
    World world;
    for (int thread = 0; thread < 2; ++thread) {
      m.Thread([&] {
        world.Finish();
        Check(world.over.Read(), "the last turn is over when Finish returns");
      });
    }
    m.Thread([&] { world.Event(); });
    m.Finally([] {});
  });
}

TEST(NotifyGateModel, WhoHasFinishedMayDestroy) {
  CheckModel({.name = "notify_gate_destroy", .preemptions = 3}, [](Model& m) {
    auto world = std::make_unique<World>();
    // Who is in when the last turn is asked for takes it, and touches nothing after it.
    ModelPlatform::Parker entered;
    m.Thread([&, raw = world.get()] {
      const Gate::Turn turn = raw->gate.Enter([raw] { return raw->Now(); });
      entered.Unpark();
      raw->Take(turn);
    });
    m.Thread([&] {
      entered.Park();
      world->Finish();
      world.reset();
    });
    m.Finally([] {});
  });
}

}  // namespace
}  // namespace weft::models
