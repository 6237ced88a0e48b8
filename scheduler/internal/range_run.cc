// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/range_run.h"

#include <algorithm>
#include <atomic>

#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::internal {
namespace {

// So that the last chunks are small against what one worker does in all.
constexpr std::size_t kChunksPerWorker = 4;

}  // namespace

absl::Status RangeRun::Run(TaskGroup& group) {
  return OrOutOfMemory([&] { return RunChains(group); });
}

absl::Status RangeRun::RunChains(TaskGroup& group) {
  if (count_ == 0) return absl::OkStatus();
  const auto workers = static_cast<std::size_t>(group.scheduler().worker_count());
  divisor_ = kChunksPerWorker * workers;
  min_chunk_ = std::max(min_chunk_, static_cast<std::size_t>(group.scheduler().min_task_size()));
  max_chunk_ = std::max(max_chunk_, min_chunk_);
  TaskGroup chains(group.scheduler(), {.cancellation = group.token()});
  const std::size_t most = (count_ + min_chunk_ - 1) / min_chunk_;
  for (std::size_t i = 0; i < std::min(workers, most); ++i) Follow(chains);
  const RunSummary summary = chains.Wait();
  if (first_unstarted() == count_) return absl::OkStatus();
  if (!summary.status.ok()) return summary.status;
  return summary.failures.empty() ? OutOfMemory() : summary.failures.front().status;
}

std::size_t RangeRun::first_unstarted() const { return std::min(next_.load(), count_); }

RangeRun::Chunk RangeRun::Take() {
  // relaxed, all: only uniqueness matters; results are read after the group's end.
  std::size_t begin = next_.load(std::memory_order_relaxed);
  for (;;) {
    if (begin >= count_) return {count_, count_};
    const std::size_t left = count_ - begin;
    const std::size_t size = std::min(left, std::clamp(left / divisor_, min_chunk_, max_chunk_));
    if (next_.compare_exchange_weak(begin, begin + size, std::memory_order_relaxed)) {
      return {begin, begin + size};
    }
  }
}

// Where no task can be had for the next chunk, this one takes it, too.
bool RangeRun::Follow(TaskGroup& chains) {
  auto body = [this, &chains](TaskContext& context) {
    for (bool more = true; more;) {
      if (context.cancelled()) return;
      const Chunk chunk = Take();
      if (chunk.begin == chunk.end) return context.ForgetCost();
      run_chunk_(context, chunk.begin, chunk.end);
      more = chunk.end < count_ && !Follow(chains);
    }
  };
  const Task<> next = kind_.empty() ? chains.Submit(body) : chains.Submit({.kind = kind_}, body);
  return next.state() != TaskState::kFailed || next.result().attempts > 0;
}

}  // namespace weft::internal
