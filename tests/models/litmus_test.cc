// SPDX-License-Identifier: Apache-2.0
//
// Small programs of which every outcome is known: the explorer must produce exactly
// those that C++20 allows, but for the holes that docs/concurrency.md lists.

#include "models/litmus.h"

#include <cstddef>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft::models {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

template <class T>
using Atomic = ModelPlatform::Atomic<T>;

Outcomes MessagePassing(std::memory_order store, std::memory_order load) {
  return All([=](Model& m, Outcome& out) {
    Atomic<int> data{0};
    Atomic<int> flag{0};
    int saw_flag = 0;
    int saw_data = 0;
    m.Thread([&] {
      data.store(1, kRelaxed);
      flag.store(1, store);
    });
    m.Thread([&] {
      saw_flag = flag.load(load);
      saw_data = data.load(kRelaxed);
    });
    m.Finally([&] { out = {saw_flag, saw_data}; });
  });
}

TEST(LitmusTest, MessagePassing) {
  const Outcomes all = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const Outcomes ordered = {{0, 0}, {0, 1}, {1, 1}};
  EXPECT_EQ(MessagePassing(kRelaxed, kRelaxed), all);
  EXPECT_EQ(MessagePassing(kRelease, kRelaxed), all);
  EXPECT_EQ(MessagePassing(kRelaxed, kAcquire), all);
  EXPECT_EQ(MessagePassing(kRelease, kAcquire), ordered);
  EXPECT_EQ(MessagePassing(kSc, kSc), ordered);
}

Outcomes StoreBuffering(std::memory_order store, std::memory_order load) {
  return All([=](Model& m, Outcome& out) {
    Atomic<int> x{0};
    Atomic<int> y{0};
    int saw_y = 0;
    int saw_x = 0;
    m.Thread([&] {
      x.store(1, store);
      saw_y = y.load(load);
    });
    m.Thread([&] {
      y.store(1, store);
      saw_x = x.load(load);
    });
    m.Finally([&] { out = {saw_y, saw_x}; });
  });
}

TEST(LitmusTest, StoreBuffering) {
  const Outcomes all = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const Outcomes ordered = {{0, 1}, {1, 0}, {1, 1}};
  EXPECT_EQ(StoreBuffering(kRelaxed, kRelaxed), all);
  EXPECT_EQ(StoreBuffering(kRelease, kAcquire), all);
  EXPECT_EQ(StoreBuffering(kSc, kAcquire), all);
  EXPECT_EQ(StoreBuffering(kRelease, kSc), all);
  EXPECT_EQ(StoreBuffering(kSc, kSc), ordered);
}

enum class Fence { kNone, kLight, kHeavy };

void Do(Fence fence) {
  if (fence == Fence::kLight) ModelPlatform::LightFence();
  if (fence == Fence::kHeavy) ModelPlatform::HeavyFence();
}

Outcomes StoreBufferingWithFences(Fence first, Fence second) {
  return All([=](Model& m, Outcome& out) {
    Atomic<int> x{0};
    Atomic<int> y{0};
    int saw_y = 0;
    int saw_x = 0;
    m.Thread([&] {
      x.store(1, kRelaxed);
      Do(first);
      saw_y = y.load(kRelaxed);
    });
    m.Thread([&] {
      y.store(1, kRelaxed);
      Do(second);
      saw_x = x.load(kRelaxed);
    });
    m.Finally([&] { out = {saw_y, saw_x}; });
  });
}

TEST(LitmusTest, StoreBufferingWithFences) {
  const Outcomes all = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const Outcomes ordered = {{0, 1}, {1, 0}, {1, 1}};
  EXPECT_EQ(StoreBufferingWithFences(Fence::kLight, Fence::kHeavy), ordered);
  EXPECT_EQ(StoreBufferingWithFences(Fence::kHeavy, Fence::kHeavy), ordered);
  EXPECT_EQ(StoreBufferingWithFences(Fence::kLight, Fence::kLight), all);
  EXPECT_EQ(StoreBufferingWithFences(Fence::kNone, Fence::kHeavy), all);
  EXPECT_EQ(StoreBufferingWithFences(Fence::kLight, Fence::kNone), all);
}

// What a third thread has written and the first has seen before its fence, the second sees.
TEST(LitmusTest, FencesHandOnWhatWasRead) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    Atomic<int> x{0};
    Atomic<int> y{0};
    int first_x = 0;
    int first_y = 0;
    int second_x = 0;
    m.Thread([&] { x.store(1, kRelaxed); });
    m.Thread([&] {
      first_x = x.load(kRelaxed);
      ModelPlatform::LightFence();
      first_y = y.load(kRelaxed);
    });
    m.Thread([&] {
      y.store(1, kRelaxed);
      ModelPlatform::HeavyFence();
      second_x = x.load(kRelaxed);
    });
    m.Finally([&] { out = {first_x, first_y, second_x}; });
  });
  EXPECT_THAT(seen, Not(Contains(Outcome{1, 0, 0})));
  EXPECT_THAT(seen, Contains(Outcome{1, 0, 1}));
  EXPECT_THAT(seen, Contains(Outcome{1, 1, 0}));
  EXPECT_THAT(seen, Contains(Outcome{0, 0, 0}));
}

