// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <cstdint>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_task.h"
#include "models/test_waits.h"

namespace weft::models {
namespace {

using Data = ModelPlatform::Plain<int>;

// One waits for a task that ends, one for the same until its deadline: whoever has left
// the list is not woken any more, and may go.
TEST(WaitListModel, ArmAgainstEndAndDeadline) {
  CheckModel({.name = "wait_deadline"}, [](Model& m) {
    TestEngine engine;
    TestTask& task = engine.New(/*arrivals=*/0, /*references=*/3);
    m.Thread([&] { engine.Run(task, /*drop=*/true); });
    m.Thread([&] {
      engine.Wait(task);
      Check(task.value.Read() == TestEngine::kRan, "its value is there");
      engine.Drop(task);
    });
    m.Thread([&] {
      if (engine.WaitUntil(task, ModelPlatform::Now())) {
        Check(task.value.Read() == TestEngine::kRan, "its value is there");
      }
      engine.Drop(task);
    });
    m.Finally([&] { Check(engine.Of(0).gone == 1, "its last reference goes, once"); });
  });
}

// Waiters of two targets come and go on one list: each is woken for its own.
TEST(WaitListModel, EachIsWokenForItsOwnTarget) {
  CheckModel({.name = "wait_targets"}, [](Model& m) {
    TestEngine engine;
    TestTask* const tasks[] = {&engine.New(/*arrivals=*/0, /*references=*/3),
                               &engine.New(/*arrivals=*/0, /*references=*/3)};
    m.Thread([&] {
      for (TestTask* const task : tasks) engine.Run(*task, /*drop=*/true);
    });
    for (int first = 0; first < 2; ++first) {
      m.Thread([&, first] {
        for (TestTask* const task : {tasks[first], tasks[1 - first]}) {
          engine.Wait(*task);
          Check(task->value.Read() == TestEngine::kRan, "its value is there");
          engine.Drop(*task);
        }
      });
    }
    m.Finally([&] {
      for (std::uint32_t i = 0; i < 2; ++i) {
        Check(engine.Of(i).gone == 1, "its last reference goes, once");
      }
    });
  });
}

// Of two who are about to wait for each other, one finds the other on the list, while a third
// one comes and goes.
TEST(WaitListModel, OfTwoOneSeesTheOther) {
  CheckModel({.name = "wait_circle"}, [](Model& m) {
    TestWaits waits;
    int self[2] = {};
    int saw = 0;  // not shared, for the model: only one thread runs
    TestWaits::Waiter waiters[2];
    for (int i = 0; i < 2; ++i) {
      m.Thread([&, i] {
        waiters[i].target = &self[1 - i];
        waits.Add(waiters[i]);
        waits.list().WithAll([&](const TestWaits::Waiter* first) {
          for (; first != nullptr; first = first->next) saw += first->target == &self[i] ? 1 : 0;
        });
      });
    }
    m.Thread([&] {
      TestWaits::Waiter passing;
      waits.Add(passing);
      waits.Remove(passing, [] {});
    });
    m.Finally([&] { Check(saw > 0, "at least one has seen the other"); });
  });
}

}  // namespace
}  // namespace weft::models
