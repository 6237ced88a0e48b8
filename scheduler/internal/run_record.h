// SPDX-License-Identifier: Apache-2.0
//
// What is recorded of tasks for the summary of their group, or of the run of their graph.

#ifndef WEFT_SCHEDULER_INTERNAL_RUN_RECORD_H_
#define WEFT_SCHEDULER_INTERNAL_RUN_RECORD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/core/internal/platform.h"
#include "weft/core/task_id.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/wait_histogram.h"
#include "weft/scheduler/run_summary.h"

namespace weft::internal {

class RunRecord;
struct TaskRecord;

// A counted pointer to a TaskRecord. The last one frees it, and those before it that nobody else
// needs, one by one.
//
// Thread safety: like a plain pointer; distinct copies from distinct threads.
class RecordPtr {
 public:
  RecordPtr() = default;
  explicit RecordPtr(TaskRecord* record);
  RecordPtr(const RecordPtr& other) : RecordPtr(other.record_) {}
  RecordPtr(RecordPtr&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  RecordPtr& operator=(RecordPtr other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~RecordPtr() {
    if (record_ != nullptr) Drop();
  }

  TaskRecord* get() const { return record_; }
  TaskRecord& operator*() const { return *record_; }
  TaskRecord* operator->() const { return record_; }
  explicit operator bool() const { return record_ != nullptr; }

 private:
  void Drop() noexcept;

  TaskRecord* record_ = nullptr;
};

// A task's times, all nanoseconds as observers see them. Made with the task; lives as long as the
// task, what waited for it last, and what the critical path of its group goes through.
//
// Thread safety: as said.
// Cost: 128 bytes, and those of a long name.
struct TaskRecord {
  static constexpr std::int64_t kNever = INT64_MIN;
  template <class T>
  using Atomic = StdPlatform::Atomic<T>;

  Atomic<std::uint32_t> references{0};
  std::uint32_t depth = 0;  // so many tasks lead to its end, itself included; as `ended`
  TaskId id;                // constant, as is `name`
  // Relaxed, all: times, which publish nothing.
  Atomic<std::int64_t> ready{kNever};  // since then; until an attempt begins
  Atomic<std::int64_t> began{kNever};  // the first attempt
  Atomic<std::int64_t> since{0};       // it is in the state that it is in
  // Of who runs it, or decides its end.
  std::int64_t waited = 0;
  bool runs = false;
  RunRecord* outer = nullptr;  // what its slot did before
  // Of who ends it; constant afterwards, and then any thread's who has a reference.
  TaskState state = TaskState::kPending;
  std::int64_t ended = 0;
  std::int64_t path_took = 0;  // of all that lead to its end
  TaskRecord* anchor = nullptr;
  // The dependency that ended last. Before the end guarded by the lock of the task's edges; then
  // by the recorder's lock, for a long chain is cut.
  RecordPtr predecessor;
  std::string name;

  std::int64_t took() const {
    const std::int64_t first = began.load(std::memory_order_relaxed);
    return first == kNever ? 0 : ended - first;
  }
};

// The same of a node of a graph, in one run.
//
// Thread safety: times any thread; the rest by who makes the node ready, then who runs it.
struct NodeRecord {
  StdPlatform::Atomic<std::int64_t> ready{TaskRecord::kNever};
  StdPlatform::Atomic<std::int64_t> began{TaskRecord::kNever};
  StdPlatform::Atomic<std::int64_t> ended{TaskRecord::kNever};
  RunRecord* outer = nullptr;
  std::uint32_t predecessor = 0;  // its ordinal
  std::uint32_t depth = 1;
  TaskState state = TaskState::kPending;

  void Reset() {
    for (auto* const time : {&ready, &began, &ended}) {
      time->store(TaskRecord::kNever, std::memory_order_relaxed);
    }
    depth = 1;
    state = TaskState::kPending;
  }
};

// The figures of a group, or of a run.
//
// Thread safety: every method from any thread; those with a slot by one at a time for each.
// Cost: 7 KiB, and 2 KiB more for each 64 slots beyond the first that run something.
class RunRecord {
 public:
  // Throws std::bad_alloc.
  RunRecord();
  RunRecord(const RunRecord&) = delete;
  RunRecord& operator=(const RunRecord&) = delete;
  ~RunRecord();

  void AddWait(std::int64_t nanoseconds) { waits_.Add(nanoseconds); }
  void AddBusy(int slot, std::int64_t nanoseconds) noexcept;
  // `slot`: -1: of a thread that is no worker.
  void NoteEnded(int slot, TaskRecord& task) noexcept;

  // All but the path. Throws std::bad_alloc, also where something could not be recorded.
  void Describe(RunSummary& summary) const;
  // The task that ended last; null: none has.
  RecordPtr last() const;
  // By one thread, while nothing is recorded.
  void Reset();

 private:
  static constexpr int kBlockSlots = 64;
  static constexpr std::size_t kBlocks = 64;
  struct Slot {
    StdPlatform::Atomic<std::int64_t> busy{0};  // written by who holds the slot
    mutable StdPlatform::Lock lock;
    RecordPtr last;  // guarded by lock
  };
  struct Block {
    std::array<Slot, kBlockSlots> slots;
  };

  // Null: there is no memory for it.
  Slot* SlotAt(int slot) noexcept;
  template <class F>
  void ForEachSlot(F visit) const;
  static bool IsLater(const TaskRecord& task, const TaskRecord* than) {
    return than == nullptr ||
           std::pair(task.ended, task.depth) > std::pair(than->ended, than->depth);
  }

  WaitHistogram waits_;
  std::array<StdPlatform::Atomic<Block*>, kBlocks> blocks_{};
  Slot outside_;
  StdPlatform::Atomic<bool> lost_{false};
};

// A run of a graph.
//
// Thread safety: as its parts.
// Cost: 48 bytes a node, and those of a RunRecord.
struct GraphRecord {
  explicit GraphRecord(std::size_t node_count)
      : nodes(std::make_unique<NodeRecord[]>(node_count)), count(node_count) {}
  RunRecord run;  // of the nodes of nested graphs, too
  const std::unique_ptr<NodeRecord[]> nodes;
  const std::size_t count;
};

// A node that is ready, or runs, since a time of events.
struct NodeUnderWay {
  TaskId id;
  std::string name;
  TaskState state = TaskState::kReady;
  std::int64_t since = 0;
};

// Who runs in each slot, and how tasks follow each other. One for a scheduler.
//
// Thread safety: those with a slot by who holds it; the others any thread.
class RunRecorder {
 public:
  // Throws std::bad_alloc.
  explicit RunRecorder(int slots) : slots_(static_cast<std::size_t>(slots)) {}
  RunRecorder(const RunRecorder&) = delete;
  RunRecorder& operator=(const RunRecorder&) = delete;

  // A body begins in the slot, perhaps inside another; it goes on with `outer` later.
  void Begin(RunRecord& run, int slot, std::int64_t at, RunRecord*& outer) noexcept;
  void End(int slot, std::int64_t at, RunRecord* outer) noexcept;
  // The body in the slot is about to block, and has been.
  void Block(int slot, std::int64_t at) noexcept;
  void Unblock(int slot, std::int64_t at) noexcept;

  // Under the lock of the edges of `task`, which has not ended; `dependency` has.
  static void NoteReleased(TaskRecord& task, TaskRecord& dependency) noexcept;
  // `task` is in `run` and ends.
  void NoteEnded(RunRecord& run, TaskRecord& task, TaskState state, int slot,
                 std::int64_t at) noexcept;

  // Throws std::bad_alloc.
  void DescribePath(const RecordPtr& last, RunSummary& summary);

 private:
  // Every so many tasks of a chain there is an anchor; before the last but one the chain is cut.
  static constexpr std::uint32_t kAnchorEvery = RunSummary::kListedLimit;

  struct alignas(64) Slot {
    RunRecord* run = nullptr;  // of the body that runs there, innermost
    std::int64_t since = 0;
  };
  Slot& At(int slot) { return slots_[static_cast<std::size_t>(slot)]; }

  std::vector<Slot> slots_;
  StdPlatform::Lock chain_lock_;  // of the predecessors of tasks that have ended
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RUN_RECORD_H_
