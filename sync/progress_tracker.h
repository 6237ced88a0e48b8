// SPDX-License-Identifier: Apache-2.0
//
// Counts what is done of a job with parts within parts, guesses when the rest will be, and
// tells a listener now and then.

#ifndef WEFT_SYNC_PROGRESS_TRACKER_H_
#define WEFT_SYNC_PROGRESS_TRACKER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"
#include "weft/core/internal/platform.h"
#include "weft/sync/internal/notify_gate.h"
#include "weft/sync/internal/unit_counts.h"
#include "weft/sync/progress_snapshot.h"

namespace weft {

// Thread safety: a plain value.
struct ProgressOptions {
  std::string label = "Task";  // what a unit of the whole job is called
  std::int64_t total = 0;      // units of the whole job; 0: not known yet
  // What these units cost together, in any unit (predicted microseconds, bytes). 0: they count
  // alike.
  std::int64_t cost = 0;

  // Called with snapshots, on the thread whose event is due, never by two threads at once, and
  // under no lock: it may call the tracker. Must be quick: that thread's work waits. What it
  // throws is counted and goes no further.
  std::function<void(const ProgressSnapshot&)> listener = nullptr;
  // From the end of one call of the listener to the next, at least. Infinite: only the last.
  absl::Duration interval = absl::Milliseconds(100);

  // Must outlive the tracker. Null: the machine's steady clock.
  const Clock* clock = nullptr;
};

// Thread safety: a plain value.
struct ProgressPartOptions {
  std::string label = {};
  std::int64_t total = 0;  // as in ProgressOptions, of this part
  std::int64_t cost = 0;
  // The part is one of the units of the part above: that unit ends with it.
  bool is_unit = true;
  std::int64_t unit_cost = 0;  // of that unit, among the costs of the part above
};

// Passive: runs no task and has no thread. Time passes unnoticed between events.
//
// Counts never go down and never exceed their total. A total may grow; announce the units that
// a unit brings with it before that one ends. The fraction of the whole stands still then, until
// it is passed again: it never goes down either.
//
// Thread safety: every method may be called from any thread. Events that happened before a
// Snapshot, by the callers' own order, are all in it.
// Cost: an event is O(1) and takes no lock: one or two updates of the part's own cache line and,
// with a listener, a look at the clock, which only every eighth takes while they come faster
// than 16 in an interval. The first and the last event of a part take a lock. Snapshot is
// linear in the open parts.
class ProgressTracker {
  struct Node;

 public:
  // A part of the job: units, some of which may be parts themselves. It ends when its last unit
  // does and nothing holds it, or else when the handle goes; a unit of the part above that it
  // stands for is then completed if nothing in it failed or is missing, and failed otherwise.
  //
  // Thread safety: every method but those that move and destroy it from any thread; these when no
  // other thread uses it. Must not outlive its tracker; may outlive the part above.
  class Part {
   public:
    Part(Part&& other) noexcept = default;
    Part& operator=(Part&& other) noexcept;
    ~Part() { End(); }

    // More units have become known, which cost so much together. Requires, here and below:
    // no value below 0.
    void Announce(std::int64_t count, std::int64_t cost = 0);
    // The same, and the listener hears of it with the next event: for who holds a lock.
    void AnnounceQuietly(std::int64_t count, std::int64_t cost = 0);
    // So many units have ended, which were announced before. Their costs should add up to what
    // was announced; where they do not, only the fraction suffers, until the part ends.
    void Complete(std::int64_t count = 1, std::int64_t cost = 0);
    void Fail(std::int64_t count = 1, std::int64_t cost = 0);

    // More units may be announced, also when all so far have ended: the part does not end with its
    // last unit before it was released as often as it was held. A TaskGroup holds the part that it
    // counts in for as long as it lives.
    void Hold();
    void Release();

    // Allocates; may throw std::bad_alloc.
    [[nodiscard]] Part AddPart(ProgressPartOptions options);

   private:
    friend class ProgressTracker;
    explicit Part(std::shared_ptr<Node> node) : node_(std::move(node)) {}
    void End();

    // Shared with the parts below, which may be there for longer.
    std::shared_ptr<Node> node_;
  };

  explicit ProgressTracker(ProgressOptions options = {});
  ProgressTracker(const ProgressTracker&) = delete;
  ProgressTracker& operator=(const ProgressTracker&) = delete;
  // Does not call the listener. Requires: no part but the root is left.
  ~ProgressTracker();

  // The whole job.
  Part& root() { return root_; }

  // May throw std::bad_alloc.
  ProgressSnapshot Snapshot() const ABSL_LOCKS_EXCLUDED(mu_);

  // Nothing more will come. Calls the listener for the last time, whatever the interval, and
  // returns when that call has; one that is under way ends before. Called by the listener
  // itself it returns at once, and the last call follows. Later calls do nothing.
  void Finish() ABSL_LOCKS_EXCLUDED(mu_);

  // Whether this thread is in a listener, of whichever tracker.
  static bool InListener();

  // How often the listener threw, or there was no memory for a snapshot.
  std::int64_t listener_failures() const;

 private:
  using Gate = internal::NotifyGate<internal::StdPlatform>;
  using Counts = internal::UnitCounts<internal::StdPlatform>;

  std::int64_t Now() const { return absl::ToInt64Nanoseconds(clock_.Now()); }
  void Link(Node& node) ABSL_LOCKS_EXCLUDED(mu_);
  void EndPart(Node& node) ABSL_LOCKS_EXCLUDED(mu_);
  void Unlink(Node& node) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteBeginning();
  double Weigh(std::vector<ProgressLevel>& levels) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteEnded(Node& node, Counts::Ended ended) ABSL_LOCKS_EXCLUDED(mu_);
  // After each other event.
  void Notify();
  void Take(Gate::Turn turn);
  void CallListener() noexcept;

  const std::function<void(const ProgressSnapshot&)> listener_;
  const Clock& clock_;
  const absl::Duration start_;
  Gate gate_;
  const std::int64_t soon_;  // nanoseconds that nobody notices in the interval
  internal::StdPlatform::Atomic<std::int64_t> listener_failures_{0};

  mutable absl::Mutex mu_;
  // Parts that have not ended, in the order in which they came; the root is the first.
  Node* first_ ABSL_GUARDED_BY(mu_) = nullptr;
  Node* last_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  mutable double shown_ ABSL_GUARDED_BY(mu_) = 0;  // the largest fraction so far
  // When units of the whole job were announced first; the largest value: not yet.
  internal::StdPlatform::Atomic<std::int64_t> beginning_;

  Part root_;
};

}  // namespace weft

#endif  // WEFT_SYNC_PROGRESS_TRACKER_H_
