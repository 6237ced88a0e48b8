// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <cstdint>
#include <functional>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_task.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/work_deque.h"

namespace weft::models {
namespace {

using Data = ModelPlatform::Plain<int>;

void CheckEndedOnce(const TestEngine& engine, std::uint32_t index) {
  const TestEngine::Counts& counts = engine.Of(index);
  Check(counts.ready <= 1, "a task becomes ready once");
  Check(counts.ran <= 1, "a task runs once");
  Check(counts.ended == 1, "a task ends, once");
  Check(counts.gone == 1, "its last reference goes, once");
}

// Who makes the task ready runs it, or one who looks whether it is.
TEST(TaskModel, TwoClaimOneTask) {
  CheckModel({.name = "task_claim"}, [](Model& m) {
    TestEngine engine;
    Data before[2];
    TestTask& task = engine.New(/*arrivals=*/2, /*references=*/2);
    engine.body = [&](TestTask&) {
      Check(before[0].Read() == 1 && before[1].Read() == 1, "what its predecessors did is there");
    };
    for (Data& data : before) {
      m.Thread([&] {
        data.Write(1);
        engine.Arrive(task, 1);
      });
    }
    m.Thread([&] {
      engine.RunIfReady(task);
      engine.Drop(task);
    });
    m.Finally([&] {
      CheckEndedOnce(engine, 0);
      Check(engine.Of(0).ran == 1, "it has run");
    });
  });
}

// An entry of a task that its waiter has claimed is dropped by who takes it from the
// queue, before or after the end.
TEST(TaskModel, WaiterClaimsWhatIsQueued) {
  CheckModel({.name = "task_queued"}, [](Model& m) {
    TestEngine engine;
    internal::WorkDeque<ModelPlatform, TestTask*, 2> deque;
    Data before;
    TestTask& task = engine.New(/*arrivals=*/1, /*references=*/2);
    engine.queue = [&](TestTask& ready) { deque.Push(&ready); };
    engine.body = [&](TestTask&) { Check(before.Read() == 1, "what came before is there"); };
    m.Thread([&] {
      before.Write(1);
      engine.Arrive(task, 1);
      if (TestTask* own = nullptr; deque.Pop(own)) engine.Step(*own);
    });
    m.Thread([&] {
      if (TestTask* stolen = nullptr; deque.Steal(stolen)) engine.Step(*stolen);
    });
    m.Thread([&] {
      engine.RunIfReady(task);
      if (TestEngine::Ended(task)) Check(task.value.Read() == TestEngine::kRan, "its value is");
      engine.Drop(task);
    });
    m.Finally([&] {
      CheckEndedOnce(engine, 0);
      Check(engine.Of(0).ran == 1, "it has run");
    });
  });
}

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
    for (std::uint32_t i = 0; i < 3; ++i) CheckEndedOnce(engine, i);
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

// Two cancel a task while the last of its predecessors ends.
TEST(TaskModel, CancelAgainstTheLastArrival) {
  CheckModel({.name = "task_cancel"}, [](Model& m) {
    TestEngine engine;
    Data before;
    TestTask& task = engine.New(/*arrivals=*/1, /*references=*/3);
    engine.body = [&](TestTask&) { Check(before.Read() == 1, "what came before is there"); };
    m.Thread([&] {
      before.Write(1);
      engine.Arrive(task, 1);
    });
    for (int handle = 0; handle < 2; ++handle) {
      m.Thread([&] {
        engine.Cancel(task);
        engine.Drop(task);
      });
    }
    m.Finally([&] { CheckEndedOnce(engine, 0); });
  });
}

// Both predecessors fail; only one of them decides, the last one drops what the queue
// would have held.
TEST(TaskModel, TwoFailuresSkipOnce) {
  CheckModel({.name = "task_skip"}, [](Model& m) {
    TestEngine engine;
    TestTask* const failing[] = {&engine.New(/*arrivals=*/0, /*references=*/1),
                                 &engine.New(/*arrivals=*/0, /*references=*/1)};
    TestTask& task = engine.New(/*arrivals=*/2, /*references=*/2);
    for (TestTask* const from : failing) {
      TaskWord::Bits seen = 0;
      engine.AddEdge(*from, task, seen);
      m.Thread([&engine, from] {
        from->value.Write(TestEngine::kRan);
        engine.End(*from, TaskState::kFailed, /*drop=*/true);
      });
    }
    m.Thread([&] {
      if (TestEngine::Ended(task)) {
        Check(task.value.Read() == TestEngine::kPassedOver, "why it ended is there");
      }
      engine.Drop(task);
    });
    m.Finally([&] {
      for (std::uint32_t i = 0; i < 3; ++i) CheckEndedOnce(engine, i);
      Check(engine.Of(2).ran == 0, "it has not run");
    });
  });
}

// A failure skips a task whose other predecessor completes, and which is cancelled.
TEST(TaskModel, SkipAgainstCancelAndArrival) {
  CheckModel({.name = "task_skip_cancel"}, [](Model& m) {
    TestEngine engine;
    TestTask& failing = engine.New(/*arrivals=*/0, /*references=*/1);
    TestTask& task = engine.New(/*arrivals=*/2, /*references=*/2);
    TaskWord::Bits seen = 0;
    engine.AddEdge(failing, task, seen);
    m.Thread([&] {
      failing.value.Write(TestEngine::kRan);
      engine.End(failing, TaskState::kFailed, /*drop=*/true);
    });
    m.Thread([&] { engine.Arrive(task, 1); });
    m.Thread([&] {
      engine.Cancel(task);
      engine.Drop(task);
    });
    m.Finally([&] {
      CheckEndedOnce(engine, 1);
      Check(engine.Of(1).ran == 0, "it has not run");
    });
  });
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
    CheckEndedOnce(engine, 0);
    engine.Arrive(successor, alone ? 2 : 1);
    CheckEndedOnce(engine, 1);
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
    m.Finally([&] { CheckEndedOnce(engine, 0); });
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
      CheckEndedOnce(engine, 0);
      CheckEndedOnce(engine, 1);
    });
  });
}

