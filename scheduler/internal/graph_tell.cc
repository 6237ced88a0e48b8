// SPDX-License-Identifier: Apache-2.0
//
// What observers are told of the nodes of a graph, what is learned of their costs, and where they
// count.

#include <cstdint>

#include "absl/time/time.h"

#include "weft/scheduler/internal/graph.h"
#include "weft/scheduler/internal/group_progress.h"
#include "weft/scheduler/internal/simulated_workers.h"

namespace weft::internal {

void Graph::TellNow(TaskEventKind kind, TaskState state, const GraphNode& node, int slot,
                    const GraphNode* other) noexcept {
  TaskEvent event;
  event.kind = kind;
  event.state = state;
  event.slot = slot;
  event.attempt = kind == TaskEventKind::kStarted ? 1 : 0;
  event.task = IdOf(node);
  if (other != nullptr) event.other = IdOf(*other);
  const std::int64_t at = host_.teller->Tell(event);
  if (recorded_) NoteEvent(kind, state, node, slot, other, at);
}

// All before any can start.
void Graph::TellNodes(int slot) noexcept {
  if (++run_number_ == 0) run_number_ = 1;
  ForEachNode([&](const GraphNode& node) {
    TaskInfo info;
    info.name = NameIn(node);
    if (const auto options = options_.find(&node); options != options_.end()) {
      info.kind = kinds_[options->second.kind];
      info.priority = options->second.priority;
    }
    TaskEvent event;
    event.slot = slot;
    event.task = IdOf(node);
    event.info = &info;
    host_.teller->Tell(event);
  });
  for (const GraphNode* const root : roots_) {
    TellNow(TaskEventKind::kReady, TaskState::kReady, *root, slot);
  }
}

void Graph::NoteStart(const GraphNode& node, GraphWorker& worker) noexcept {
  if (host_.teller != nullptr) {
    TellNow(TaskEventKind::kStarted, TaskState::kRunning, node, worker.slot());
  }
  if (!learns_) return;
  const absl::Duration now = host_.simulated != nullptr ? host_.simulated->begin() : clock_->Now();
  worker.SetBegan(absl::ToInt64Nanoseconds(now));
}

void Graph::AnnounceNodes() {
  if (progress_ == nullptr || node_count_ == 0) return;
  std::int64_t cost = 0;
  for (const auto& [node, microseconds] : costs_) cost += UnitCost(microseconds);
  progress_->Announce(static_cast<std::int64_t>(node_count_), cost);
}

// What a condition did not choose, and what depends on that, is done with: nothing is missing.
void Graph::CountEnded(const GraphNode& node, TaskState state) noexcept {
  if (progress_ == nullptr) return;
  const bool well =
      state == TaskState::kCompleted || (state == TaskState::kSkipped && !SkippedByFailure(node));
  const std::int64_t cost = UnitCost(CostOf(node).value_or(0));
  well ? progress_->Complete(1, cost) : progress_->Fail(1, cost);
}

void Graph::NoteEnd(GraphNode& node, TaskState state, GraphWorker& worker) noexcept {
  CountEnded(node, state);
  if (host_.teller != nullptr) TellNow(TaskEventKind::kEnded, state, node, worker.slot());
  if (!learns_ || state != TaskState::kCompleted) return;
  const std::uint32_t word = node.word.load(std::memory_order_relaxed);
  const auto options = options_.find(&node);
  if (options == options_.end() || (word & kNested) != 0) return;
  const std::int64_t now = absl::ToInt64Nanoseconds(clock_->Now());
  host_.costs->Observe(kind_ids_[options->second.kind],
                       static_cast<double>(now - worker.began()) / 1000);
}

void Graph::NoteReleased(GraphNode& node, GraphNode& successor, GraphWorker& worker) noexcept {
  if (host_.teller == nullptr) return;
  TellNow(TaskEventKind::kReleased, TaskState::kPending, successor, worker.slot(), &node);
}

void Graph::NoteReady(GraphNode& node, GraphNode& successor, GraphWorker& worker) noexcept {
  if (host_.teller == nullptr) return;
  TellNow(TaskEventKind::kReady, TaskState::kReady, successor, worker.slot(), &node);
}

}  // namespace weft::internal
