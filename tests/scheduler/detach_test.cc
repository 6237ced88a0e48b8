// SPDX-License-Identifier: Apache-2.0
//
// Tasks without a handle: streams, which need memory only for those under way.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/held_engine.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class DetachTest : public testing::HeldEngineTest {};
WEFT_ON_ALL_ENGINES(DetachTest);

// Counts what lives.
class Counted {
 public:
  explicit Counted(std::atomic<std::int64_t>& live) : live_(&live) { ++*live_; }
  Counted(Counted&& other) noexcept : live_(other.live_) { ++*live_; }
  Counted(const Counted& other) : live_(other.live_) { ++*live_; }
  Counted& operator=(const Counted&) = delete;
  Counted& operator=(Counted&&) = delete;
  ~Counted() { --*live_; }

 private:
  std::atomic<std::int64_t>* live_;
};

TEST_P(DetachTest, BodiesRunAndCountInTheirGroup) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) group.Detach([&] { ++ran; });
  group.Detach({.priority = 5}, [&] { ++ran; });
  group.Detach([&](TaskContext& context) { ran += context.attempt(); });
  group.Detach([&] {
    ++ran;
    return absl::AbortedError("counts as well");
  });
  group.Detach([&]() -> int {
    ++ran;
    throw std::runtime_error("and this");
  });
  const RunSummary summary = group.Wait();
  EXPECT_EQ(ran, 104);
  EXPECT_EQ(summary.submitted, 104);
  EXPECT_EQ(summary.completed, 102);
  EXPECT_EQ(summary.failed, 2);
  EXPECT_EQ(summary.failures.size(), 2u);
}

TEST_P(DetachTest, ValuesAndClosuresAreDestroyed) {
  std::atomic<std::int64_t> live{0};
  TaskGroup group(*scheduler_);
  struct Large {
    Counted counted;
    char bytes[300] = {};
  };
  for (int i = 0; i < 200; ++i) {
    group.Detach([captured = Counted(live)] {});
    group.Detach([captured = Counted(live)] { return captured; });
    group.Detach(
        [captured = Counted(live), bytes = std::vector<int>(100)] { return Large{captured}; });
    group.Detach([captured = Counted(live)]() -> absl::StatusOr<Counted> {
      return absl::AbortedError("none");
    });
    group.Detach([captured = Counted(live)]() -> Counted { throw 1; });
  }
  EXPECT_EQ(group.Wait().failed, 400);
  EXPECT_EQ(live, 0);
}

TEST_P(DetachTest, DependenciesAreKept) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  int value = 0;  // plain: written by the first, read by the second
  int sum = 0;
  {
    auto first = group.Submit([&] { value = 3; }, After(held));
    auto number = group.Submit([] { return 4; }, After(held));
    auto pointer = group.Submit([] { return std::make_unique<int>(5); }, After(held));
    group.Detach([&](const int& x, std::unique_ptr<int> y) { sum = value + x + *y; }, number,
                 std::move(pointer), After(first));
  }
  Open();
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(sum, 12);
}

TEST_P(DetachTest, WhatADependencyMadeGoesWithItsLastReader) {
  std::atomic<std::int64_t> live{0};
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  for (int i = 0; i < 50; ++i) {
    const auto made = group.Submit([&live] { return Counted(live); }, After(held));
    for (int k = 0; k < 15; ++k) group.Detach([](const Counted&) {}, made);
  }
  Open();
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(live, 0);
}

TEST_P(DetachTest, SkippedAndCancelledOnesAreDestroyedToo) {
  std::atomic<std::int64_t> live{0};
  std::atomic<int> ran{0};
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto bad = group.Submit([] { return absl::AbortedError("x"); }, After(held));
  const auto stuck = *group.Schedule({.id = "stuck", .function = [] {}, .dependencies = {"ghost"}});
  for (int i = 0; i < 20; ++i) {
    group.Detach([&ran, captured = Counted(live)] { ++ran; }, After(bad));
    group.Detach([&ran, captured = Counted(live)](const absl::Status&) { ++ran; }, bad);
    group.Detach([&ran, captured = Counted(live)] { ++ran; }, After(stuck));
  }
  Open();
  EXPECT_EQ(group.Wait().pending, 21);
  group.Cancel(absl::CancelledError("enough"));
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.pending, 0);
  EXPECT_EQ(summary.skipped + summary.cancelled, 41);
  EXPECT_EQ(ran, 20);
  EXPECT_EQ(live, 0);
}

