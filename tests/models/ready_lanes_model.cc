// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <cstddef>
#include <new>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_graph.h"
#include "models/test_shared.h"
#include "weft/scheduler/internal/ready_lanes.h"

namespace weft::models {
namespace {

// Lanes, and numbered nodes that whoever takes one must see as it was added.
//
// Thread safety: as internal::ReadyLanes.
class TestLanes {
 public:
  using Node = internal::StaticNode<ModelPlatform>;
  static constexpr std::size_t kMost = 4;
  static constexpr std::size_t kNothing = kMost;

  TestLanes() : slab_(pool_.Acquire()) {
    for (std::size_t i = 0; i < kMost; ++i) ::new (&slab_[i]) Node;
  }
  ~TestLanes() {
    for (std::size_t i = 0; i < kMost; ++i) slab_[i].As<Node>().~Node();
    pool_.Release(slab_);
  }

  void Add(std::size_t i, Lane lane) {
    data_[i].Write(1);
    lanes.Add(slab_[i].As<Node>(), lane);
  }
  // This one and the next, at once.
  void AddBoth(std::size_t i) {
    for (const std::size_t each : {i, i + 1}) data_[each].Write(1);
    Node* const both[] = {&slab_[i].As<Node>(), &slab_[i + 1].As<Node>()};
    lanes.AddAll(both, both + 2);
  }
  // Its number; kNothing: there seems to be none.
  std::size_t Pop(Lane lowest = Lane::kLow) {
    internal::Node<ModelPlatform>* const node = lanes.Pop(lowest);
    return node == nullptr ? kNothing : Took(*node);
  }
  std::size_t Took(internal::Node<ModelPlatform>& node) {
    const auto i =
        static_cast<std::size_t>(reinterpret_cast<internal::Cell<ModelPlatform>*>(&node) - slab_);
    Check(data_[i].Read() == 1, "what came before it was added is there");
    Check(++taken_[i] == 1, "a node is taken once");
    return i;
  }
  void TakeRest() {
    while (Pop() != kNothing) continue;
  }
  // Once all threads have ended.
  void CheckTaken(std::size_t count) {
    TakeRest();
    for (std::size_t i = 0; i < count; ++i) Check(taken_[i] == 1, "every node is taken");
    Check(lanes.empty(), "nothing is left");
    Check(!lanes.SeemsRaised() && lanes.size() == 0, "and nothing is counted");
    Check(!attention.Needed(), "and nobody has to look");
  }

 private:
  internal::NodePool<ModelPlatform> pool_;
  const internal::Slab<ModelPlatform> slab_;
  std::array<ModelPlatform::Plain<int>, kMost> data_;
  std::array<int, kMost> taken_{};  // not shared, for the model: only one thread runs

