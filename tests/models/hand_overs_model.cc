// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <utility>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/scheduler/internal/edge_list.h"
#include "weft/scheduler/internal/hand_overs.h"

namespace weft::models {
namespace {

using internal::TaskWord;
using Task = internal::TaskNode<ModelPlatform>;
using Edges = internal::EdgeList<ModelPlatform>;

// Tasks that are continued by the next one each; a successor of the first.
class Chain {
 public:
  static constexpr std::uint32_t kSuccessor = 7;

  explicit Chain(int length) : length_(length) {
    for (int i = 0; i + 1 < length_; ++i) overs_.Plan(tasks_[i], tasks_[i + 1]);
    Add(tasks_[0]);
  }
  // What the engine does at the end of one of them.
  void End(int i) {
    overs_.Carry(tasks_[i], [&] {
      std::uintptr_t successors = 0;
      tasks_[i].End(TaskState::kCompleted, /*drop=*/false,
                    [&] { successors = std::exchange(tasks_[i].edges, 0); });
      TaskWord::Bits word = 0;
      Check(tasks_[i + 1].LockEdges(word), "the next one has not ended");
      Edges(tasks_[i + 1].edges).Splice(successors, nullptr);
      tasks_[i + 1].UnlockEdges();
      return true;
    });
    gone_[i].Write(1);  // as its cell's next task would
  }
  // Whether the successor is found to wait for the last of them.
  bool Finds() {
    bool found = false;
    const auto look = [&](Task& task) {
      TaskWord::Bits word = 0;
      if (!task.LockEdges(word)) return;
      if (const auto i = &task - tasks_; i + 1 < length_) {
        Check(gone_[i].Read() == 0, "one that is visited has not gone");
      }
      Edges(task.edges).ForEach([&](const internal::Edge& edge) {
        found |= edge.successor == kSuccessor;
      });
      task.UnlockEdges();
    };
    overs_.ForEachTo(tasks_[length_ - 1], look);
    look(tasks_[length_ - 1]);
    return found;
  }

 private:
  static void Add(Task& task) {
    TaskWord::Bits word = 0;
    task.LockEdges(word);
    Edges(task.edges).Add({.successor = kSuccessor}, [] { return nullptr; });
    task.UnlockEdges();
  }

  const int length_;
  internal::HandOvers<ModelPlatform> overs_;
  Task tasks_[3];
  ModelPlatform::Plain<int> gone_[3];
};

TEST(HandOversModel, ASearchFindsTheSuccessorsBeforeOrAfter) {
  CheckModel({.name = "hand_over_search", .preemptions = 3}, [](Model& m) {
    Chain chain(2);
    m.Thread([&] { chain.End(0); });
    m.Thread([&] { Check(chain.Finds(), "it waits for the continuation all the time"); });
    m.Finally([] {});
  });
}

TEST(HandOversModel, AlsoAlongAChain) {
  CheckModel({.name = "hand_over_chain"}, [](Model& m) {
    Chain chain(3);
    m.Thread([&] {
      chain.End(0);
      chain.End(1);
    });
    m.Thread([&] { Check(chain.Finds(), "it waits for the last of them all the time"); });
    m.Finally([] {});
  });
}

}  // namespace
}  // namespace weft::models
