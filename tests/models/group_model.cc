// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <cstdint>
#include <memory>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_graph.h"
#include "models/test_task.h"
#include "weft/scheduler/internal/group_count.h"
#include "weft/scheduler/internal/scope.h"
#include "weft/scheduler/internal/work_deque.h"
#include "weft/scheduler/internal/worker.h"

namespace weft::models {
namespace {

using Data = ModelPlatform::Plain<int>;
using Worker = internal::Worker<ModelPlatform>;

// What internal::GroupCore does with its counts. It may be gone as soon as it is at rest.
//
// Thread safety: every method from any thread.
class TestGroup final : public internal::Scope<ModelPlatform> {
 public:
  using Count = internal::GroupCount<ModelPlatform>;

  explicit TestGroup(TestWaits& waits) : waits_(waits) {}

  void Leave(std::int64_t tasks) {
    TestWaits& waits = waits_;
    const auto left = count.Leave(tasks, [this] { rest.store(1, std::memory_order_relaxed); });
    if (left == Count::Left::kAwaitedRest) waits.Notify(this);
  }
  // Sleeps until it is at rest. False: the deadline came first.
  bool Wait(const ModelPlatform::TimePoint* deadline = nullptr) {
    TestWaits::Waiter waiter;
    waiter.target = this;
    waits_.Add(waiter);
    bool at_rest = count.Await();
    for (bool in_time = true; !at_rest && in_time; at_rest = in_time && count.Await()) {
      if (deadline == nullptr) {
        waiter.parker.Park();
      } else {
        in_time = waiter.parker.ParkUntil(*deadline);
      }
    }
    // Under the lock: else the request of one who comes meanwhile would be taken back.
    waits_.Remove(waiter, [this] { count.StopAwaiting(); });
    return at_rest;
  }

  Count count;
  ModelPlatform::Atomic<int> rest{0};
  ModelPlatform::Atomic<std::int64_t> submitted{0};
  ModelPlatform::Atomic<std::int64_t> completed{0};

 private:
  void HandIn(const internal::ScopeNews& news, Worker&) noexcept override {
    submitted.fetch_add(news.submitted, std::memory_order_relaxed);
    completed.fetch_add(news.completed, std::memory_order_relaxed);
    Leave(news.ended);
  }
  void Foresee(std::int64_t tasks) noexcept override { count.Enter(tasks); }