 public:
  internal::Attention<ModelPlatform> attention;
  internal::ReadyLanes<ModelPlatform> lanes{pool_, attention};
};

// Two add to one lane, each in its order, while a third one takes.
void TwoAddOneTakes(Model& m, Lane lane, bool at_once = false) {
  TestLanes lanes;
  for (const std::size_t adder : {0u, 1u}) {
    m.Thread([&, adder] {
      if (at_once) return lanes.AddBoth(2 * adder);
      lanes.Add(2 * adder, lane);
      lanes.Add(2 * adder + 1, lane);
    });
  }
  std::vector<std::size_t> order;
  m.Thread([&] {
    for (int look = 0; look < 3; ++look) {
      if (const std::size_t i = lanes.Pop(); i != TestLanes::kNothing) order.push_back(i);
    }
  });
  m.Finally([&] {
    for (std::size_t i = lanes.Pop(); i != TestLanes::kNothing; i = lanes.Pop()) order.push_back(i);
    std::array<std::size_t, TestLanes::kMost> place{};
    for (std::size_t at = 0; at < order.size(); ++at) place[order[at]] = at;
    Check(place[0] < place[1] && place[2] < place[3], "first in, first out");
    lanes.CheckTaken(4);
  });
}

TEST(ReadyLanesModel, AddersKeepTheirOrder) {
  CheckModel({.name = "lanes_normal"}, [](Model& m) { TwoAddOneTakes(m, Lane::kNormal); });
}

TEST(ReadyLanesModel, AddersKeepTheirOrderInARaisedLane) {
  CheckModel({.name = "lanes_high"}, [](Model& m) { TwoAddOneTakes(m, Lane::kHigh); });
}

TEST(ReadyLanesModel, ListsKeepTheirOrder) {
  CheckModel({.name = "lanes_lists"},
             [](Model& m) { TwoAddOneTakes(m, Lane::kNormal, /*at_once=*/true); });
}

// Two take what a third one adds, one by one and in a bundle.
TEST(ReadyLanesModel, TakersShareWhatIsTurnedOver) {
  CheckModel({.name = "lanes_takers"}, [](Model& m) {
    TestLanes lanes;
    lanes.Add(0, Lane::kNormal);
    m.Thread([&] {
      lanes.Add(1, Lane::kNormal);
      lanes.Add(2, Lane::kNormal);
    });
    m.Thread([&] {
      for (int look = 0; look < 2; ++look) lanes.Pop();
    });
    m.Thread([&] {
      lanes.lanes.TurnOver();
      lanes.lanes.Take(2, [&](internal::Node<ModelPlatform>& node) { lanes.Took(node); });
    });
    m.Finally([&] { lanes.CheckTaken(3); });
  });
}

// Whoever finds the lanes empty after an addition that it knows of knows that somebody has
// taken, or is about to: it never misses what nobody looks for.
TEST(ReadyLanesModel, EmptyOnlyWhileSomebodyTakes) {
  CheckModel({.name = "lanes_empty"}, [](Model& m) {
    TestLanes lanes;
    ModelPlatform::Atomic<int> taking{0};
    lanes.Add(0, Lane::kNormal);
    lanes.Add(1, Lane::kNormal);
    m.Thread([&] {
      taking.store(1);
      lanes.Pop();
      taking.store(2);  // one is left
    });
    m.Thread([&] {
      const int before = taking.load();
      const bool empty = lanes.lanes.empty();
      const int after = taking.load();
      if (empty) Check(before == 1 || after == 1 || before != after, "somebody is taking");
    });
    m.Thread([&] { lanes.Add(2, Lane::kNormal); });
    m.Finally([&] { lanes.CheckTaken(3); });
  });
}

// The first task waits for the second without telling, while the other pump is about to
// leave: whatever lane they lie in, somebody comes for the second.
void NothingLies(Model& m, Lane first, Lane second) {
  TestLoop pumps(m, 2);
  TestShared tasks(pumps, 2);
  internal::Latch<ModelPlatform> came;
  tasks.body = [&](std::size_t i) { i == 0 ? came.Wait() : came.Set(); };
  tasks.Submit(0, first);
  tasks.Submit(1, second);
  for (const std::size_t i : {0u, 1u}) tasks.Wait(i);
  m.Finally([&] { tasks.CheckRan(); });
}

Options LoopOptions(const std::string& name) {
  Options options = WithPumps(name);
  options.stale = 1;
  return options;
}

// Two submit and wait for nothing: the only pump, about to leave, must look again.
TEST(ReadyLanesModel, WhoLeavesLooksAgain) {
  CheckModel(LoopOptions("lanes_leave"), [](Model& m) {
    TestLoop pumps(m, 1);
    TestShared tasks(pumps, 2);
    for (const std::size_t i : {0u, 1u}) m.Thread([&, i] { tasks.Submit(i, Lane::kNormal); });
    m.Finally([&] { tasks.CheckRan(); });
  });
}

TEST(ReadyLanesModel, NothingLiesInTheNormalLane) {
  CheckModel(LoopOptions("lanes_loop_normal"),
             [](Model& m) { NothingLies(m, Lane::kNormal, Lane::kNormal); });
}

TEST(ReadyLanesModel, NothingLiesInTheHigherLanes) {
  CheckModel(LoopOptions("lanes_loop_high"),
             [](Model& m) { NothingLies(m, Lane::kHigh, Lane::kUrgent); });
}

TEST(ReadyLanesModel, NothingLiesInTheLowestLane) {
  CheckModel(LoopOptions("lanes_loop_low"),
             [](Model& m) { NothingLies(m, Lane::kNormal, Lane::kLow); });
}

}  // namespace
}  // namespace weft::models
