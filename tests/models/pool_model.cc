// SPDX-License-Identifier: Apache-2.0
//
// Items, resizes, pumps and shutdowns of a pool against each other.

#include <cstddef>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_pool.h"

namespace weft::models {
namespace {

using Resized = TestPool::Resized;

// The thread goes to sleep, for the first time or again, while two add items.
TEST(PoolModel, SubmitAgainstAThreadThatGoesToSleep) {
  CheckModel({.name = "pool_sleep", .preemptions = 3}, [](Model& m) {
    TestPool pool(m, 1);
    TestItem items[2];
    int adders[2] = {};
    for (const std::size_t i : {0u, 1u}) adders[i] = pool.AddOnThread(items[i]);
    for (const int adder : adders) m.Join(adder);
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] {
      for (const TestItem& item : items) CheckRanOnce(item);
      pool.CheckAllHaveEnded();
    });
  });
}

// Items that wait for each other run side by side while there are places, whoever takes them.
TEST(PoolModel, SubmitBringsAThreadForEach) {
  CheckModel({.name = "pool_side_by_side", .preemptions = 3}, [](Model& m) {
    TestPool pool(m, 2);
    Meeting meeting;
    TestItem first([&] { meeting.First(); });
    TestItem second([&] { meeting.Second(); });
    const int adder = pool.AddOnThread(first);
    Check(pool.Add(second), "it is taken");
    m.Join(adder);
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] {
      CheckRanOnce(first);
      CheckRanOnce(second);
      pool.CheckAllHaveEnded();
    });
  });
}

TEST(PoolModel, ShrinkingAgainstSubmit) {
  CheckModel({.name = "pool_shrink", .preemptions = 3}, [](Model& m) {
    TestPool pool(m, 2);
    TestItem items[3];
    Check(pool.Add(items[0]), "it is taken");
    const int resizer = m.Thread([&] {
      Check(pool.core.Resize(1) == Resized::kYes, "it needs no thread");
      Check(pool.Add(items[1]), "it is taken");
    });
    const int adder = pool.AddOnThread(items[2]);
    m.Join(resizer);
    m.Join(adder);
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] {
      for (const TestItem& item : items) CheckRanOnce(item);
      pool.CheckAllHaveEnded();
    });
  });
}

// What begins after a pool has shrunk, and those before have ended, keeps to the width.
TEST(PoolModel, AfterShrinkingTheWidthIsKept) {
  CheckModel({.name = "pool_width", .preemptions = 3}, [](Model& m) {
    TestPool pool(m, 2);
    int inside = 0;
    ModelPlatform::Lock lock;  // a step at which another may be inside, too
    const auto alone = [&] {
      Check(++inside == 1, "no other runs");
      lock.lock();
      lock.unlock();
      --inside;
    };
    ModelPlatform::Parker met;
    Meeting meeting;
    TestItem first([&] { meeting.First(); });
    TestItem second([&] {
      meeting.Second();
      met.Unpark();
    });
    Check(pool.Add(first) && pool.Add(second), "both are taken");
    met.Park();
    Check(pool.core.Resize(1) == Resized::kYes, "it needs no thread");
    TestItem items[] = {TestItem(alone), TestItem(alone)};
    for (TestItem& item : items) Check(pool.Add(item), "it is taken");
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] { pool.CheckAllHaveEnded(); });
  });
}

// The second of two that wait for each other comes while the width grows: whoever comes later,
// the adder or who raises the width, brings a thread.
TEST(PoolModel, GrowingAgainstSubmit) {
  CheckModel({.name = "pool_grow"}, [](Model& m) {
    TestPool pool(m, 1);
    Meeting meeting;
    TestItem first([&] { meeting.First(); });
    TestItem second([&] { meeting.Second(); });
    Check(pool.Add(first), "it is taken");
    const int adder = pool.AddOnThread(second);
    const int resizer =
        m.Thread([&] { Check(pool.core.Resize(2) == Resized::kYes, "there is a thread"); });
    m.Join(adder);
    m.Join(resizer);
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] {
      CheckRanOnce(first);
      CheckRanOnce(second);
      pool.CheckAllHaveEnded();
    });
  });
}

TEST(PoolModel, GrowingAgainstShutdown) {
  CheckModel({.name = "pool_grow_shutdown", .preemptions = 3}, [](Model& m) {
    TestPool pool(m, 1);
    TestItem items[2];
    for (TestItem& item : items) Check(pool.Add(item), "it is taken");
    m.Thread([&] { Check(pool.core.Resize(2) != Resized::kNoThread, "there is a thread"); });
    m.Thread([&] {
      pool.core.Shutdown(/*cancel=*/false);
      for (const TestItem& item : items) CheckRanOnce(item);
      pool.CheckAllHaveEnded();
    });
    m.Finally([&] { pool.CheckAllHaveEnded(); });
  });
}

