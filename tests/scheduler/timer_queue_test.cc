// SPDX-License-Identifier: Apache-2.0
//
// Timers, against an ordered map, and against their clock.

#include "weft/scheduler/internal/timer_queue.h"

#include <atomic>
#include <cstdint>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "weft/core/internal/platform.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/internal/timers.h"

namespace weft::internal {
namespace {

using Queue = TimerQueue<StdPlatform>;

TEST(TimerQueueTest, RandomStepsAreThoseOfAnOrderedSet) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    Queue queue;
    std::vector<Timer> timers(1 + random() % 60);
    std::vector<std::uint64_t> turns(timers.size());
    std::set<std::pair<std::pair<std::int64_t, std::uint64_t>, std::size_t>> expected;
    std::uint64_t turn = 0;
    const auto key = [&](std::size_t i) { return std::pair(std::pair(timers[i].at, turns[i]), i); };
    for (int step = 0; step < 2000; ++step) {
      const std::size_t i = random() % timers.size();
      const bool armed = expected.contains(key(i));
      switch (random() % 3) {
        case 0:
          if (armed) expected.erase(key(i));
          queue.Arm(timers[i], static_cast<std::int64_t>(random() % 50));
          turns[i] = turn++;
          expected.insert(key(i));
          break;
        case 1:
          ASSERT_EQ(queue.Disarm(timers[i]), armed) << "seed " << seed;
          if (armed) expected.erase(key(i));
          break;
        default: {
          const auto now = static_cast<std::int64_t>(random() % 50);
          Timer* const due = queue.TakeDue(now);
          const bool any = !expected.empty() && expected.begin()->first.first <= now;
          ASSERT_EQ(due != nullptr, any) << "seed " << seed;
          if (!any) break;
          ASSERT_EQ(due, &timers[expected.begin()->second]) << "seed " << seed;
          expected.erase(expected.begin());
        }
      }
      ASSERT_EQ(queue.first_at(), expected.empty() ? Queue::kNever : expected.begin()->first.first)
          << "seed " << seed;
    }
  }
}

TEST(TimerQueueTest, SleeperIsWokenForWhatIsEarlierAlone) {
  Queue queue;
  Timer early;
  Timer late;
  EXPECT_FALSE(queue.Arm(late, 50));  // nobody sleeps
  EXPECT_EQ(queue.Sleep(), 50);
  EXPECT_FALSE(queue.Arm(early, 50));
  EXPECT_TRUE(queue.Arm(early, 49));
  EXPECT_EQ(queue.TakeDue(40), nullptr);
  EXPECT_FALSE(queue.Arm(early, 10));  // it looks again by itself
  EXPECT_EQ(queue.TakeDue(60), &early);
  EXPECT_EQ(queue.TakeDue(60), &late);
  EXPECT_EQ(queue.Sleep(), Queue::kNever);
  EXPECT_TRUE(queue.Arm(late, 1000));
  EXPECT_TRUE(queue.Disarm(late));
}

// Armed in falling order, one heap has a child of a child of a child: nothing recurses.
TEST(TimerQueueTest, DeepHeapNeedsNoStack) {
  constexpr int kTimers = 1'000'000;
  std::vector<Timer> timers(kTimers);
  Queue queue;
  for (int i = 0; i < kTimers; ++i) queue.Arm(timers[static_cast<std::size_t>(i)], kTimers - i);
  for (int i = kTimers; i-- > 0;)
    ASSERT_EQ(queue.TakeDue(kTimers), &timers[static_cast<std::size_t>(i)]);
  EXPECT_EQ(queue.TakeDue(kTimers), nullptr);
}

struct Counted : Timer {
  Counted() {
    fire = [](Timer& timer) noexcept {
      auto& self = static_cast<Counted&>(timer);
      self.fired_at = self.clock->Now();
      if (++self.fired == self.wanted) self.done.Notify();
    };
  }
  const Clock* clock = nullptr;
  int wanted = 1;
  std::atomic<int> fired{0};
  absl::Duration fired_at;
  absl::Notification done;
};

TEST(TimersTest, FiresWhenTheClockHasCome) {
  VirtualClock clock;
  Timers timers(clock, nullptr);
  ASSERT_TRUE(timers.Prepare().ok());
  ASSERT_TRUE(timers.Prepare().ok());
  Counted first;
  Counted second;
  first.clock = second.clock = &clock;
  timers.Arm(second, absl::Seconds(2));
  timers.Arm(first, absl::Seconds(1));
  clock.Advance(absl::Seconds(1));
  first.done.WaitForNotification();
  EXPECT_EQ(first.fired_at, absl::Seconds(1));
  EXPECT_EQ(second.fired, 0);
  clock.Advance(absl::Seconds(5));
  second.done.WaitForNotification();
  EXPECT_FALSE(timers.Disarm(second));
}

TEST(TimersTest, FollowsTheMachinesClock) {
  Timers timers(SteadyClock(), nullptr);
  ASSERT_TRUE(timers.Prepare().ok());
  Counted timer;
  timer.clock = &SteadyClock();
  Counted never;
  timers.Arm(never, SteadyClock().Now() + absl::Hours(100));
  const absl::Duration at = SteadyClock().Now() + absl::Milliseconds(2);
  timers.Arm(timer, at);
  timer.done.WaitForNotification();
  EXPECT_GE(timer.fired_at, at);
  EXPECT_TRUE(timers.Disarm(never));
}

TEST(TimersTest, WhoDisarmsKnowsWhetherItFires) {
  VirtualClock clock;
  Timers timers(clock, nullptr);
  ASSERT_TRUE(timers.Prepare().ok());
  for (int round = 0; round < 2000; ++round) {
    Counted timer;
    timer.clock = &clock;
    timers.Arm(timer, clock.Now() + absl::Seconds(1));
    std::thread mover([&clock] { clock.Advance(absl::Seconds(1)); });
    const bool disarmed = timers.Disarm(timer);
    mover.join();
    if (!disarmed) timer.done.WaitForNotification();
    ASSERT_EQ(timer.fired, disarmed ? 0 : 1);
  }
}

TEST(TimersTest, WithoutAThreadWhoDrainsFires) {
  struct Host final : TimersHost {
    void OnTimersChanged() noexcept override { ++told; }
    std::atomic<int> told{0};
  } host;
  VirtualClock clock;
  Timers timers(clock, &host);
  ASSERT_TRUE(timers.Prepare().ok());
  Counted timer;
  timer.clock = &clock;
  EXPECT_EQ(timers.SleepsUntil(), absl::InfiniteDuration());
  timers.Arm(timer, absl::Seconds(3));
  EXPECT_EQ(host.told, 1);
  EXPECT_EQ(timers.first_at(), absl::Seconds(3));
  EXPECT_FALSE(timers.FireDue());
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(host.told, 2);
  EXPECT_TRUE(timers.FireDue());
  EXPECT_EQ(timer.fired, 1);
  timers.Stop();
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(host.told, 2);
}

}  // namespace
}  // namespace weft::internal