TEST(LitmusTest, FencesAloneHandOverNoData) {
  const Result result = Explore({.name = "fences"}, [](Model& m) {
    ModelPlatform::Plain<int> data;
    m.Thread([&] {
      data.Write(1);
      ModelPlatform::LightFence();
    });
    m.Thread([&] {
      ModelPlatform::HeavyFence();
      data.Read();
    });
    m.Finally([] {});
  });
  EXPECT_TRUE(result.failed);
  EXPECT_THAT(result.report, ::testing::HasSubstr("data race"));
}

// The stores (writes) or the loads (reads) replaced by an update.
Outcomes StoreBufferingByUpdates(bool writes, bool reads, bool second, std::memory_order order) {
  return All([=](Model& m, Outcome& out) {
    Atomic<int> x{0};
    Atomic<int> y{0};
    const auto side = [=](Atomic<int>& mine, Atomic<int>& other, bool updates) {
      const auto acquire = order == kAcqRel ? kAcquire : order;
      const auto release = order == kAcqRel ? kRelease : order;
      if (updates && writes) {
        mine.fetch_add(1, order);
      } else {
        mine.store(1, release);
      }
      return updates && reads ? other.fetch_add(0, order) : other.load(acquire);
    };
    int saw_y = 0;
    int saw_x = 0;
    m.Thread([&] { saw_y = side(x, y, true); });
    m.Thread([&] { saw_x = side(y, x, second); });
    m.Finally([&] { out = {saw_y, saw_x}; });
  });
}

TEST(LitmusTest, StoreBufferingByUpdates) {
  const Outcomes all = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const Outcomes ordered = {{0, 1}, {1, 0}, {1, 1}};
  // An update reads the end of the modification order, its writing may still be late.
  EXPECT_EQ(StoreBufferingByUpdates(true, false, true, kAcqRel), all);
  EXPECT_EQ(StoreBufferingByUpdates(true, false, true, kSc), ordered);
  EXPECT_EQ(StoreBufferingByUpdates(true, false, false, kAcqRel), all);
  EXPECT_EQ(StoreBufferingByUpdates(true, false, false, kSc), ordered);
  // One side reads by an update: in the order of y it comes before the other's store,
  // and a plain store that follows it learns nothing of it.
  EXPECT_EQ(StoreBufferingByUpdates(false, true, false, kAcqRel), all);
  EXPECT_EQ(StoreBufferingByUpdates(false, true, false, kSc), ordered);
  // Both sides write and read by updates: the later one has acquired the earlier.
  EXPECT_EQ(StoreBufferingByUpdates(true, true, true, kAcqRel), ordered);
  // C++20 allows {0, 0} here: each first update would read the other thread's second,
  // which is load buffering again.
  EXPECT_EQ(StoreBufferingByUpdates(true, true, true, kRelaxed), ordered);
}

TEST(LitmusTest, ReadsOfOneVariableNeverGoBack) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    Atomic<int> x{0};
    int first = 0;
    int second = 0;
    m.Thread([&] {
      x.store(1, kRelaxed);
      x.store(2, kRelaxed);
    });
    m.Thread([&] {
      first = x.load(kRelaxed);
      second = x.load(kRelaxed);
    });
    m.Finally([&] { out = {first, second}; });
  });
  EXPECT_EQ(seen, (Outcomes{{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}}));
}

TEST(LitmusTest, WritesOfOneThreadKeepTheirOrder) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    Atomic<int> x{0};
    m.Thread([&] {
      x.store(1, kRelaxed);
      x.store(2, kRelaxed);
    });
    m.Thread([&] { x.store(3, kRelaxed); });
    m.Finally([&] { out = {x.load(kRelaxed)}; });
  });
  EXPECT_EQ(seen, (Outcomes{{2}, {3}}));
}

TEST(LitmusTest, WriteComesAfterWhatItsThreadHasRead) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    Atomic<int> x{0};
    int saw = 0;
    m.Thread([&] { x.store(1, kRelaxed); });
    m.Thread([&] {
      saw = x.load(kRelaxed);
      x.store(2, kRelaxed);
    });
    m.Finally([&] { out = {saw, x.load(kRelaxed)}; });
  });
  // {1, 1}: it has read 1 and its 2 comes before that.
  EXPECT_EQ(seen, (Outcomes{{0, 1}, {0, 2}, {1, 2}}));
}

