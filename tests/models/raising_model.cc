// SPDX-License-Identifier: Apache-2.0

#include <cstdint>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/model_platform.h"
#include "weft/scheduler/internal/lane_ages.h"
#include "weft/scheduler/internal/raising.h"

namespace weft::models {
namespace {

using internal::Raised;
using internal::TaskWord;
using Task = internal::TaskNode<ModelPlatform>;

// A task of the normal lane with so many dependencies left.
struct RaisedTask {
  explicit RaisedTask(std::uint32_t dependencies) : join(dependencies) {
    task.word.store(TaskWord::kPin + (TaskWord::Bits{1} << TaskWord::kLaneShift),
                    std::memory_order_relaxed);
  }
  void Arrive() {
    if (internal::ArriveAt(join, 1)) in_lane[static_cast<int>(LaneOfReady(task))] += 1;
  }
  void Raise(Lane lane) {
    if (RaiseLane(task, join, lane) == Raised::kReady) in_lane[static_cast<int>(lane)] += 1;
  }

  Task task;
  ModelPlatform::Atomic<std::uint32_t> join;
  int in_lane[4] = {};  // not shared, for the model: one thread writes each
};

TEST(RaisingModel, RaiseAgainstTheLastArrival) {
  CheckModel({.name = "raise_arrival", .preemptions = 4, .stale = 4}, [](Model& m) {
    RaisedTask task(1);
    m.Thread([&] { task.Arrive(); });
    m.Thread([&] { task.Raise(Lane::kUrgent); });
    m.Finally([&] {
      Check(task.in_lane[3] >= 1, "it lies in the lane to which it was raised");
      Check(task.in_lane[1] + task.in_lane[3] <= 2, "with at most one entry more");
    });
  });
}

TEST(RaisingModel, TwoRaiseWhileTwoArrive) {
  CheckModel({.name = "raise_two"}, [](Model& m) {
    RaisedTask task(2);
    m.Thread([&] { task.Arrive(); });
    m.Thread([&] { task.Arrive(); });
    m.Thread([&] { task.Raise(Lane::kHigh); });
    m.Thread([&] { task.Raise(Lane::kUrgent); });
    m.Finally([&] { Check(task.in_lane[3] >= 1, "it lies in the highest that was asked for"); });
  });
}

// Both entries are taken at once: one claims.
TEST(RaisingModel, RaiseAgainstClaim) {
  CheckModel({.name = "raise_claim", .preemptions = 4, .stale = 4}, [](Model& m) {
    RaisedTask task(0);
    ModelPlatform::Atomic<int> ran{0};
    const auto step = [&] {
      if (task.task.Claim() == Task::Claimed::kRun) ran.fetch_add(1, std::memory_order_relaxed);
    };
    m.Thread([&] { step(); });
    m.Thread([&] {
      task.Raise(Lane::kUrgent);
      if (task.in_lane[3] == 1) step();
    });
    m.Finally([&] {
      Check(ran.load(std::memory_order_relaxed) == 1, "it has run, once");
      const auto word = task.task.word.load(std::memory_order_relaxed);
      Check(TaskWord::StateIn(word) == TaskState::kRunning, "its state is that of who runs it");
    });
  });
}

TEST(RaisingModel, AgedTurnIsTakenOnce) {
  CheckModel({.name = "lane_ages", .preemptions = 4, .stale = 4}, [](Model& m) {
    internal::LaneAges<ModelPlatform> ages;
    const auto waits = [](Lane lane) { return lane == Lane::kLow; };
    for (unsigned i = 1; i < kStartsBeforeLower; ++i) ages.Started(Lane::kNormal, waits);
    int taken[2] = {};
    for (int& mine : taken) {
      m.Thread([&] {
        ages.Started(Lane::kNormal, waits);
        mine = ages.TakeDue(Lane::kLow) ? 1 : 0;
      });
    }
    m.Finally([&] { Check(taken[0] + taken[1] == 1, "one of the two takes the low task"); });
  });
}

}  // namespace
}  // namespace weft::models
