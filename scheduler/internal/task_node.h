// SPDX-License-Identifier: Apache-2.0
//
// A task of a group: its state, its successors and its references, which change while
// others look. What it runs, and when it is ready, is the engine's business.

#ifndef WEFT_SCHEDULER_INTERNAL_TASK_NODE_H_
#define WEFT_SCHEDULER_INTERNAL_TASK_NODE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "weft/core/task_state.h"
#include "weft/scheduler/internal/node.h"

namespace weft::internal {

// TaskNode::word: the state, what was asked of the task, and how many references there
// are, in one word, so that each step of a task's life is one instruction.
struct TaskWord {
  using Bits = std::uint64_t;

  // A TaskState. kPending also stands for kReady: a task is ready from the moment its
  // join counter is zero until it is claimed.
  static constexpr Bits kState = 7;
  static constexpr Bits kLocked = 8;        // somebody changes the list of successors
  static constexpr Bits kEnding = 16;       // its end was decided before it ran
  static constexpr Bits kCancel = 32;       // it was asked to stop
  static constexpr Bits kAwaited = 64;      // somebody waits for its end
  static constexpr Bits kBlocked = 128;     // waits, directly or not, for a bare name
  static constexpr Bits kBareName = 256;    // a name that nobody gave a task yet
  static constexpr Bits kHasEdges = 512;    // it has, or had, successors
  static constexpr Bits kHasExtras = 1024;  // `edges` is a pointer to its extras
  static constexpr Bits kStarted = 2048;    // its body was started
  static constexpr Bits kRefused = 4096;    // it was never taken
  static constexpr Bits kPlanned = 8192;    // a bare name whose task comes in
  // No search for an id, and none for the tasks of a group, may take a reference: it was
  // ready when it came in, and nobody has asked for its id.
  static constexpr Bits kUnlisted = 16384;
  static constexpr Bits kFinaliser = 32768;  // it runs whatever becomes of its group
  static constexpr int kLaneShift = 16;      // two bits: a Lane
  // References of two kinds. Pins: of queues, names, and searches and look-ups while they
  // last: fewer than 2^14, for no thread has more than one for long. Handles: of all who
  // may read the value.
  static constexpr Bits kPin = Bits{1} << 18;
  static constexpr Bits kHandle = Bits{1} << 32;

  static TaskState StateIn(Bits word) { return static_cast<TaskState>(word & kState); }
  static bool Ended(Bits word) { return IsTerminal(StateIn(word)); }
  // Nobody runs its body, and nobody has decided its end.
  static bool Decidable(Bits word) {
    const TaskState state = StateIn(word);
    return (state == TaskState::kPending || state == TaskState::kParked) && (word & kEnding) == 0;
  }
  static bool Referenced(Bits word) { return word >= kPin; }
  static Bits Handles(Bits word) { return word / kHandle; }
  // With one reference, of that kind, and no way to a second one: no other thread changes the
  // word, and who has the reference needs no locked instruction to.
  static bool Alone(Bits word, Bits reference) {
    return (word & kUnlisted) != 0 && word / kPin == reference / kPin;
  }
  static Bits LaneIn(Bits word) { return (word >> kLaneShift) & 3; }
  static Bits WithLaneOf(Bits word, Bits lane) {
    return (word & ~(Bits{3} << kLaneShift)) | (lane << kLaneShift);
  }
  static Bits WithState(Bits word, TaskState state) {
    return (word & ~kState) | static_cast<Bits>(state);
  }
};

// Thread safety: the methods from any thread that holds a reference; `edges` belongs to
// who has locked it, or ended the task; the payload to who runs or ends the task, and is
// constant afterwards.
template <class P>
struct alignas(64) TaskNode : Node<P> {
  // Distinguishes the tasks that lie here one after the other.
  std::uint32_t generation = 1;
  typename P::template Atomic<TaskWord::Bits> word{0};
  // An EdgeList, or, with kHasExtras, a pointer to one. In a free cell the next one.
  std::uintptr_t edges = 0;
  alignas(8) std::byte payload[kPayloadSize];

