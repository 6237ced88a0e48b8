// SPDX-License-Identifier: Apache-2.0
//
// How tasks are claimed, cancelled, skipped and made to wait for more.

#include <atomic>
#include <cstdint>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_task.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/work_deque.h"

namespace weft::models {
namespace {

using Data = ModelPlatform::Plain<int>;

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
      engine.CheckEndedOnce(0);
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
      engine.CheckEndedOnce(0);
      Check(engine.Of(0).ran == 1, "it has run");
    });
  });
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
    m.Finally([&] { engine.CheckEndedOnce(0); });
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
      for (std::uint32_t i = 0; i < 3; ++i) engine.CheckEndedOnce(i);
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
      engine.CheckEndedOnce(1);
      Check(engine.Of(1).ran == 0, "it has not run");
    });
  });
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
      const bool taken = TestEngine::CountLateEdge(task);
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
      engine.CheckEndedOnce(0);
      Check(engine.Of(0).ran == 1, "it has run");
    });
  });
}

}  // namespace
}  // namespace weft::models
