// SPDX-License-Identifier: Apache-2.0
//
// A pool that serves as an executor, too, and one whose queue has a bound.

#include <cstddef>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_pool.h"

namespace weft::models {
namespace {

using WhenFull = TestPool::WhenFull;

// A pump and an item wait for each other: a place is enough for both.
TEST(PoolPumpsModel, PumpsAndItemsRunSideBySide) {
  CheckModel({.name = "pool_pump"}, [](Model& m) {
    TestPool pool(m, 1);
    Meeting meeting;
    ModelPlatform::Plain<int> pumped{0};
    pool.core.AllowPumps();
    pool.pump = [&](int slot) {
      Check(slot == 1, "its own slot");
      meeting.First();
      pumped.Write(1);
    };
    TestItem item([&] { meeting.Second(); });
    const int adder = pool.AddOnThread(item);
    const int starter = m.Thread([&] {
      Check(pool.core.StartPump(1), "there is a thread");
      pool.core.StopPumps();
      Check(pumped.Read() == 1, "who has stopped them sees what they did");
    });
    m.Join(adder);
    m.Join(starter);
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] {
      CheckRanOnce(item);
      pool.CheckAllHaveEnded();
    });
  });
}

// Who was told that a pump comes gets it, and none comes after the stop.
TEST(PoolPumpsModel, StopAgainstStart) {
  CheckModel({.name = "pool_stop"}, [](Model& m) {
    TestPool pool(m, 1);
    bool stopped = false;
    int pumps = 0;
    pool.core.AllowPumps();
    pool.pump = [&](int) {
      Check(!stopped, "not after the stop");
      ++pumps;
    };
    Check(pool.core.StartPump(0), "there is a thread");
    bool promised = false;
    const int starter = m.Thread([&] { promised = pool.core.StartPump(1); });
    pool.core.StopPumps();
    stopped = true;
    m.Join(starter);
    Check(pumps == (promised ? 2 : 1), "each that was promised has come");
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] { pool.CheckAllHaveEnded(); });
  });
}

// The start of a pump fails while others are stopped.
TEST(PoolPumpsModel, AFailedStartAgainstStop) {
  CheckModel({.name = "pool_stop_failed", .preemptions = 3}, [](Model& m) {
    TestPool pool(m, 1);
    pool.failing_starts = 1;
    int pumps = 0;
    pool.core.AllowPumps();
    pool.pump = [&](int) { ++pumps; };
    bool promised = false;
    const int starter = m.Thread([&] { promised = pool.core.StartPump(0); });
    const int stopper = m.Thread([&] { pool.core.StopPumps(); });
    m.Join(starter);
    m.Join(stopper);
    Check(pumps == (promised ? 1 : 0), "it has come if it was promised");
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] { pool.CheckAllHaveEnded(); });
  });
}

// Of a queue with room for one: who waits is let in by who takes.
TEST(PoolPumpsModel, WhoWaitsForRoomIsLetIn) {
  CheckModel({.name = "pool_room"}, [](Model& m) {
    TestPool pool(m, 1, /*most_queued=*/1);
    TestItem items[3];
    int adders[3] = {};
    for (const std::size_t i : {0u, 1u, 2u}) {
      adders[i] = m.Thread([&, i] { Check(pool.Add(items[i], WhenFull::kWait), "it is taken"); });
    }
    for (const int adder : adders) m.Join(adder);
    pool.core.Shutdown(/*cancel=*/false);
    m.Finally([&] {
      for (const TestItem& item : items) CheckRanOnce(item);
      pool.CheckAllHaveEnded();
    });
  });
}

// Also where the pool shuts down meanwhile.
TEST(PoolPumpsModel, WhoWaitsForRoomIsLetInByAShutdown) {
  CheckModel({.name = "pool_room_shutdown"}, [](Model& m) {
    TestPool pool(m, 1, /*most_queued=*/1);
    TestItem items[3];
    bool taken[3] = {};
    for (const std::size_t i : {0u, 1u, 2u}) {
      m.Thread([&, i] { taken[i] = pool.Add(items[i], WhenFull::kWait); });
    }
    m.Thread([&] { pool.core.Shutdown(/*cancel=*/false); });
    m.Finally([&] {
      for (const std::size_t i : {0u, 1u, 2u}) CheckCalledIfTaken(items[i], taken[i]);
      pool.CheckAllHaveEnded();
    });
  });
}

}  // namespace
}  // namespace weft::models