  TestWaits& waits_;
};

// Two end the last tasks of a group, which goes as soon as `finds_rest` has seen it at rest.
void DestroyAtRest(Model& m, bool (*finds_rest)(TestGroup&)) {
  TestWaits waits;
  auto group = std::make_unique<TestGroup>(waits);
  group->count.Enter(2);
  Data done[2];
  for (Data& data : done) {
    m.Thread([&, ending = group.get()] {
      data.Write(1);
      ending->Leave(1);
    });
  }
  m.Thread([&] {
    if (!finds_rest(*group)) return;
    Check(group->rest.load(std::memory_order_relaxed) == 1, "when it came to rest is known");
    group.reset();
    Check(done[0].Read() == 1 && done[1].Read() == 1, "what its tasks did is visible");
  });
  m.Finally([] {});
}

TEST(GroupModel, WaiterMayDestroy) {
  CheckModel({.name = "group_await"},
             [](Model& m) { DestroyAtRest(m, [](TestGroup& group) { return group.Wait(); }); });
}

// The same by one who only looks.
TEST(GroupModel, WhoFindsRestMayDestroy) {
  CheckModel({.name = "group_at_rest"}, [](Model& m) {
    DestroyAtRest(m, [](TestGroup& group) { return group.count.AtRest(); });
  });
}

// One gives up waiting while another begins.
TEST(GroupModel, WhoGivesUpLeavesTheOthersAwaited) {
  CheckModel({.name = "group_give_up"}, [](Model& m) {
    TestWaits waits;
    TestGroup group(waits);
    group.count.Enter(1);
    Data done;
    m.Thread([&] {
      done.Write(1);
      group.Leave(1);
    });
    m.Thread([&] {
      const ModelPlatform::TimePoint deadline = ModelPlatform::Now();
      if (group.Wait(&deadline)) Check(done.Read() == 1, "what it did is visible");
    });
    m.Thread([&] {
      group.Wait();
      Check(done.Read() == 1, "what it did is visible");
    });
    m.Finally([] {});
  });
}

// A group comes to rest twice; its waiter has to be told each time.
TEST(GroupModel, ComesToRestAgain) {
  CheckModel({.name = "group_again"}, [](Model& m) {
    TestWaits waits;
    TestGroup group(waits);
    for (int round = 1; round <= 2; ++round) {
      group.count.Enter(1);
      Data done;
      const int ending = m.Thread([&] {
        done.Write(round);
        group.Leave(1);
      });
      group.Wait();
      Check(done.Read() == round, "what this round's task did is visible");
      m.Join(ending);
    }
    m.Finally([] {});
  });
}

// A task comes in from outside while the scheduler shuts down: it is refused, or waited
// for.
TEST(GroupModel, ShutdownAgainstSubmit) {
  CheckModel({.name = "group_shutdown"}, [](Model& m) {
    TestWaits waits;
    TestGroup group(waits);
    ModelPlatform::Atomic<bool> open{true};
    bool runs = false;  // not shared, for the model: only one thread runs
    bool closed = false;
    m.Thread([&] {
      group.count.Enter(1);
      runs = open.load(std::memory_order_seq_cst);
      Check(!runs || !closed, "no task comes in after the shutdown");
      group.Leave(1);
      runs = false;
    });
    m.Thread([&] {
      open.store(false, std::memory_order_seq_cst);
      group.count.entries();  // the look that must not be stale; the next one is no older
      closed = group.count.AtRest();
      Check(!runs || !closed, "no task is left after the shutdown");
    });
    m.Finally([] {});
  });
}

// True: there was a moment at which all were at rest.
bool FoundAtRest(TestGroup* const (&groups)[2]) {
  std::uint64_t entries[2] = {};
  for (int i = 0; i < 2; ++i) {
    entries[i] = groups[i]->count.entries();  // before the look: none came in between
    if (!groups[i]->count.AtRest()) return false;
  }
  for (int i = 0; i < 2; ++i) {
    if (!groups[i]->count.AtRest() || groups[i]->count.entries() != entries[i]) return false;
  }
  return true;
}

// Tasks of two groups bring in one another, there and back, while somebody looks at one
// group after the other.
TEST(GroupModel, GroupsAreAtRestTogether) {
  CheckModel({.name = "group_settle", .preemptions = 6}, [](Model& m) {
    TestWaits waits;
    TestGroup first(waits);
    TestGroup second(waits);
    second.count.Enter(1);
    bool over = false;  // not shared, for the model: only one thread runs
    m.Thread([&] {
      for (int step = 0; step < 3; ++step) {
        (step == 1 ? second : first).count.Enter(1);
        (step == 1 ? first : second).Leave(1);
      }
      first.Leave(1);
      over = true;
    });
    m.Thread([&] {
      TestGroup* const groups[] = {&first, &second};
      if (FoundAtRest(groups)) Check(over, "no task is left");
    });
    m.Finally([] {});
  });
}

// The first task brings in `children`, in two lots: another worker ends the first one.
// Whoever waits finds exact figures, whichever of the two ends the last task.
void EndOnAnotherWorker(Model& m, int first_lot, int second_lot, bool at_once = false) {
  TestLoop loop(m, 1);
  TestWaits waits;
  Worker here(loop.loop, loop.pool, 0);
  Worker there(loop.loop, loop.pool, 1);
  auto group = std::make_unique<TestGroup>(waits);
  group->count.Enter(1);
  group->submitted.store(1, std::memory_order_relaxed);
  internal::WorkDeque<ModelPlatform, int, 2> deque;
  int unended = 1;  // not shared, for the model: only one thread runs
  const auto end = [&](Worker& worker, TestGroup& of, int tasks) {
    for (int i = 0; i < tasks; ++i) worker.CountCompleted(of);
    unended -= tasks;
  };
  const auto submit = [&](TestGroup& of, int tasks) {
    const int step = at_once ? tasks : 1;
    for (int i = 0; i < tasks; i += step) here.CountSubmitted(of, step);
    unended += tasks;
  };
  m.Thread([&, of = group.get()] {
    submit(*of, first_lot);
    deque.Push(first_lot);
    submit(*of, second_lot);
    end(here, *of, 1);
    here.HandInEnds();
    end(here, *of, second_lot);
    if (int lot = 0; deque.Pop(lot)) end(here, *of, lot);
    here.HandInEnds();
  });
  m.Thread([&, of = group.get()] {
    int lot = 0;
    if (!deque.Steal(lot)) return;
    end(there, *of, lot);
    there.HandInEnds();
  });
  m.Thread([&] {
    group->Wait();
    Check(unended == 0, "at rest nothing is left");
    const std::int64_t tasks = 1 + first_lot + second_lot;
    Check(group->submitted.load(std::memory_order_relaxed) == tasks, "all are counted that came");
    Check(group->completed.load(std::memory_order_relaxed) == tasks, "and all that completed");
    group.reset();
  });
  m.Finally([] {});
}

TEST(GroupModel, AnotherWorkerEndsAChild) {
  CheckModel({.name = "group_credit"}, [](Model& m) { EndOnAnotherWorker(m, 1, 0); });
}

TEST(GroupModel, CreditIsUsedUp) {
  CheckModel({.name = "group_credits"}, [](Model& m) { EndOnAnotherWorker(m, 65, 1); });
}

TEST(GroupModel, ManyComeAtOnce) {
  CheckModel({.name = "group_at_once"},
             [](Model& m) { EndOnAnotherWorker(m, 150, 70, /*at_once=*/true); });
}

}  // namespace
}  // namespace weft::models
