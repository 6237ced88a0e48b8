// SPDX-License-Identifier: Apache-2.0

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/scheduler/internal/pending_bound.h"

namespace weft::models {
namespace {

using Bound = internal::PendingBound<ModelPlatform>;

struct World {
  explicit World(std::int64_t limit) : bound(limit) {}

  // As one who submits: it says that it waits, looks again, and sleeps.
  void Enter() {
    while (!bound.TryEnter(1)) {
      bound.Await();
      if (bound.HasRoom()) continue;
      parker.Park();
    }
    Check(inside.fetch_add(1, std::memory_order_relaxed) < bound.limit(), "more than the bound");
  }
  void Leave() {
    inside.fetch_sub(1, std::memory_order_relaxed);
    if (bound.Leave(1)) parker.Unpark();
  }

  Bound bound;
  ModelPlatform::Atomic<std::int64_t> inside{0};
  ModelPlatform::Parker parker;  // of the one who waits
};

TEST(PendingBoundModel, WhoWaitsIsWokenByWhoLeaves) {
  CheckModel({.name = "pending_bound_wakes", .preemptions = 4}, [](Model& m) {
    World world(1);
    world.Enter();
    m.Thread([&] { world.Leave(); });
    m.Thread([&] {
      world.Enter();
      world.Leave();
    });
    m.Finally([&] { Check(world.bound.count() == 0, "all have left"); });
  });
}

TEST(PendingBoundModel, NoMoreThanTheBoundComeIn) {
  CheckModel({.name = "pending_bound_limit"}, [](Model& m) {
    World world(2);
    ModelPlatform::Atomic<int> in{0};
    for (int i = 0; i < 3; ++i) {
      m.Thread([&] {
        if (!world.bound.TryEnter(1)) return;
        Check(in.fetch_add(1, std::memory_order_relaxed) < 2, "more than the bound");
      });
    }
    m.Finally([&] {
      Check(in.load(std::memory_order_relaxed) == 2, "as many as there was room for");
    });
  });
}

// Of two that leave one at least finds who waits; that one takes whatever room there is.
TEST(PendingBoundModel, TwoLeaveAndOneWaitsForBoth) {
  CheckModel({.name = "pending_bound_two"}, [](Model& m) {
    World world(2);
    world.Enter();
    world.Enter();
    for (int i = 0; i < 2; ++i) m.Thread([&] { world.Leave(); });
    m.Thread([&] {
      while (!world.bound.TryEnter(2)) {
        world.bound.Await();
        if (!world.bound.HasRoom(2)) world.parker.Park();
      }
    });
    m.Finally([&] { Check(world.bound.count() == 2, "it came in"); });
  });
}

}  // namespace
}  // namespace weft::models