// As Engine::AddDependency: one more to wait for, unless there is none any more.
bool CountLateEdge(TestTask& task) {
  std::uint32_t missing = task.join.load(std::memory_order_relaxed);
  do {
    const TaskWord::Bits word = task.word.load(std::memory_order_acquire);
    if (missing == 0 || TaskWord::StateIn(word) != TaskState::kPending) return false;
  } while (!task.join.compare_exchange_weak(missing, missing + 1, std::memory_order_acq_rel,
                                            std::memory_order_relaxed));
  return true;
}

// Two late edges, while the last of the first predecessors ends, and the late one.
TEST(TaskModel, LateEdgesAgainstTheLastArrival) {
  CheckModel({.name = "task_late"}, [](Model& m) {
    TestEngine engine;
    Data before;
    Data late_data;
    bool late_counts = false;  // not shared, for the model: only one thread runs
    TestTask& task = engine.New(/*arrivals=*/1, /*references=*/3);
    TestTask& late = engine.New(/*arrivals=*/0, /*references=*/3);
    engine.body = [&](TestTask&) {
      Check(before.Read() == 1, "what came before is there");
      if (late_counts) Check(late_data.Read() == 1, "what the late one did, too");
    };
    const auto add = [&] {
      const bool taken = CountLateEdge(task);
      late_counts = late_counts || taken;
      TaskWord::Bits seen = 0;
      if (taken && !engine.AddEdge(late, task, seen)) engine.Arrive(task, 1);
      engine.Drop(late);
      engine.Drop(task);
    };
    m.Thread([&] {
      before.Write(1);
      engine.Arrive(task, 1);
    });
    m.Thread([&] { add(); });
    m.Thread([&] {
      add();
      late_data.Write(1);
      late.value.Write(TestEngine::kRan);
      engine.End(late, TaskState::kCompleted, /*drop=*/true);
    });
    m.Finally([&] {
      CheckEndedOnce(engine, 0);
      Check(engine.Of(0).ran == 1, "it has run");
    });
  });
}

}  // namespace
}  // namespace weft::models
