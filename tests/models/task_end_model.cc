// SPDX-License-Identifier: Apache-2.0
//
// How tasks end while others add successors, wait, look them up and let them go.

#include <atomic>
#include <cstdint>
#include <functional>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_task.h"
#include "weft/core/task_state.h"

namespace weft::models {
namespace {

using Data = ModelPlatform::Plain<int>;

// One ends, while two find out that they must wait for it, or need not.
void EndAgainstNewSuccessors(Model& m, TaskState state) {
  TestEngine engine;
  Data before;
  TestTask& from = engine.New(/*arrivals=*/0, /*references=*/3);
  TestTask* const successors[] = {&engine.New(/*arrivals=*/2, /*references=*/1),
                                  &engine.New(/*arrivals=*/2, /*references=*/1)};
  engine.body = [&](TestTask&) { Check(before.Read() == 1, "what its predecessor did is there"); };
  m.Thread([&] {
    before.Write(1);
    from.value.Write(TestEngine::kRan);
    engine.End(from, state, /*drop=*/true);
  });
  for (TestTask* const successor : successors) {
    m.Thread([&, successor] {
      TaskWord::Bits seen = 0;
      const bool waits = engine.AddEdge(from, *successor, seen, /*run_anyway=*/true);
      Check(waits || TaskWord::StateIn(seen) == state, "how it ended is known");
      engine.Arrive(*successor, waits ? 1 : 2);
      engine.Drop(from);
    });
  }
  m.Finally([&] {
    for (std::uint32_t i = 0; i < 3; ++i) engine.CheckEndedOnce(i);
    Check(engine.Of(1).ran == 1 && engine.Of(2).ran == 1, "both successors have run");
  });
}

TEST(TaskModel, EndAloneAgainstNewSuccessors) {
  CheckModel({.name = "task_end_alone"},
             [](Model& m) { EndAgainstNewSuccessors(m, TaskState::kCompleted); });
}

TEST(TaskModel, EndAgainstNewSuccessors) {
  CheckModel({.name = "task_end"},
             [](Model& m) { EndAgainstNewSuccessors(m, TaskState::kFailed); });
}

// The handles of a task go while it ends, with a successor and without.
void EndAgainstLastHandle(Model& m, bool alone) {
  TestEngine engine;
  TestTask& task = engine.New(/*arrivals=*/0, /*references=*/3);
  TestTask& successor = engine.New(/*arrivals=*/2, /*references=*/1);
  TaskWord::Bits seen = 0;
  if (!alone) engine.AddEdge(task, successor, seen);
  m.Thread([&] { engine.Run(task, /*drop=*/true); });
  m.Thread([&] {
    if (TestEngine::Ended(task)) Check(task.value.Read() == TestEngine::kRan, "its value is there");
    engine.Drop(task);
  });
  m.Thread([&] {
    task.Add(TaskWord::kPin);
    engine.Drop(task);
    engine.Drop(task);
  });
  m.Finally([&] {
    engine.CheckEndedOnce(0);
    engine.Arrive(successor, alone ? 2 : 1);
    engine.CheckEndedOnce(1);
  });
}

TEST(TaskModel, EndAloneAgainstLastHandle) {
  CheckModel({.name = "task_last_alone"}, [](Model& m) { EndAgainstLastHandle(m, true); });
}

TEST(TaskModel, EndAgainstLastHandle) {
  CheckModel({.name = "task_last"}, [](Model& m) { EndAgainstLastHandle(m, false); });
}

// A task goes and another comes in its place, while two look for the first by its id.
TEST(TaskModel, LookUpAgainstLastReference) {
  CheckModel({.name = "task_look_up"}, [](Model& m) {
    internal::TaskNode<ModelPlatform> task;
    Data generation(1);  // in place of the task's own
    Data value(1);
    int gone[3] = {};
    const std::function<void()> drop = [&] {
      if (!task.Drop(TaskWord::kPin)) return;
      const int ended = generation.Read();
      Check(value.Read() == ended, "who destroys the task sees what it left");
      ++gone[ended];
      generation.Write(ended + 1);
      if (ended == 2) return;
      task.word.store(0, std::memory_order_relaxed);
      value.Write(ended + 1);
      task.word.store(TaskWord::kPin, std::memory_order_release);
      drop();
    };
    task.word.store(TaskWord::kPin, std::memory_order_relaxed);
    for (int looking = 0; looking < 2; ++looking) {
      m.Thread([&] {
        if (!task.TryPin()) return;
        Check(generation.Read() == value.Read(), "a task that was found stays what it is");
        drop();
      });
    }
    m.Thread([&] { drop(); });
    m.Finally([&] { Check(gone[1] == 1 && gone[2] == 1, "each of the two goes once"); });
  });
}

TEST(TaskModel, EveryWaiterIsWoken) {
  CheckModel({.name = "task_await"}, [](Model& m) {
    TestEngine engine;
    TestTask& task = engine.New(/*arrivals=*/0, /*references=*/3);
    m.Thread([&] { engine.Run(task, /*drop=*/true); });
    for (int waiter = 0; waiter < 2; ++waiter) {
      m.Thread([&] {
        engine.Wait(task);
        Check(task.value.Read() == TestEngine::kRan, "its value is there");
        engine.Drop(task);
      });
    }
    m.Finally([&] { engine.CheckEndedOnce(0); });
  });
}

// The same when the task ends without having run, and has a successor.
TEST(TaskModel, WaiterIsWokenByACancel) {
  CheckModel({.name = "task_await_cancel"}, [](Model& m) {
    TestEngine engine;
    TestTask& task = engine.New(/*arrivals=*/1, /*references=*/3);
    TestTask& successor = engine.New(/*arrivals=*/1, /*references=*/1);
    TaskWord::Bits seen = 0;
    engine.AddEdge(task, successor, seen, /*run_anyway=*/true);
    m.Thread([&] { engine.Arrive(task, 1); });
    m.Thread([&] {
      engine.Cancel(task);
      engine.Drop(task);
    });
    m.Thread([&] {
      engine.Wait(task);
      Check(task.value.Read() != 0, "how it ended is there");
      engine.Drop(task);
    });
    m.Finally([&] {
      engine.CheckEndedOnce(0);
      engine.CheckEndedOnce(1);
    });
  });
}

}  // namespace
}  // namespace weft::models
