// SPDX-License-Identifier: Apache-2.0
//
// Litmus tests of what is more than a load or a store: updates, locks, sleep.

#include <chrono>
#include <cstddef>

#include "gtest/gtest.h"

#include "models/litmus.h"

namespace weft::models {
namespace {

template <class T>
using Atomic = ModelPlatform::Atomic<T>;

TEST(LitmusUpdateTest, UpdatesLoseNothing) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    Atomic<int> x{0};
    Outcome old(3);
    for (std::size_t i = 0; i < 3; ++i) {
      m.Thread([&, i] { old[i] = x.fetch_add(1, kRelaxed); });
    }
    m.Finally([&] { out = {old[0] + old[1] + old[2], x.load(kRelaxed)}; });
  });
  EXPECT_EQ(seen, (Outcomes{{3, 3}}));
}

TEST(LitmusUpdateTest, FailedExchangeMayHaveReadAnOldStore) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    Atomic<int> x{0};
    Atomic<int> y{0};
    int expected = 7;
    int flag = 0;
    m.Thread([&] {
      x.store(1, kRelaxed);
      y.store(1, kRelaxed);
    });
    m.Thread([&] {
      flag = y.load(kRelaxed);
      x.compare_exchange_strong(expected, 8, kRelaxed, kRelaxed);
    });
    m.Finally([&] { out = {flag, expected}; });
  });
  EXPECT_EQ(seen, (Outcomes{{0, 0}, {0, 1}, {1, 0}, {1, 1}}));
}

TEST(LitmusUpdateTest, WeakExchangeMayFailWithoutAReason) {
  for (const bool weak : {false, true}) {
    const Outcomes seen = All([weak](Model& m, Outcome& out) {
      Atomic<int> x{0};
      int expected = 0;
      const bool done =
          weak ? x.compare_exchange_weak(expected, 1) : x.compare_exchange_strong(expected, 1);
      m.Finally([&] { out = {done ? 1 : 0, x.load()}; });
    });
    EXPECT_EQ(seen, weak ? (Outcomes{{0, 0}, {1, 1}}) : (Outcomes{{1, 1}}));
  }
}

TEST(LitmusUpdateTest, LockExcludesAndOrders) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    ModelPlatform::Lock lock;
    ModelPlatform::Plain<int> shared{0};
    Atomic<int> relaxed{0};
    Outcome old(2);
    for (std::size_t i = 0; i < 2; ++i) {
      m.Thread([&, i] {
        lock.lock();
        old[i] = shared.Read() + relaxed.load(kRelaxed);
        shared.Change() += 1;
        relaxed.store(shared.Read(), kRelaxed);
        lock.unlock();
      });
    }
    m.Finally([&] { out = old; });
  });
  EXPECT_EQ(seen, (Outcomes{{0, 2}, {2, 0}}));
}

TEST(LitmusUpdateTest, ParkerKeepsOneLetGo) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    ModelPlatform::Parker parker;
    ModelPlatform::Plain<int> data{0};
    int first = 0;
    int second = 0;
    const int waker = m.Thread([&] {
      data.Write(1);
      parker.Unpark();
      parker.Unpark();
    });
    m.Join(waker);
    parker.Park();  // was let go before
    first = parker.ParkUntil(ModelPlatform::Now()) ? 1 : 0;
    m.Thread([&] {
      data.Write(2);
      parker.Unpark();
    });
    parker.Park();
    second = data.Read();
    m.Finally([&] { out = {first, second}; });
  });
  EXPECT_EQ(seen, (Outcomes{{0, 2}}));
}

TEST(LitmusUpdateTest, ParkUntilEndsEitherWay) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    ModelPlatform::Parker parker;
    m.Thread([&] { parker.Unpark(); });
    const auto deadline = ModelPlatform::Now() + std::chrono::seconds(1);
    const bool let_go = parker.ParkUntil(deadline);
    const bool late = ModelPlatform::Now() >= deadline;
    m.Finally([&] { out = {let_go ? 1 : 0, late ? 1 : 0}; });
  });
  EXPECT_EQ(seen, (Outcomes{{1, 0}, {0, 1}}));
}

TEST(LitmusUpdateTest, NotifyOneWakesAnyButOnlyOne) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    Atomic<int> gate{0};
    Atomic<int> order{0};
    Outcome came(2);
    for (std::size_t i = 0; i < 2; ++i) {
      m.Thread([&, i] {
        gate.wait(0, kAcquire);
        came[i] = order.fetch_add(1, kAcqRel);
        gate.notify_one();
      });
    }
    gate.store(1, kRelease);
    gate.notify_one();
    m.Finally([&] { out = came; });
  });
  EXPECT_EQ(seen, (Outcomes{{0, 1}, {1, 0}}));
}

}  // namespace
}  // namespace weft::models
