// SPDX-License-Identifier: Apache-2.0
//
// What the explorer says of a failure, and that it keeps within its bounds.

#include "models/explorer.h"

#include <atomic>
#include <mutex>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft::models {
namespace {

using ::testing::HasSubstr;

template <class T>
using Atomic = ModelPlatform::Atomic<T>;

constexpr auto kRelaxed = std::memory_order_relaxed;

TEST(ExplorerTest, FailureNamesWhoWaitsForWhat) {
  const Result result = Explore({}, [](Model& m) {
    ModelPlatform::Lock lock;
    ModelPlatform::Parker parker;
    m.Name(lock, "the lock");
    m.Name(parker, "the parker");
    m.Thread([&] {
      std::lock_guard hold(lock);
      parker.Park();
    });
    m.Thread([&] { std::lock_guard hold(lock); });
    m.Finally([] {});
  });
  EXPECT_THAT(result.failure, HasSubstr("thread 1 is parked at the parker"));
}

TEST(ExplorerTest, CheckFailsTheModel) {
  const Result result = Explore({}, [](Model& m) {
    Atomic<int> x{0};
    for (int i = 0; i < 2; ++i) {
      m.Thread([&] { x.store(x.load() + 1); });
    }
    m.Finally([&] { Check(x.load() == 2, "both are counted"); });
  });
  EXPECT_EQ(result.failure, "check failed: both are counted");
}

TEST(ExplorerTest, ExhaustiveSearchKeepsToItsPreemptions) {
  // Two threads of two operations: the interleavings of AABB with so many preemptions.
  const auto count = [](int preemptions, int operations) {
    Options options;
    options.preemptions = preemptions;
    const Result result = Explore(options, [operations](Model& m) {
      Atomic<int> x{0};
      for (int i = 0; i < 2; ++i) {
        m.Thread([&] {
          for (int n = 0; n < operations; ++n) x.fetch_add(1);
        });
      }
      m.Finally([&] { Check(x.load() == 2 * operations, "all are counted"); });
    });
    EXPECT_TRUE(result.exhausted);
    // The first executions do not know yet that x is shared.
    return result.schedules - 1;
  };
  EXPECT_EQ(count(0, 2), 2);
  EXPECT_EQ(count(1, 2), 4);
  EXPECT_EQ(count(2, 2), 6);
  EXPECT_EQ(count(9, 2), 6);
  EXPECT_EQ(count(9, 3), 20);
  EXPECT_EQ(count(1, 3), 6);
}

TEST(ExplorerTest, WhatOneThreadUsesAloneBranchesNowhere) {
  const Result result = Explore({}, [](Model& m) {
    Atomic<int> mine{0};
    Atomic<int> constant{7};
    for (int i = 0; i < 3; ++i) {
      m.Thread([&, i] {
        for (int n = 0; n < 5; ++n) Check(constant.load() == 7, "nobody changes it");
        for (int n = 0; i == 0 && n < 5; ++n) mine.fetch_add(1);
      });
    }
    m.Finally([] {});
  });
  EXPECT_TRUE(result.exhausted);
  EXPECT_EQ(result.schedules, 6);  // who goes first, and next
}

// The first thread ends before the body uses what it used: no choice would be seen
// there, if only those count as users that are at work at the same time.
TEST(ExplorerTest, WhatOneUsesAfterTheOtherIsShared) {
  bool overtaken = false;
  const Result result = Explore({}, [&overtaken](Model& m) {
    ModelPlatform::Parker parker;
    Atomic<int> x{0};
    m.Thread([&] {
      parker.Unpark();
      x.store(1);
      x.store(2);
    });
    parker.Park();
    overtaken |= x.load() == 1;
    m.Finally([] {});
  });
  EXPECT_TRUE(result.exhausted);
  EXPECT_TRUE(overtaken);
}

TEST(ExplorerTest, ThreadsStartThreads) {
  const Result result = Explore({}, [](Model& m) {
    ModelPlatform::Plain<int> data{0};
    m.Thread([&] {
      data.Write(1);
      const int child = m.Thread([&] { data.Change() += 1; });
      m.Join(child);
      Check(data.Read() == 2, "a thread comes after its start and before its join");
    });
    for (int i = 0; i < 4; ++i) m.Thread([] {});
    m.Finally([] {});
  });
  EXPECT_TRUE(result.exhausted) << result.report;
}

TEST(ExplorerTest, SpinningReaderSeesTheStoreInTheEnd) {
  for (const Search search : {Search::kExhaustive, Search::kRandom, Search::kPct}) {
    Options options;
    options.search = search;
    options.limit = 2'000;
    const Result result = Explore(options, [](Model& m) {
      Atomic<int> flag{0};
      Atomic<int> answer{0};
      m.Thread([&] {
        while (flag.load(kRelaxed) == 0) ModelPlatform::Pause();
        answer.store(1, kRelaxed);
      });
      m.Thread([&] {
        while (answer.load(kRelaxed) == 0) ModelPlatform::Yield();
      });
      m.Thread([&] { flag.store(1, kRelaxed); });
      m.Finally([] {});
    });
    EXPECT_FALSE(result.failed) << result.report;
  }
}

TEST(ExplorerTest, BoundedSpinReachesItsEndWhenAsked) {
  const auto parks = [](int idle_pauses) {
    bool parked = false;
    Options options;
    options.idle_pauses = idle_pauses;
    Explore(options, [&parked](Model& m) {
      Atomic<int> flag{0};
      ModelPlatform::Parker parker;
      m.Thread([&] {
        for (int spins = 0; spins < 2; ++spins) {
          if (flag.load() != 0) return;
          ModelPlatform::Pause();
        }
        if (flag.load() != 0) return;
        parked = true;
        parker.Park();
      });
      m.Thread([&] {
        flag.store(1);
        parker.Unpark();
      });
      m.Finally([] {});
    });
    return parked;
  };
  EXPECT_FALSE(parks(0));
  EXPECT_TRUE(parks(2));
}

TEST(ExplorerTest, ModelThatDiffersFromItselfIsRefused) {
  int runs = 0;
  const Result result = Explore({}, [&runs](Model& m) {
    Atomic<int> x{0};
    ++runs;
    for (int i = 0; i < 2 + runs % 2; ++i) {
      m.Thread([&] { x.fetch_add(1); });
    }
    m.Finally([] {});
  });
  EXPECT_THAT(result.failure, HasSubstr("not deterministic"));
}

TEST(ExplorerTest, BodyMustEndAfterItsThreads) {
  const Result result = Explore({}, [](Model& m) { m.Thread([] {}); });
  EXPECT_THAT(result.failure, HasSubstr("end it with Finally"));
}

}  // namespace
}  // namespace weft::models