// A thread that cannot be had is asked for by one of them, perhaps, and the width that holds in
// the end is that of one that was not told so.
TEST(PoolModel, TwoResizesAtOnce) {
  CheckModel({.name = "pool_resizes", .stale = 0}, [](Model& m) {
    TestPool pool(m, 1);
    ModelPlatform::Parker open;
    TestItem held([&] { open.Park(); });
    TestItem other;
    Check(pool.Add(held) && pool.Add(other), "both are taken");
    pool.failing_starts = 1;
    Resized resized[2] = {};
    int resizers[2] = {};
    for (const int i : {0, 1}) {
      resizers[i] = m.Thread([&, i] { resized[i] = pool.core.Resize(2 + i); });
    }
    for (const int resizer : resizers) m.Join(resizer);
    const bool holds[2] = {resized[0] == Resized::kYes, resized[1] == Resized::kYes};
    const int width = pool.core.width();
    Check(holds[0] || holds[1], "only one could not have its thread");
    Check((holds[0] && width == 2) || (holds[1] && width == 3), "the width is one that holds");
    open.Unpark();
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] {
      CheckRanOnce(held);
      CheckRanOnce(other);
      pool.CheckAllHaveEnded();
    });
  });
}

void ShutDownAgainstSubmit(Model& m, bool cancel) {
  TestPool pool(m, 2);
  TestItem items[2];
  bool taken[2] = {};
  for (const std::size_t i : {0u, 1u}) {
    m.Thread([&, i] { taken[i] = pool.Add(items[i]); });
  }
  m.Thread([&] { pool.core.Shutdown(cancel); });
  m.Finally([&] {
    for (const std::size_t i : {0u, 1u}) {
      CheckCalledIfTaken(items[i], taken[i]);
      Check(cancel || items[i].dropped == 0, "it was not cancelled");
    }
    pool.CheckAllHaveEnded();
  });
}

TEST(PoolModel, DrainingAgainstSubmit) {
  CheckModel({.name = "pool_drain", .preemptions = 3},
             [](Model& m) { ShutDownAgainstSubmit(m, false); });
}
TEST(PoolModel, CancellingAgainstSubmit) {
  CheckModel({.name = "pool_cancel", .preemptions = 3},
             [](Model& m) { ShutDownAgainstSubmit(m, true); });
}

// Both return when all is done, and the second may hurry the first.
TEST(PoolModel, TwoShutdownsAtOnce) {
  CheckModel({.name = "pool_shutdowns"}, [](Model& m) {
    TestPool pool(m, 2);
    TestItem items[2];
    for (TestItem& item : items) Check(pool.Add(item), "it is taken");
    for (const bool cancel : {false, true}) {
      m.Thread([&, cancel] {
        pool.core.Shutdown(cancel);
        for (const TestItem& item : items) CheckCalledIfTaken(item, true);
        pool.CheckAllHaveEnded();
      });
    }
    m.Finally([] {});
  });
}

// The thread that there is comes from a pump, perhaps, when another for the queue cannot be had:
// it stays, and takes what is there.
TEST(PoolModel, AThreadThatCannotBeHad) {
  CheckModel({.name = "pool_no_thread"}, [](Model& m) {
    TestPool pool(m, 1);
    TestItem items[3];
    m.Join(pool.AddOnThread(items[0]));
    pool.failing_starts = 2;
    pool.core.AllowPumps();
    pool.core.StartPump(0);
    const int stopper = m.Thread([&] { pool.core.StopPumps(); });
    int adders[2] = {};
    for (const std::size_t i : {0u, 1u}) adders[i] = pool.AddOnThread(items[i + 1]);
    for (const int adder : adders) m.Join(adder);
    m.Join(stopper);
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] {
      for (const TestItem& item : items) CheckRanOnce(item);
      pool.CheckAllHaveEnded();
    });
  });
}

// Two that wait for each other come while no other thread can be had: who takes the first asks
// for one again.
TEST(PoolModel, AThreadThatCanBeHadLater) {
  CheckModel({.name = "pool_later_thread", .preemptions = 3}, [](Model& m) {
    TestPool pool(m, 2);
    ModelPlatform::Parker added;
    TestItem held([&] { added.Park(); });
    Meeting meeting;
    TestItem first([&] { meeting.First(); });
    TestItem second([&] { meeting.Second(); });
    pool.failing_starts = 2;
    for (TestItem* const item : {&held, &first, &second}) m.Join(pool.AddOnThread(*item));
    added.Unpark();
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] {
      for (TestItem* const item : {&held, &first, &second}) CheckRanOnce(*item);
      pool.CheckAllHaveEnded();
    });
  });
}

// The same beside a shutdown, which awaits threads that are being made.
TEST(PoolModel, AThreadThatCannotBeHadAgainstShutdown) {
  CheckModel({.name = "pool_no_thread_shutdown", .preemptions = 3}, [](Model& m) {
    TestPool pool(m, 2);
    pool.failing_starts = 1;
    TestItem items[2];
    bool taken[2] = {};
    for (const std::size_t i : {0u, 1u}) {
      m.Thread([&, i] { taken[i] = pool.Add(items[i]); });
    }
    m.Thread([&] { pool.core.Shutdown(/*cancel=*/false); });
    m.Finally([&] {
      for (const std::size_t i : {0u, 1u}) CheckCalledIfTaken(items[i], taken[i]);
      pool.CheckAllHaveEnded();
    });
  });
}

}  // namespace
}  // namespace weft::models
