// SPDX-License-Identifier: Apache-2.0
//
// What the engine keeps of a group.

#ifndef WEFT_SCHEDULER_INTERNAL_GROUP_CORE_H_
#define WEFT_SCHEDULER_INTERNAL_GROUP_CORE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/cancellation.h"
#include "weft/core/clock.h"
#include "weft/core/internal/platform.h"
#include "weft/core/internal/ref_counted.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/group_count.h"
#include "weft/scheduler/internal/name_table.h"
#include "weft/scheduler/internal/pending_bound.h"
#include "weft/scheduler/internal/run_record.h"
#include "weft/scheduler/internal/scope.h"
#include "weft/scheduler/internal/task_ptr.h"
#include "weft/scheduler/internal/timer_queue.h"
#include "weft/sync/failure_log.h"
#include "weft/sync/progress_tracker.h"

namespace weft::internal {

// Lives until its TaskGroup goes, which waits for all its tasks: so unfinished tasks may
// use it, ended ones may not.
//
// Thread safety: every method from any thread.
class GroupCore final : public RefCounted, public Scope<StdPlatform> {
 public:
  using Count = GroupCount<StdPlatform>;

  struct Limits {
    bool fail_fast = false;
    absl::Duration deadline = absl::InfiniteDuration();  // on the clock
    std::int64_t max_pending = PendingBound<StdPlatform>::kNone;
    bool refuses = false;  // what comes beyond that; else it waits, outside tasks
    ProgressTracker::Part* progress = nullptr;  // null: nobody counts
  };

  // `observed`: all tasks of the engine take the special step.
  GroupCore(Engine& engine, const Clock& clock, const EnginePool& pool, const Limits& limits,
            bool observed)
      : pending(limits.max_pending),
        names(pool),
        timer(*this),
        engine_(engine),
        clock_(clock),
        limits_(limits),
        special_(observed || limits.deadline != absl::InfiniteDuration() || pending.bounded() ||
                 limits.progress != nullptr) {
    FollowStopFlag(&stop_);
  }

  Engine& engine() const { return engine_; }
  bool fail_fast() const { return limits_.fail_fast; }
  absl::Duration deadline() const { return limits_.deadline; }
  bool refuses() const { return limits_.refuses; }
  // Where its tasks count, from their submission to their end; null: nowhere.
  ProgressTracker::Part* progress() const { return limits_.progress; }
  // Whether its tasks take the special step, whatever their options.
  bool special() const { return special_; }

  // Counting, by threads that are not workers, or not in a task of this group.
  void CountSubmitted(std::int64_t tasks) {
    count_.Enter(tasks);
    submitted_.fetch_add(tasks, std::memory_order_relaxed);
  }
  struct Rest {
    bool at_rest = false;
    std::uint64_t entries = 0;
  };
  Rest rest() const { return {count_.AtRest(), count_.entries()}; }
  // They do not come after all. `before`: rest() before it was counted. Where nothing
  // else came in since, it leaves no trace.
  void TakeBackSubmitted(const Rest& before, std::int64_t tasks = 1);
  // The task of a name that was known: it counts once it waits for no name.
  void CountNamed() { submitted_.fetch_add(1, std::memory_order_relaxed); }
  void CountDegraded() { degraded_.fetch_add(1, std::memory_order_relaxed); }
  void CountRefused() { refused_.fetch_add(1, std::memory_order_relaxed); }
  void CountEnd() { Leave(1); }
  void CountCompleted() {
    CountEndAs(TaskState::kCompleted);
    Leave(1);
  }
  // Before the end of a task that ends otherwise.
  void CountEndAs(TaskState state) {
    // relaxed: published by the Leave that follows.
    ended_[static_cast<std::size_t>(state)].fetch_add(1, std::memory_order_relaxed);
  }
  // A task that waits for a bare name does not count as one that will end.
  void Suspend() { Leave(1); }
  void Resume() { count_.Enter(1); }

  Count& count() { return count_; }
  const Count& count() const { return count_; }
  bool AtRest() const { return count_.AtRest(); }
  // seq_cst: after a task came in.
  bool StoppedNow() const { return stop_.load(std::memory_order_seq_cst); }

  void StartClock() {
    if (first_submitted_.load(std::memory_order_relaxed) != kNever) return;
    StartClockNow();
  }
  struct Figures {
    std::int64_t submitted = 0;
    std::array<std::int64_t, kTaskStateCount> ended{};
    std::int64_t degraded = 0;
    std::int64_t refused = 0;
    absl::Duration elapsed;
  };
  Figures figures() const;

  // Whether it takes a task: finalisers until it is sealed, others until it is cancelled, too.
  // relaxed: whoever must see this has been told.
  bool Takes(bool finaliser) const {
    return !closed_.load(std::memory_order_relaxed) || (finaliser && Refusal(finaliser).ok());
  }
  // Why not; OK: it does.
  absl::Status Refusal(bool finaliser) const;
  // False: it was sealed before.
  bool Seal();
  // False: it was cancelled before. Calls nobody back. `late`: its deadline has passed, and what
  // has not ended fails.
  bool BeginCancel(const absl::Status& why, bool late = false);
  static absl::Status LateStatus() noexcept;
  // For who has found it cancelled.
  bool late() const { return late_.load(std::memory_order_relaxed); }
  absl::Status cancel_reason() const;
  CancellationToken Token();
  // After BeginCancel: calls back.
  void CancelToken(const absl::Status& why);

  FailureLog failures;
  PendingBound<StdPlatform> pending;
  std::unique_ptr<RunRecord> record;   // null: nothing is recorded; constant
  std::int64_t late_pumps_before = 0;  // of the scheduler, when the group was made; constant

  // Names, of tasks and of those to come; each has a reference from here.
  absl::Mutex names_mu;
  NameTable names ABSL_GUARDED_BY(names_mu);

  // For its deadline. While it is armed the group has a reference from here.
  struct GroupTimer : Timer {
    explicit GroupTimer(GroupCore& its_group) : group(its_group) {}
    GroupCore& group;
  };
  GroupTimer timer;

  // The engine's list of groups; guarded by its lock.
  GroupCore* next = nullptr;
  GroupCore* previous = nullptr;
  std::uint64_t entries_seen = 0;  // of a shutdown, one of which comes at a time

 private:
  static constexpr std::int64_t kNever = INT64_MIN;
  template <class T>
  using Atomic = StdPlatform::Atomic<T>;

  void HandIn(const ScopeNews& news, EngineWorker& worker) noexcept override;
  void Foresee(std::int64_t tasks) noexcept override { count_.Enter(tasks); }
  void Leave(std::int64_t tasks);
  void NoteRest();
  void StartClockNow();

  Engine& engine_;
  const Clock& clock_;
  const Limits limits_;
  const bool special_;
  Count count_;
  Atomic<bool> closed_{false};  // sealed or cancelled
  StopFlag stop_{false};
  Atomic<bool> late_{false};                      // written before stop_
  Atomic<std::int64_t> first_submitted_{kNever};  // nanoseconds, on the clock
  Atomic<std::int64_t> last_rest_{kNever};
  Atomic<std::int64_t> submitted_{0};
  std::array<Atomic<std::int64_t>, kTaskStateCount> ended_{};
  Atomic<std::int64_t> degraded_{0};
  Atomic<std::int64_t> refused_{0};

  mutable StdPlatform::Lock lock_;
  bool sealed_ = false;                       // guarded by lock_
  absl::Status cancel_reason_;                // guarded by lock_
  std::optional<CancellationSource> source_;  // guarded by lock_; made when asked for
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_GROUP_CORE_H_
