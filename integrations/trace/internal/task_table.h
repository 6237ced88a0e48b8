// SPDX-License-Identifier: Apache-2.0
//
// What the writer keeps of a task from its first record to its last.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_TASK_TABLE_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_TASK_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "weft/distribution/ready_order.h"

namespace weft::internal {

// Thread safety: a plain value.
struct LiveTask {
  enum class Phase : std::uint8_t {
    kPending,
    kReady,
    kRunning,
    kParked,
    kCut,  // it ran when records were lost: nobody knows what became of it since
  };

  std::int64_t since_ns = 0;   // in this phase, or released for the last time
  std::uint32_t name = 1;      // as interned in the trace: EventName
  std::uint32_t arrows = 0;    // to it; see TaskTable
  std::uint32_t awaited = 0;   // records that are known and not drawn yet: see Cut
  std::uint16_t category = 0;  // of its kind, as interned; 0: none
  std::uint16_t stream = 0;    // where it runs
  Phase phase = Phase::kPending;
  Lane lane = Lane::kNormal;
  bool ready_known = false;    // for the first time
  bool ready_awaited = false;  // that is among `awaited`
};

// Up to so many tasks that have not ended, and four times as many arrows that lead to them. What
// finds no room is left out of the trace.
//
// Thread safety: one thread at a time.
// Memory: at most 150 bytes for each task of the limit (while it grows), and 64 for its arrows; in
// fact for the most that there ever were at once.
class TaskTable {
 public:
  explicit TaskTable(std::size_t most_tasks)
      : most_tasks_(most_tasks), most_arrows_(4 * most_tasks) {}

  // Null: unknown. Valid until the next FindOrAdd.
  LiveTask* Find(std::uint64_t id) {
    // Several records of a task come one after the other.
    if (last_ != nullptr && last_id_ == id) return last_;
    const auto found = tasks_.find(id);
    return found == tasks_.end() ? nullptr : Remember(id, found->second);
  }
  // Null: there is no room.
  LiveTask* FindOrAdd(std::uint64_t id);
  // With its arrows.
  void Erase(std::uint64_t id);

  // False: there is no room.
  bool AddArrow(LiveTask& task, std::uint64_t arrow);
  // Moves them to the end of `arrows`.
  void TakeArrows(LiveTask& task, std::vector<std::uint64_t>& arrows);

  std::size_t size() const { return tasks_.size(); }

 private:
  // Of a list through cells that are numbered from 1.
  struct Cell {
    std::uint64_t arrow;
    std::uint32_t next;
  };
  LiveTask* Remember(std::uint64_t id, LiveTask& task) {
    last_id_ = id;
    return last_ = &task;
  }
  Cell& At(std::uint32_t cell) { return cells_[cell - 1]; }
  void Free(LiveTask& task);

  const std::size_t most_tasks_;
  const std::size_t most_arrows_;
  absl::flat_hash_map<std::uint64_t, LiveTask> tasks_;
  // What was found last; null after a change of the map, which moves tasks.
  std::uint64_t last_id_ = 0;
  LiveTask* last_ = nullptr;
  std::deque<Cell> cells_;
  std::uint32_t free_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_TASK_TABLE_H_
