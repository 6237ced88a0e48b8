// SPDX-License-Identifier: Apache-2.0
//
// Trackers under many threads.

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "weft/sync/progress_tracker.h"

namespace weft {
namespace {

using Part = ProgressTracker::Part;

constexpr int kThreads = 8;

TEST(ProgressThreadsTest, AMillionEventsAreAllCounted) {
  constexpr int kEvents = (WEFT_SANITIZED ? 80'000 : 1'000'000) / kThreads;
  ProgressTracker tracker({.label = "File"});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEvents; ++i) {
        tracker.root().Announce(1, 3);
        i % 10 == 0 ? tracker.root().Fail(1, 3) : tracker.root().Complete(1, 3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const ProgressLevel root = tracker.Snapshot().levels[0];
  EXPECT_EQ(root.total, kThreads * kEvents);
  EXPECT_EQ(root.failed, kThreads * (kEvents / 10));
  EXPECT_EQ(root.completed, kThreads * (kEvents - kEvents / 10));
}

// Each thread writes chapters of 20 sections. Somebody reads meanwhile.
TEST(ProgressThreadsTest, ReadersNeverSeeItGoBackOrBeyondItsTotal) {
  constexpr int kWriters = 3;
  constexpr int kChapters = WEFT_SANITIZED ? 200 : 2'000;
  ProgressTracker tracker({.label = "Chapter", .total = kWriters * kChapters});
  std::vector<std::thread> threads;
  for (int t = 0; t < kWriters; ++t) {
    threads.emplace_back([&] {
      for (int c = 0; c < kChapters; ++c) {
        Part chapter = tracker.root().AddPart({.label = "Section", .total = 20});
        for (int i = 0; i < 20; ++i) chapter.Complete();
      }
    });
  }
  threads.emplace_back([&] {
    ProgressSnapshot before = tracker.Snapshot();
    while (before.levels[0].completed < kWriters * kChapters) {
      const ProgressSnapshot now = tracker.Snapshot();
      ASSERT_GE(now.levels[0].completed, before.levels[0].completed);
      ASSERT_GE(now.fraction, before.fraction);
      for (const ProgressLevel& level : now.levels) ASSERT_LE(level.completed, level.total);
      before = now;
      std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(tracker.Snapshot().Text(), "Chapter " + std::to_string(kWriters * kChapters) + "/" +
                                           std::to_string(kWriters * kChapters) + " completed");
}

TEST(ProgressThreadsTest, PartsComeAndGoOnAllThreads) {
  constexpr int kParts = WEFT_SANITIZED ? 1'000 : 10'000;
  ProgressTracker tracker({.label = "Chapter", .total = kThreads * kParts});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kParts; ++i) {
        Part part = tracker.root().AddPart({.label = "Section", .total = 3});
        part.Complete(i % 4);  // none, some, all
        if (i % 4 == 1) part.Fail(2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const ProgressSnapshot end = tracker.Snapshot();
  ASSERT_EQ(end.levels.size(), 1u);
  EXPECT_EQ(end.levels[0].completed, kThreads * kParts / 4);
  EXPECT_EQ(end.levels[0].failed, kThreads * kParts / 4 * 3);
}

TEST(ProgressThreadsTest, TheListenerIsNeverCalledByTwoAtOnce) {
  constexpr int kEvents = WEFT_SANITIZED ? 5'000 : 50'000;
  int calls = 0;  // not guarded
  std::int64_t before = 0;
  std::atomic<int> inside{0};
  ProgressOptions options;
  options.total = kThreads * kEvents;
  options.interval = absl::Microseconds(5);
  options.listener = [&](const ProgressSnapshot& snapshot) {
    EXPECT_EQ(inside.fetch_add(1), 0);
    ++calls;
    EXPECT_GE(snapshot.levels[0].completed, before);
    before = snapshot.levels[0].completed;
    inside.fetch_sub(1);
  };
  ProgressTracker tracker(std::move(options));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEvents; ++i) tracker.root().Complete();
    });
  }
  for (std::thread& thread : threads) thread.join();
  tracker.Finish();
  EXPECT_EQ(before, kThreads * kEvents);
  EXPECT_GT(calls, 1);
}

}  // namespace
}  // namespace weft
