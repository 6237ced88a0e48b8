// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/run_record.h"

#include <algorithm>
#include <mutex>
#include <new>

#include "absl/time/time.h"

namespace weft::internal {

RecordPtr::RecordPtr(TaskRecord* record) : record_(record) {
  // relaxed: the caller has a reference.
  if (record_ != nullptr) record_->references.fetch_add(1, std::memory_order_relaxed);
}

void RecordPtr::Drop() noexcept {
  TaskRecord* record = record_;
  // acq_rel: what was done with each reference comes before the deletion.
  while (record != nullptr && record->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    TaskRecord* const next = std::exchange(record->predecessor.record_, nullptr);
    delete record;
    record = next;
  }
}

RunRecord::RunRecord() { blocks_.front().store(new Block, std::memory_order_relaxed); }

RunRecord::~RunRecord() {
  for (auto& block : blocks_) delete block.load(std::memory_order_relaxed);
}

RunRecord::Slot* RunRecord::SlotAt(int slot) noexcept {
  if (slot < 0) return &outside_;
  const auto index = static_cast<std::size_t>(slot / kBlockSlots);
  if (index >= kBlocks) return nullptr;
  // acquire: pairs with who has made it.
  Block* block = blocks_[index].load(std::memory_order_acquire);
  if (block == nullptr) [[unlikely]] {
    auto* const made = new (std::nothrow) Block;
    if (made == nullptr) return nullptr;
    if (blocks_[index].compare_exchange_strong(block, made, std::memory_order_acq_rel,
                                               std::memory_order_acquire)) {
      block = made;
    } else {
      delete made;
    }
  }
  return &block->slots[static_cast<std::size_t>(slot % kBlockSlots)];
}

void RunRecord::AddBusy(int slot, std::int64_t nanoseconds) noexcept {
  if (nanoseconds <= 0) return;
  Slot* const at = SlotAt(slot);
  // relaxed, both: published by the end of the task.
  if (at == nullptr) return lost_.store(true, std::memory_order_relaxed);
  at->busy.store(at->busy.load(std::memory_order_relaxed) + nanoseconds, std::memory_order_relaxed);
}

void RunRecord::NoteEnded(int slot, TaskRecord& task) noexcept {
  Slot* at = SlotAt(slot);
  if (at == nullptr) at = &outside_;
  RecordPtr before;  // goes after the lock
  std::lock_guard lock(at->lock);
  if (!IsLater(task, at->last.get())) return;
  before = std::exchange(at->last, RecordPtr(&task));
}

template <class F>
void RunRecord::ForEachSlot(F visit) const {
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const Block* const block = blocks_[i].load(std::memory_order_acquire);
    if (block == nullptr) continue;
    for (std::size_t k = 0; k < kBlockSlots; ++k) visit(block->slots[k], i * kBlockSlots + k);
  }
}

void RunRecord::Describe(RunSummary& summary) const {
  ForEachSlot([&summary](const Slot& slot, std::size_t number) {
    const std::int64_t busy = slot.busy.load(std::memory_order_relaxed);
    if (busy == 0) return;
    summary.busy.resize(number + 1);
    summary.busy[number] = absl::Nanoseconds(busy);
  });
  summary.queue_waits = waits_.Read();
  if (lost_.load(std::memory_order_relaxed)) throw std::bad_alloc();
}

RecordPtr RunRecord::last() const {
  RecordPtr last;
  const auto look = [&last](const Slot& slot, std::size_t) {
    std::lock_guard lock(slot.lock);
    if (slot.last && IsLater(*slot.last, last.get())) last = slot.last;
  };
  look(outside_, 0);
  ForEachSlot(look);
  return last;
}

void RunRecord::Reset() {
  ForEachSlot([](const Slot& slot, std::size_t) {
    const_cast<Slot&>(slot).busy.store(0, std::memory_order_relaxed);
  });
  waits_.Reset();
  lost_.store(false, std::memory_order_relaxed);
}

void RunRecorder::Begin(RunRecord& run, int slot, std::int64_t at, RunRecord*& outer) noexcept {
  Slot& here = At(slot);
  if (here.run != nullptr) here.run->AddBusy(slot, at - here.since);
  outer = std::exchange(here.run, &run);
  here.since = at;
}

void RunRecorder::End(int slot, std::int64_t at, RunRecord* outer) noexcept {
  Slot& here = At(slot);
  if (here.run != nullptr) here.run->AddBusy(slot, at - here.since);
  here.run = outer;
  here.since = at;
}

void RunRecorder::Block(int slot, std::int64_t at) noexcept {
  const Slot& here = At(slot);
  if (here.run != nullptr) here.run->AddBusy(slot, at - here.since);
}

void RunRecorder::Unblock(int slot, std::int64_t at) noexcept { At(slot).since = at; }

void RunRecorder::NoteReleased(TaskRecord& task, TaskRecord& dependency) noexcept {
  if (task.predecessor && task.predecessor->ended > dependency.ended) return;
  task.predecessor = RecordPtr(&dependency);
}

void RunRecorder::NoteEnded(RunRecord& run, TaskRecord& task, TaskState state, int slot,
                            std::int64_t at) noexcept {
  task.state = state;
  task.ended = at;
  task.path_took = task.took();
  task.depth = 1;
  if (const TaskRecord* const before = task.predecessor.get()) {
    task.depth += before->depth;
    task.path_took += before->path_took;
    task.anchor = before->anchor;
  }
  if (task.depth % kAnchorEvery == 0) {
    RecordPtr cut;  // goes after the lock
    if (TaskRecord* const anchor = std::exchange(task.anchor, &task)) {
      std::lock_guard lock(chain_lock_);
      cut = std::move(anchor->predecessor);
    }
  }
  run.NoteEnded(slot, task);
}

void RunRecorder::DescribePath(const RecordPtr& last, RunSummary& summary) {
  if (!last) return;
  std::vector<RecordPtr> path;  // backwards
  path.reserve(RunSummary::kListedLimit);
  {
    std::lock_guard lock(chain_lock_);
    for (const RecordPtr* at = &last; *at && path.size() < RunSummary::kListedLimit;
         at = &(*at)->predecessor) {
      path.push_back(*at);
    }
  }
  summary.critical_path.reserve(path.size());
  for (auto at = path.rbegin(); at != path.rend(); ++at) {
    const TaskRecord& task = **at;
    summary.critical_path.push_back({.task = task.id,
                                     .name = task.name,
                                     .state = task.state,
                                     .waited = absl::Nanoseconds(task.waited),
                                     .took = absl::Nanoseconds(task.took())});
  }
  summary.critical_path_tasks = last->depth;
  summary.critical_path_took = absl::Nanoseconds(last->path_took);
}

}  // namespace weft::internal
