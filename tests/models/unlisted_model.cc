// SPDX-License-Identifier: Apache-2.0
//
// Tasks that no search may find: who has the only reference to one changes its word
// without locked instructions.

#include <atomic>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/model_platform.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/task_node.h"

namespace weft::models {
namespace {

using internal::TaskWord;
using Task = internal::TaskNode<ModelPlatform>;
using Data = ModelPlatform::Plain<int>;

// A task that is in a queue and has handles, one after the other in one cell.
class UnlistedTask {
 public:
  explicit UnlistedTask(int handles) { Begin(handles, TaskWord::kUnlisted); }

  // Who has taken it from the queue.
  void Step() { task.Claim() == Task::Claimed::kRun ? Run(/*drop=*/true) : Drop(TaskWord::kPin); }
  // Who waits for it, with a handle.
  void RunIfReady() {
    if (task.Claim() == Task::Claimed::kRun) Run(/*drop=*/false);
  }
  // A handle looks at its task, and goes.
  void LookAndDrop() {
    const bool ended = TaskWord::Ended(task.word.load(std::memory_order_acquire));
    if (ended) Check(value.Read() == generation.Read(), "the value of a task that has ended");
    Check(generation.Read() == 1, "it lives as long as a handle");
    Drop(TaskWord::kHandle);
  }
  // One who has an id, or looks for all tasks of a group.
  void Find() {
    if (!task.TryPin()) return;
    ++found;
    Check(generation.Read() != 0, "what was found stays");
    Drop(TaskWord::kPin);
  }
  // When it goes, one that can be found comes in its place.
  void ReuseOnce() { reuse_ = true; }

  void CheckOneEnd() {
    Check(ran == 1, "it has run, once");
    Check(gone == 1, "its last reference goes, once");
  }

  Task task;
  Data generation{1};  // in place of the task's own
  Data value;
  int ran = 0;  // not shared, for the model: only one thread runs
  int gone = 0;
  int found = 0;

 private:
  void Begin(int handles, TaskWord::Bits bits) {
    task.word.store(
        TaskWord::kPin + static_cast<TaskWord::Bits>(handles) * TaskWord::kHandle + bits,
        std::memory_order_release);
  }
  void Run(bool drop) {
    ++ran;
    value.Write(generation.Read());
    TaskWord::Bits after = 0;
    const bool alone = task.EndAlone(TaskState::kCompleted, drop, after);
    Check(alone, "nobody waits for it, and nothing depends on it");
    if (!TaskWord::Referenced(after)) Destroy();
  }
  void Drop(TaskWord::Bits reference) {
    if (task.Drop(reference)) Destroy();
  }
  void Destroy() {
    ++gone;
    const int ended = generation.Read();
    Check(value.Read() == ended, "who destroys the task sees what it left");
    generation.Write(ended + 1);
    if (!reuse_) return;
    reuse_ = false;
    task.word.store(0, std::memory_order_relaxed);
    Begin(0, 0);
    Step();
  }

  bool reuse_ = false;
};

TEST(UnlistedModel, HandleGoesWhileItRuns) {
  CheckModel({.name = "unlisted_run"}, [](Model& m) {
    UnlistedTask task(/*handles=*/1);
    m.Thread([&] { task.Step(); });
    m.Thread([&] { task.LookAndDrop(); });
    m.Thread([&] { task.Find(); });
    m.Finally([&] {
      task.CheckOneEnd();
      Check(task.found == 0, "nobody has found it");
    });
  });
}

TEST(UnlistedModel, WaiterClaimsWhatIsQueued) {
  CheckModel({.name = "unlisted_waiter"}, [](Model& m) {
    UnlistedTask task(/*handles=*/2);
    m.Thread([&] { task.Step(); });
    m.Thread([&] {
      task.RunIfReady();
      task.LookAndDrop();
    });
    m.Thread([&] { task.LookAndDrop(); });
    m.Finally([&] { task.CheckOneEnd(); });
  });
}

TEST(UnlistedModel, ListedWhileItRuns) {
  CheckModel({.name = "unlisted_listed"}, [](Model& m) {
    UnlistedTask task(/*handles=*/1);
    m.Thread([&] { task.Step(); });
    m.Thread([&] {
      task.task.List();
      task.LookAndDrop();
    });
    m.Thread([&] { task.Find(); });
    m.Finally([&] { task.CheckOneEnd(); });
  });
}

TEST(UnlistedModel, CellIsUsedAgain) {
  CheckModel({.name = "unlisted_reuse"}, [](Model& m) {
    UnlistedTask task(/*handles=*/1);
    task.ReuseOnce();
    m.Thread([&] { task.Step(); });
    m.Thread([&] { task.LookAndDrop(); });
    m.Thread([&] { task.Find(); });
    m.Finally(
        [&] { Check(task.ran == 2 && task.gone == 2, "each of the two runs and goes once"); });
  });
}

// The canceller and the body look past each other in no order: either the one finds the
// task, or the other sees that its group is stopped.
TEST(UnlistedModel, ListedAgainstCancelOfAll) {
  CheckModel({.name = "unlisted_cancel"}, [](Model& m) {
    UnlistedTask task(/*handles=*/0);
    ModelPlatform::Atomic<bool> stop{false};
    bool stopped = false;
    bool passed_over = false;
    m.Thread([&] {
      task.task.List();
      stopped = stop.load(std::memory_order_seq_cst);
      task.Step();
    });
    m.Thread([&] {
      stop.store(true, std::memory_order_seq_cst);
      const TaskWord::Bits word = task.task.word.load(std::memory_order_seq_cst);
      passed_over = TaskWord::Referenced(word) && (word & TaskWord::kUnlisted) != 0;
      task.Find();
    });
    m.Finally([&] {
      task.CheckOneEnd();
      Check(stopped || !passed_over, "the body sees the stop that did not come to it");
    });
  });
}

}  // namespace
}  // namespace weft::models
