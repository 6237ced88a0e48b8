// SPDX-License-Identifier: Apache-2.0
//
// A task between two attempts: its timer, whoever cancels it, and the worker that parks it.

#include <mutex>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/model_platform.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/task_node.h"
#include "weft/scheduler/internal/timer_queue.h"

namespace weft::models {
namespace {

using internal::TaskWord;
using internal::Timer;
using Task = internal::TaskNode<ModelPlatform>;

// The steps of the engine (engine_attempts.cc, engine_cancel.cc) on one task, which runs.
class ParkedTask {
 public:
  ParkedTask() {
    task.word.store(
        static_cast<TaskWord::Bits>(TaskState::kRunning) | TaskWord::kHasExtras | TaskWord::kPin,
        std::memory_order_relaxed);
  }

  // Its worker, which has the queue's pin.
  void FailAttempt() {
    attempts.Write(attempts.Read() + 1);
    task.Add(TaskWord::kPin);  // once it is parked, others may end it
    bool parked = false;
    {
      std::lock_guard lock(guard);
      parked = task.Park();
      if (parked) {
        task.Add(TaskWord::kPin);
        timers.Arm(timer, 5);
      }
    }
    if (!parked) {
      End(/*drop=*/false);
    } else if (stop.load(std::memory_order_seq_cst)) {
      Cancel();
    }
    Drop();
    Drop();
  }
  // Who cancels it has a handle; who cancels its group, a pin.
  void Cancel() {
    const auto before = task.word.fetch_or(TaskWord::kCancel, std::memory_order_seq_cst);
    if (TaskWord::StateIn(before) != TaskState::kParked) return;
    TaskWord::Bits seen = 0;
    if (!task.Decide(seen)) return;
    task.Add(TaskWord::kPin);
    End(/*drop=*/true);
  }
  void CancelGroup() {
    stop.store(true, std::memory_order_seq_cst);
    if (TaskWord::Ended(task.word.load(std::memory_order_seq_cst)) || !task.TryPin()) return;
    const auto word = task.word.load(std::memory_order_relaxed);
    if (TaskWord::StateIn(word) == TaskState::kParked) Cancel();
    Drop();
  }
  // The thread that fires timers.
  void FireDue() {
    if (timers.TakeDue(10) == nullptr) return;
    bool resumed = false;
    {
      std::lock_guard lock(guard);
      if (!TaskWord::Ended(task.word.load(std::memory_order_acquire))) resumed = task.Resume();
    }
    if (resumed && task.Claim() != Task::Claimed::kNot) {
      Check(attempts.Read() == 1, "the next attempt sees what the one before did");
      End(/*drop=*/false);
    }
    Drop();
  }

  void CheckNotParked() const {
    const auto word = task.word.load(std::memory_order_relaxed);
    Check(TaskWord::StateIn(word) != TaskState::kParked, "what was cancelled does not stay parked");
  }
  void Settle() {
    FireDue();
    Check(ended == 1, "it ends, once");
    Check(gone == 1, "its last reference goes, once");
    Check(!timer.armed, "nothing is left of it in the heap");
  }

  Task task;
  ModelPlatform::Lock guard;
  internal::TimerQueue<ModelPlatform> timers;
  Timer timer;
  ModelPlatform::Atomic<bool> stop{false};
  ModelPlatform::Plain<int> attempts{0};
  int ended = 0;
  int gone = 0;

 private:
  void End(bool drop) {
    bool disarmed = false;
    {
      std::lock_guard lock(guard);
      disarmed = timers.Disarm(timer);
    }
    if (disarmed) Drop();
    ++ended;
    const auto after = task.End(TaskState::kCancelled, drop, [] {});
    if (!TaskWord::Referenced(after)) ++gone;
  }
  void Drop() {
    if (task.Drop(TaskWord::kPin)) ++gone;
  }
};

TEST(ParkedModel, CancelAgainstParking) {
  CheckModel({.name = "park_cancel", .preemptions = 3}, [](Model& m) {
    ParkedTask task;
    task.task.Add(TaskWord::kPin);
    m.Thread([&] { task.FailAttempt(); });
    m.Thread([&] {
      task.Cancel();
      if (task.task.Drop(TaskWord::kPin)) ++task.gone;
    });
    m.Finally([&] {
      task.CheckNotParked();
      task.Settle();
    });
  });
}

TEST(ParkedModel, CancelOfTheGroupAgainstParking) {
  CheckModel({.name = "park_group", .preemptions = 3}, [](Model& m) {
    ParkedTask task;
    m.Thread([&] { task.FailAttempt(); });
    m.Thread([&] { task.CancelGroup(); });
    m.Finally([&] {
      task.CheckNotParked();
      task.Settle();
    });
  });
}

TEST(ParkedModel, CancelAgainstTheTimer) {
  CheckModel({.name = "park_timer"}, [](Model& m) {
    ParkedTask task;
    task.task.Add(TaskWord::kPin);
    m.Thread([&] { task.FailAttempt(); });
    m.Thread([&] {
      task.Cancel();
      if (task.task.Drop(TaskWord::kPin)) ++task.gone;
    });
    m.Thread([&] { task.FireDue(); });
    m.Finally([&] { task.Settle(); });
  });
}

TEST(ParkedModel, SleeperIsWokenForAnEarlierTimer) {
  CheckModel({.name = "timer_sleep", .preemptions = 4}, [](Model& m) {
    internal::TimerQueue<ModelPlatform> timers;
    Timer early;
    Timer late;
    ModelPlatform::Parker parker;
    timers.Arm(late, 50);
    bool fired = false;
    m.Thread([&] {
      if (timers.Arm(early, 5)) parker.Unpark();
    });
    m.Thread([&] {
      // The time of the late one never comes.
      while (timers.TakeDue(10) == nullptr) {
        if (timers.Sleep() > 10) parker.Park();
      }
      fired = true;
    });
    m.Finally([&] { Check(fired, "it is fired"); });
  });
}

}  // namespace
}  // namespace weft::models
