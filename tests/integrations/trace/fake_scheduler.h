// SPDX-License-Identifier: Apache-2.0
//
// Tells an observer of a random schedule of a random graph, and remembers what it has told.

#ifndef WEFT_TESTS_INTEGRATIONS_TRACE_FAKE_SCHEDULER_H_
#define WEFT_TESTS_INTEGRATIONS_TRACE_FAKE_SCHEDULER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "weft/core/task_id.h"
#include "weft/core/task_kind.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/task_observer.h"

namespace weft::testing {

struct FakePlan {
  int tasks = 0;
  int slots = 1;
  std::uint64_t seed = 1;
  int most_dependencies = 3;  // of a task, on one of the `reach` tasks before it
  int reach = 50;
  int fails_of_100 = 5;      // the others that depend on these are skipped
  int cancelled_of_100 = 3;  // when they are claimed
  int parks_of_100 = 5;      // once or twice each
  bool names = true;
  bool nested = true;  // a worker may start a task within another
};

// What was told of one task.
struct FakeTask {
  struct Run {
    int slot = 0;
    std::int64_t begin_ns = 0;
    std::int64_t end_ns = 0;
  };

  std::vector<int> dependencies;
  std::string name;
  TaskId id;
  TaskState state = TaskState::kPending;
  std::vector<std::int64_t> ready_ns;  // before each attempt
  std::vector<Run> runs;
  int parks = 0;  // yet to come
  // Until it has ended.
  int waits_for = 0;
  bool doomed = false;
  std::vector<int> successors;
};

// A task goes through the hands of one thread at a time, as with a real scheduler; what several
// share lies under a lock, and observers are called outside it.
//
// Thread safety: RunThreads starts its own; everything else by one thread.
class FakeScheduler {
 public:
  using Clock = std::function<std::int64_t()>;

  FakeScheduler(const FakePlan& plan, TaskObserver& observer);

  // On this thread, all slots by turns, in virtual time that often stands still.
  void RunHere();
  // A thread for each slot and two that submit, in real time.
  void RunThreads();

  const std::vector<FakeTask>& tasks() const { return tasks_; }
  // From, to; sorted.
  std::vector<std::pair<TaskId, TaskId>> edges() const;

 private:
  struct Worker {
    int slot;
    std::mt19937_64 random;
    std::vector<int> running;  // the innermost last
  };
  // Who tells: of a worker its slot, else -1.
  struct Teller {
    int slot;
  };

  void MakeTasks();
  void Submit(int task, Teller teller);
  // False: there was nothing to do.
  bool Step(Worker& worker);
  bool Start(Worker& worker);
  void Stop(Worker& worker);
  // Ends it, and what is skipped because of it.
  void End(int task, TaskState state, Teller teller);
  void EndOne(int task, TaskState state, Teller teller, std::vector<int>& skipped);
  void Release(int task, int by, TaskState how, Teller teller, std::vector<int>& skipped);
  void MakeReady(int task, int by, Teller teller);
  std::int64_t Tell(TaskEventKind kind, int task, Teller teller, int other = -1, int attempt = 0);

  const FakePlan plan_;
  TaskObserver& observer_;
  Clock clock_;
  std::int64_t* virtual_now_ = nullptr;
  std::vector<FakeTask> tasks_;
  std::mutex mu_;
  // Guarded by mu_.
  std::deque<int> ready_;
  std::vector<std::uint32_t> free_indices_;
  std::uint32_t next_index_ = 0;
  std::vector<std::uint32_t> generations_;
  int ended_ = 0;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_TRACE_FAKE_SCHEDULER_H_