  // One more reference, for who has one already.
  void Add(TaskWord::Bits reference) {
    // relaxed: nothing is published.
    word.fetch_add(reference, std::memory_order_relaxed);
  }
  // True: it was the last one, the task is the caller's to destroy.
  bool Drop(TaskWord::Bits reference) {
    // acquire: as below.
    if (TaskWord::Alone(word.load(std::memory_order_acquire), reference)) return true;
    // acq_rel: what was done with each reference comes before the destruction.
    return !TaskWord::Referenced(word.fetch_sub(reference, std::memory_order_acq_rel) - reference);
  }
  // A pin for who found the task without a reference: false when there is none left, or
  // it is not listed.
  bool TryPin() {
    // seq_cst: a group that is being cancelled has said so before.
    auto seen = word.load(std::memory_order_seq_cst);
    while (TaskWord::Referenced(seen) && (seen & TaskWord::kUnlisted) == 0) {
      // acquire: the task is seen as whoever made its first reference left it.
      if (word.compare_exchange_weak(seen, seen + TaskWord::kPin, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  // From now on it can be found. For who has a reference, or runs its body, on any thread.
  void List() {
    if ((word.load(std::memory_order_relaxed) & TaskWord::kUnlisted) == 0) return;
    // seq_cst: before the look whether its group is cancelled.
    word.fetch_and(~TaskWord::kUnlisted, std::memory_order_seq_cst);
  }

  // Locks the list of successors. False: the task has ended, as `seen` says, and what it
  // did is visible. `lists`: as List does, from then on.
  bool LockEdges(TaskWord::Bits& seen, bool lists = false) {
    const auto kept = ~(lists ? TaskWord::kUnlisted : TaskWord::Bits{0});
    seen = word.load(std::memory_order_acquire);
    for (int round = 0; !TaskWord::Ended(seen);) {
      if ((seen & TaskWord::kLocked) != 0) {
        Relax(round);
        seen = word.load(std::memory_order_acquire);
      } else if (word.compare_exchange_weak(seen, (seen & kept) | TaskWord::kLocked,
                                            std::memory_order_acquire, std::memory_order_acquire)) {
        return true;
      }
    }
    return false;
  }
  // `set`: bits that are not set yet.
  void UnlockEdges(TaskWord::Bits set = 0) {
    word.fetch_add(set - TaskWord::kLocked, std::memory_order_release);
  }

  // Whether the caller may decide the end of a task that nobody has claimed, or that is parked.
  // It then calls End, whatever else happens.
  bool Decide(TaskWord::Bits& seen) {
    seen = word.load(std::memory_order_relaxed);
    while (TaskWord::Decidable(seen)) {
      if (word.compare_exchange_weak(seen, seen | TaskWord::kEnding, std::memory_order_acq_rel,
                                     std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  enum class Claimed { kRun, kEnd, kNot };
  // For a task whose join counter is zero: kRun: the caller runs its body and ends it.
  // kEnd: it ends it as cancelled. kNot: somebody else has claimed it; its group may have
  // gone.
  Claimed Claim() {
    // acquire: what was done with handles that have gone comes before.
    auto seen = word.load(std::memory_order_acquire);
    while (TaskWord::StateIn(seen) == TaskState::kPending && (seen & TaskWord::kEnding) == 0) {
      const bool stop = (seen & TaskWord::kCancel) != 0;
      const auto claimed =
          stop ? seen | TaskWord::kEnding
               : TaskWord::WithState(seen, TaskState::kRunning) | TaskWord::kStarted;
      if (TaskWord::Alone(seen, TaskWord::kPin)) {
        word.store(claimed, std::memory_order_relaxed);
        return stop ? Claimed::kEnd : Claimed::kRun;
      }
      // release, too: who finds it claimed finds the join counter at zero.
      if (word.compare_exchange_weak(seen, claimed, std::memory_order_acq_rel,
                                     std::memory_order_acquire)) {
        return stop ? Claimed::kEnd : Claimed::kRun;
      }
    }
    return Claimed::kNot;
  }

  // kEnd after all, for a task that was claimed.
  void TakeBackStart() { word.fetch_and(~TaskWord::kStarted, std::memory_order_relaxed); }

  // For who has run the body: it waits to be run again. False: it was asked to stop.
  bool Park() {
    auto seen = word.load(std::memory_order_relaxed);
    do {
      if ((seen & TaskWord::kCancel) != 0) return false;
      // release: who claims it next sees what this attempt did. seq_cst: before the look whether
      // its group is cancelled.
    } while (!word.compare_exchange_weak(seen, TaskWord::WithState(seen, TaskState::kParked),
                                         std::memory_order_seq_cst, std::memory_order_relaxed));
    return true;
  }
  // It can be claimed again: the caller puts it into a queue. False: somebody ends it, or has.
  bool Resume() {
    auto seen = word.load(std::memory_order_relaxed);
    while (TaskWord::StateIn(seen) == TaskState::kParked && TaskWord::Decidable(seen)) {
      // acq_rel: hands on what the attempt before did.
      if (word.compare_exchange_weak(seen, TaskWord::WithState(seen, TaskState::kPending),
                                     std::memory_order_acq_rel, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  // Ends a task that has no successors and no extras and that nobody waits for, and gives a pin
  // back where `drop`. False: it may have some, or somebody may wait.
  bool EndAlone(TaskState state, bool drop, TaskWord::Bits& after) {
    constexpr auto kBusy =
        TaskWord::kLocked | TaskWord::kHasEdges | TaskWord::kHasExtras | TaskWord::kAwaited;
    // acquire, here and after a failure: as in Claim, and it may be the last reference.
    auto seen = word.load(std::memory_order_acquire);
    while ((seen & kBusy) == 0) {
      after = TaskWord::WithState(seen, state) - (drop ? TaskWord::kPin : 0);
      if (drop && TaskWord::Alone(seen, TaskWord::kPin)) {
        word.store(after, std::memory_order_relaxed);
        return true;
      }
      // release: publishes what the task did; acquire: it may have been found, and let go
      // again, since the load.
      if (word.compare_exchange_weak(seen, after, std::memory_order_acq_rel,
                                     std::memory_order_acquire)) {
        return true;
      }
    }
    return false;
  }
  // Ends it: from now on the successors that were added are the caller's, and nobody can
  // add one. `take` is called before, and takes them. Returns the word as it is now.
  template <class Take>
  TaskWord::Bits End(TaskState state, bool drop, Take take) {
    TaskWord::Bits seen = 0;
    LockEdges(seen);  // only we end it
    take();
    seen = word.load(std::memory_order_relaxed);
    TaskWord::Bits after = 0;
    do {
      after = TaskWord::WithState(seen, state) - TaskWord::kLocked - (drop ? TaskWord::kPin : 0);
    } while (!word.compare_exchange_weak(seen, after, std::memory_order_acq_rel,
                                         std::memory_order_relaxed));
    return after;
  }

 private:
  static void Relax(int& round) {
    if (++round < 64) {
      P::Pause();
    } else {
      P::Yield();
    }
  }
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TASK_NODE_H_
