// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_GATE_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_GATE_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"

#include "weft/core/task_options.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/resource_waiter.h"
#include "weft/scheduler/internal/task_policy.h"
#include "weft/scheduler/internal/task_ptr.h"

namespace weft::internal {

// What tasks do that need resources: each asks for them before it is claimed, and gives them back
// when its attempt ends. One that does not get them leaves its queue, and stays ready; the ledger
// has a pin of it until it is granted what it needs, and then it is put into a queue again.
//
// A task's needs change under the lock of its rarities, also where the ledger is asked: so who is
// granted something and who ends the task meet. It is claimed under that lock, too: or it might
// have run, given back, and come again between what it was granted and the claim.
//
// Thread safety: any thread, for who holds a reference to the task.
class Engine::Gate {
 public:
  // Null: it asks for nothing. Errors: those of ResourceTable::Resolve. Throws std::bad_alloc.
  static absl::StatusOr<std::unique_ptr<TaskNeeds>> MakeNeeds(Engine& engine,
                                                              const TaskOptions& options);
  // Null: it needs nothing.
  static TaskNeeds* NeedsOf(const EngineTask& task);

  // What follows, under no lock.
  class After {
   public:
    explicit After(Engine& engine) : engine_(engine) {}
    After(const After&) = delete;
    After& operator=(const After&) = delete;
    // Those that were granted what they waited for go on.
    ~After() { Finish(); }
    void Finish() noexcept;
    void Add(GrantedWaiters granted) { granted_.Append(std::move(granted)); }

   private:
    friend class Gate;
    Engine& engine_;
    GrantedWaiters granted_;
    TaskPin stuck_;            // what bodies that wait hold
    bool look_again_ = false;  // at the memory
    bool looked_ = false;
  };

  enum class Passed { kRun, kEnd, kNot, kWaits };
  // As EngineTask::Claim, of a task with needs. kWaits: it has not been granted what it needs;
  // where it `may_wait` the ledger has it now.
  static Passed Claim(EngineTask& task, bool may_wait, After& after) noexcept;
  // The same of any task.
  static Passed ClaimAny(EngineTask& task, bool may_wait, After& after) noexcept;
  // Whether it was granted what it needs, and has some.
  static bool Holds(EngineTask& task) noexcept;
  // What it waits for, now or later, before it can begin and end. Null: nothing, or it will end in
  // any case, because it was asked to stop or has a deadline.
  static const TaskNeeds* NeedsToBegin(EngineTask& task) noexcept;
  // The first half of Claim, for who claims it later. False: it waits.
  static bool Enter(EngineTask& task, After& after) noexcept;
  // Before that, where the task could need memory: looks how much there is, when it is time.
  static void LookAtMemory(Engine& engine, const EngineTask& task, After& after) noexcept;

  // From one that was granted them and has not begun. False: there is nothing.
  static bool TakeBack(EngineTask& task, After& after) noexcept;
  // Under the lock, when an attempt is over and another will follow.
  static void Release(TaskNeeds& needs, After& after) noexcept;
  // The same before the end. True: the ledger's pin is the caller's.
  static bool Close(TaskNeeds& needs, After& after) noexcept;

  // For who was asked to stop it. True: it was waiting; the ledger's pin is the caller's.
  static bool Withdraw(EngineTask& task) noexcept;

  // A body that waits for other tasks, as long as this lives.
  class Blocked {
   public:
    // Null: it is no task's.
    Blocked(Engine& engine, const EngineTask* body) noexcept;
    Blocked(const Blocked&) = delete;
    Blocked& operator=(const Blocked&) = delete;
    ~Blocked();

   private:
    Engine& engine_;
    TaskNeeds* needs_ = nullptr;
  };

  // The timer's.
  static void Look(Timer& timer) noexcept;
  static void LookNow(Engine& engine, absl::Duration now, After& after) noexcept;

 private:
  static bool Acquire(EngineTask& task, TaskNeeds& needs, bool may_wait, After& after) noexcept;
  static Passed PassedAs(EngineTask::Claimed claimed);
  static void HandOut(Engine& engine, GrantedWaiters& granted) noexcept;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_GATE_H_