TEST_P(DetachTest, RefusedOnesAreCountedAndDestroyed) {
  std::atomic<std::int64_t> live{0};
  TaskGroup group(*scheduler_);
  group.Detach([captured = Counted(live)](const int&) {}, Task<int>());
  group.Seal();
  group.Detach([captured = Counted(live)] {});
  EXPECT_EQ(live, 0);
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.refused, 2);
  EXPECT_EQ(summary.submitted, 0);
  EXPECT_EQ(summary.failures.size(), 2u);
}

TEST_P(DetachTest, ABodyMayWaitForOthers) {
  TaskGroup group(*scheduler_);
  std::atomic<int> sum{0};
  for (int i = 0; i < 20; ++i) {
    group.Detach([&] {
      const auto inner = group.Submit([] { return 2; });
      sum += *inner.Get();
    });
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(sum, 40);
}

// The stream: its source waits after each batch, so that no more than a batch is ever
// outstanding.
TEST_P(DetachTest, AMillionFromInsideATask) {
  constexpr int kBatches = 500;
  constexpr int kBatch = 2000;
  std::atomic<std::int64_t> live{0};
  std::int64_t most = 0;
  std::atomic<std::int64_t> ran{0};
  TaskGroup group(*scheduler_);
  const auto source = group.Submit([&] {
    TaskGroup stream(*scheduler_);
    for (int batch = 0; batch < kBatches; ++batch) {
      for (int i = 0; i < kBatch; ++i) {
        stream.Detach([&ran, captured = Counted(live)] { ++ran; });
        most = std::max(most, live.load());
      }
      if (!stream.Wait().ok()) return absl::InternalError("a task of the stream did not complete");
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(source.Get().ok()) << source.Get();
  EXPECT_EQ(ran, std::int64_t{kBatches} * kBatch);
  EXPECT_LE(most, kBatch + 1);  // and the one that is on its way in
  EXPECT_EQ(live, 0);
}

// Their places are used again, as their closures are destroyed: a stream needs no more of them
// than are there at once, and what the workers keep.
TEST_P(DetachTest, AStreamNeedsFewPlaces) {
  constexpr int kBatches = 1000;
  constexpr int kBatch = 100;
  TaskGroup group(*scheduler_);
  std::mutex mu;
  std::set<std::uint32_t> places;
  for (int batch = 0; batch < kBatches; ++batch) {
    for (int i = 0; i < kBatch; ++i) {
      group.Detach([&](TaskContext& context) {
        const std::lock_guard<std::mutex> lock(mu);
        places.insert(context.id().index);
      });
    }
    ASSERT_TRUE(group.Wait().ok());
  }
  EXPECT_LT(places.size(), std::size_t{kBatches} * kBatch / 5);
}

// Each task submits the next: few are there at once.
TEST_P(DetachTest, AChainOfDetachedTasksKeepsNothing) {
  constexpr int kTasks = 100000;
  std::atomic<std::int64_t> live{0};
  std::atomic<std::int64_t> most{0};
  int ran = 0;  // plain: one after the other
  TaskGroup group(*scheduler_);
  struct Next {
    TaskGroup& group;
    std::atomic<std::int64_t>& live;
    std::atomic<std::int64_t>& most;
    int& ran;
    void operator()(int left) const {
      ++ran;
      std::int64_t seen = most;
      while (seen < live && !most.compare_exchange_weak(seen, live)) continue;
      if (left == 0) return;
      group.Detach([next = *this, left, captured = Counted(live)] { next(left - 1); });
    }
  };
  group.Detach([&] { Next{group, live, most, ran}(kTasks); });
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(ran, kTasks + 1);
  // A worker holds the closure of the one body that it runs, and, while that body is in
  // Detach, a parameter in each of the three functions that the next closure passes through
  // on its way into the task; where it then lies until somebody runs it.
  constexpr std::int64_t kOnTheWayIn = 3;
  EXPECT_LE(most, scheduler_->worker_count() * (1 + kOnTheWayIn) + 1);
  EXPECT_EQ(live, 0);
}

}  // namespace
}  // namespace weft
