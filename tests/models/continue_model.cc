// SPDX-License-Identifier: Apache-2.0
//
// Tasks that grow: what waits for them waits for a continuation instead, whichever of the
// two ends first.

#include <array>
#include <cstddef>
#include <cstdint>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_task.h"

namespace weft::models {
namespace {

using Data = ModelPlatform::Plain<int>;

// `grows` is continued by `more`, and that perhaps by `last`; each writes. Successors read.
class Growth {
 public:
  explicit Growth(int length) : length_(length) {
    // References: of who runs it, and of the thread that adds successors, or of the body that
    // it continues.
    for (std::size_t i = 0; i < static_cast<std::size_t>(length_); ++i) {
      tasks_[i] = &engine.New(/*arrivals=*/0, /*references=*/2);
    }
    engine.body = [this](TestTask& task) {
      if (task.index >= static_cast<std::uint32_t>(length_)) return CheckBefore(task);
      data_[task.index].Write(1);
      if (task.index + 1 < static_cast<std::uint32_t>(length_)) {
        engine.Continue(task, *tasks_[task.index + 1]);
        engine.Drop(*tasks_[task.index + 1]);
      }
    };
  }
  TestTask& At(std::size_t i) { return *tasks_[i]; }
  TestTask& NewSuccessor(std::uint32_t arrivals) { return engine.New(arrivals, /*references=*/1); }
  // Before the threads begin.
  void AddSuccessor(TestTask& to) {
    TaskWord::Bits seen = 0;
    engine.AddEdge(At(0), to, seen);
  }
  // One thread for each of those that grow, and for the last of them.
  void RunAll(Model& m) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(length_); ++i) {
      m.Thread([this, i] { engine.Run(At(i), /*drop=*/true); });
    }
  }
  void CheckAll(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      engine.CheckEndedOnce(i);
      Check(engine.Of(i).ran == 1, "it has run");
    }
  }

  TestEngine engine;

 private:
  void CheckBefore(TestTask&) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(length_); ++i) {
      Check(data_[i].Read() == 1, "all that it waited for has run, and is seen");
    }
  }

  const int length_;
  std::array<TestTask*, 3> tasks_{};
  std::array<Data, 3> data_;
};

// A task and its continuation end, while a third thread submits one more that waits for the
// task.
TEST(ContinueModel, EndsAgainstANewSuccessor) {
  CheckModel({.name = "continue_end", .stale = 1}, [](Model& m) {
    Growth growth(2);
    growth.AddSuccessor(growth.NewSuccessor(/*arrivals=*/1));
    TestTask& added = growth.NewSuccessor(/*arrivals=*/2);
    growth.RunAll(m);
    m.Thread([&] {
      TaskWord::Bits seen = 0;
      const bool waits = growth.engine.AddEdge(growth.At(0), added, seen);
      growth.engine.Arrive(added, waits ? 1 : 2);
      growth.engine.Drop(growth.At(0));
    });
    m.Finally([&] { growth.CheckAll(4); });
  });
}

// The same with a late dependency, of a task that was submitted before.
TEST(ContinueModel, EndsAgainstALateDependency) {
  CheckModel({.name = "continue_late", .stale = 1}, [](Model& m) {
    Growth growth(2);
    TestTask& late = growth.NewSuccessor(/*arrivals=*/1);
    growth.RunAll(m);
    m.Thread([&] {
      TaskWord::Bits seen = 0;
      Check(TestEngine::CountLateEdge(late), "it is pending");
      if (!growth.engine.AddEdge(growth.At(0), late, seen)) growth.engine.Arrive(late, 1);
      growth.engine.Arrive(late, 1);
      growth.engine.Drop(growth.At(0));
    });
    m.Finally([&] { growth.CheckAll(3); });
  });
}

// A continuation that is itself continued: all three end at once.
TEST(ContinueModel, AChainIsFollowedToItsEnd) {
  CheckModel({.name = "continue_chain", .stale = 1}, [](Model& m) {
    Growth growth(3);
    growth.AddSuccessor(growth.NewSuccessor(/*arrivals=*/1));
    growth.RunAll(m);
    m.Finally([&] {
      growth.engine.Drop(growth.At(0));
      growth.CheckAll(4);
    });
  });
}

// Blocks of successors on both sides, and one that comes meanwhile. What stale looks could
// do here they do above, too.
TEST(ContinueModel, ManyAreHandedOverToOneThatHasMany) {
  CheckModel({.name = "continue_many", .stale = 0}, [](Model& m) {
    Growth growth(2);
    TaskWord::Bits seen = 0;
    for (int i = 0; i < 3; ++i) {
      TestTask& both = growth.NewSuccessor(/*arrivals=*/2);
      growth.AddSuccessor(both);
      growth.engine.AddEdge(growth.At(1), both, seen);
    }
    growth.RunAll(m);
    TestTask& added = growth.NewSuccessor(/*arrivals=*/2);
    m.Thread([&] {
      TaskWord::Bits state = 0;
      const bool waits = growth.engine.AddEdge(growth.At(0), added, state);
      growth.engine.Arrive(added, waits ? 1 : 2);
      growth.engine.Drop(growth.At(0));
    });
    m.Finally([&] { growth.CheckAll(6); });
  });
}

}  // namespace
}  // namespace weft::models
