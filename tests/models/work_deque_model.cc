// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <cstddef>
#include <string>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/scheduler/internal/work_deque.h"

namespace weft::models {
namespace {

// A deque of numbers, each with data that whoever gets it must be able to read.
template <std::size_t kCapacity>
struct Tasks {
  static constexpr int kMost = 8;

  // By the owner.
  void Push(int number) {
    data[Index(number)].Write(number);
    pushed += deque.Push(number) ? 1 : 0;
  }
  bool Pop() {
    int number = 0;
    const bool got = deque.Pop(number);
    if (got) Take(number);
    return got;
  }
  bool Steal() {
    int number = 0;
    const bool got = deque.Steal(number);
    if (got) Take(number);
    return got;
  }
  // When all threads have ended.
  void CheckRest() {
    while (Pop()) {
    }
    Check(deque.empty(), "nothing is left when Pop finds nothing");
    Check(count == pushed, "what was pushed comes out");
  }

  internal::WorkDeque<ModelPlatform, int, kCapacity> deque;
  int pushed = 0;

 private:
  static std::size_t Index(int number) { return static_cast<std::size_t>(number); }

  void Take(int number) {
    Check(data[Index(number)].Read() == number, "the data of the item is there");
    Check(!taken[Index(number)], "an item comes out once");
    taken[Index(number)] = true;  // not shared, for the model: only one thread runs
    ++count;
  }

  std::array<ModelPlatform::Plain<int>, kMost> data;
  std::array<bool, kMost> taken{};
  int count = 0;
};

TEST(WorkDequeModel, PushIsSeenWithItsData) {
  CheckModel({.name = "deque_push"}, [](Model& m) {
    Tasks<4> tasks;
    m.Thread([&] {
      tasks.Push(1);
      tasks.Push(2);
    });
    m.Thread([&] {
      tasks.Steal();
      tasks.Steal();
      tasks.Steal();
    });
    m.Finally([&] { tasks.CheckRest(); });
  });
}

TEST(WorkDequeModel, PopAgainstStealOfTheLastItem) {
  CheckModel({.name = "deque_last"}, [](Model& m) {
    Tasks<2> tasks;
    tasks.Push(1);
    bool popped = false;
    bool stolen = false;
    m.Thread([&] { popped = tasks.Pop(); });
    m.Thread([&] { stolen = tasks.Steal(); });
    m.Finally([&] {
      Check(popped || stolen, "one of the two gets it");
      tasks.CheckRest();
    });
  });
}

// The owner takes the later of two without an exchange, while the thief goes on to it.
TEST(WorkDequeModel, PopAgainstTwoSteals) {
  CheckModel({.name = "deque_two"}, [](Model& m) {
    Tasks<2> tasks;
    tasks.Push(1);
    tasks.Push(2);
    m.Thread([&] {
      tasks.Pop();
      tasks.Pop();
    });
    m.Thread([&] {
      tasks.Steal();
      tasks.Steal();
    });
    m.Finally([&] { tasks.CheckRest(); });
  });
}

TEST(WorkDequeModel, TwoThievesAndOwner) {
  CheckModel({.name = "deque_thieves"}, [](Model& m) {
    Tasks<4> tasks;
    m.Thread([&] {
      tasks.Push(1);
      tasks.Push(2);
      tasks.Pop();
    });
    for (int thief = 0; thief < 2; ++thief) {
      m.Thread([&] { tasks.Steal(); });
    }
    m.Finally([&] { tasks.CheckRest(); });
  });
}

TEST(WorkDequeModel, CellsAreUsedAgain) {
  CheckModel({.name = "deque_wrap"}, [](Model& m) {
    Tasks<2> tasks;
    tasks.Push(1);
    tasks.Push(2);
    m.Thread([&] {
      tasks.Push(3);  // where 1 was, if it is gone
      tasks.Pop();
      tasks.Push(4);
    });
    m.Thread([&] {
      tasks.Steal();
      tasks.Steal();
    });
    m.Finally([&] { tasks.CheckRest(); });
  });
}

// Announce against empty: the adder sees the sleeper, or the sleeper the item.
TEST(WorkDequeModel, AnnouncedItemIsNotSleptOver) {
  CheckModel({.name = "deque_announce"}, [](Model& m) {
    Tasks<2> tasks;
    ModelPlatform::Atomic<bool> asleep{false};
    ModelPlatform::Parker parker;
    m.Thread([&] {
      tasks.Push(1);
      tasks.deque.Announce();
      if (asleep.load()) parker.Unpark();
    });
    m.Thread([&] {
      asleep.store(true);
      if (tasks.deque.empty()) parker.Park();
      Check(tasks.Steal(), "who was woken finds the item");
    });
    m.Finally([&] { tasks.CheckRest(); });
  });
}

}  // namespace
}  // namespace weft::models