TEST(LitmusTest, TwoReadersAgreeOnOneVariable) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    Atomic<int> x{0};
    Outcome reads(4);
    m.Thread([&] { x.store(1, kRelaxed); });
    m.Thread([&] { x.store(2, kRelaxed); });
    for (std::size_t reader = 0; reader < 2; ++reader) {
      m.Thread([&, reader] {
        reads[2 * reader] = x.load(kRelaxed);
        reads[2 * reader + 1] = x.load(kRelaxed);
      });
    }
    m.Finally([&] { out = reads; });
  });
  EXPECT_THAT(seen, Contains(ElementsAre(1, 2, 1, 2)));
  EXPECT_THAT(seen, Contains(ElementsAre(2, 1, 2, 1)));
  EXPECT_THAT(seen, Not(Contains(ElementsAre(1, 2, 2, 1))));
  EXPECT_THAT(seen, Not(Contains(ElementsAre(1, 0, 0, 0))));
  EXPECT_EQ(seen.size(), 47U);
}

Outcomes IndependentReads(std::memory_order store, std::memory_order load) {
  return All([=](Model& m, Outcome& out) {
    Atomic<int> x{0};
    Atomic<int> y{0};
    Outcome reads(4);
    m.Thread([&] { x.store(1, store); });
    m.Thread([&] { y.store(1, store); });
    m.Thread([&] {
      reads[0] = x.load(load);
      reads[1] = y.load(load);
    });
    m.Thread([&] {
      reads[2] = y.load(load);
      reads[3] = x.load(load);
    });
    m.Finally([&] { out = reads; });
  });
}

TEST(LitmusTest, IndependentReadsOfIndependentWrites) {
  const Outcome disagree = {1, 0, 1, 0};
  const Outcomes weak = IndependentReads(kRelease, kAcquire);
  EXPECT_EQ(weak.size(), 16U);
  EXPECT_THAT(weak, Contains(disagree));
  const Outcomes strong = IndependentReads(kSc, kSc);
  EXPECT_EQ(strong.size(), 15U);
  EXPECT_THAT(strong, Not(Contains(disagree)));
  // C++20: reads that are sequentially consistent agree even on relaxed writes.
  EXPECT_THAT(IndependentReads(kRelaxed, kSc), Not(Contains(disagree)));
}

// A release store, then a relaxed operation on the same variable by another thread.
Outcomes ReleaseSequence(bool by_update) {
  return All([=](Model& m, Outcome& out) {
    Atomic<int> data{0};
    Atomic<int> flag{0};
    int saw_flag = 0;
    int saw_data = 0;
    m.Thread([&] {
      data.store(1, kRelaxed);
      flag.store(1, kRelease);
    });
    m.Thread([&] {
      if (by_update) {
        flag.fetch_add(2, kRelaxed);
      } else {
        flag.store(3, kRelaxed);
      }
    });
    m.Thread([&] {
      saw_flag = flag.load(kAcquire);
      saw_data = data.load(kRelaxed);
    });
    m.Finally([&] { out = {saw_flag, saw_data}; });
  });
}

TEST(LitmusTest, ReleaseSequenceGoesOnThroughAnUpdate) {
  // 3 after 1: by the update; 2: the update came first.
  EXPECT_EQ(ReleaseSequence(true), (Outcomes{{0, 0}, {0, 1}, {1, 1}, {2, 0}, {2, 1}, {3, 1}}));
}

TEST(LitmusTest, ReleaseSequenceEndsAtAStore) {
  EXPECT_EQ(ReleaseSequence(false), (Outcomes{{0, 0}, {0, 1}, {1, 1}, {3, 0}, {3, 1}}));
}

Outcomes TwoStoresEach(std::memory_order order) {
  return All([=](Model& m, Outcome& out) {
    Atomic<int> x{0};
    Atomic<int> y{0};
    m.Thread([&] {
      x.store(1, order);
      y.store(2, order);
    });
    m.Thread([&] {
      y.store(1, order);
      x.store(2, order);
    });
    m.Finally([&] { out = {x.load(kRelaxed), y.load(kRelaxed)}; });
  });
}

TEST(LitmusTest, TwoStoresEach) {
  EXPECT_EQ(TwoStoresEach(kRelease), (Outcomes{{1, 1}, {1, 2}, {2, 1}, {2, 2}}));
  // {1, 1}: each thread's second store would come before the other's first.
  EXPECT_EQ(TwoStoresEach(kSc), (Outcomes{{1, 2}, {2, 1}, {2, 2}}));
}

TEST(LitmusTest, LoadBufferingIsNotProduced) {
  const Outcomes seen = All([](Model& m, Outcome& out) {
    Atomic<int> x{0};
    Atomic<int> y{0};
    int saw_x = 0;
    int saw_y = 0;
    m.Thread([&] {
      saw_x = x.load(kRelaxed);
      y.store(1, kRelaxed);
    });
    m.Thread([&] {
      saw_y = y.load(kRelaxed);
      x.store(1, kRelaxed);
    });
    m.Finally([&] { out = {saw_x, saw_y}; });
  });
  EXPECT_EQ(seen, (Outcomes{{0, 0}, {0, 1}, {1, 0}}));  // C++20 also allows {1, 1}
}

}  // namespace
}  // namespace weft::models
