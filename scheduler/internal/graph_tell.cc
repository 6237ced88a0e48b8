// SPDX-License-Identifier: Apache-2.0
//
// What observers are told of the nodes of a graph.

#include "weft/scheduler/internal/graph.h"

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
  teller_->Tell(event);
}

// All before any can start.
void Graph::TellNodes(int slot) noexcept {
  if (++run_number_ == 0) run_number_ = 1;
  ForEachNode([&](const GraphNode& node) {
    const auto name = names_.find(&node);
    TaskInfo info;
    if (name != names_.end()) info.name = name->second;
    TaskEvent event;
    event.slot = slot;
    event.task = IdOf(node);
    event.info = &info;
    teller_->Tell(event);
  });
  for (const GraphNode* const root : roots_) {
    TellNow(TaskEventKind::kReady, TaskState::kReady, *root, slot);
  }
}

void Graph::TellEnded(GraphNode& node, TaskState state, GraphWorker& worker) noexcept {
  TellNow(TaskEventKind::kEnded, state, node, worker.slot());
}

void Graph::TellReleased(GraphNode& node, GraphNode& successor, GraphWorker& worker) noexcept {
  TellNow(TaskEventKind::kReleased, TaskState::kPending, successor, worker.slot(), &node);
}

void Graph::TellReady(GraphNode& node, GraphNode& successor, GraphWorker& worker) noexcept {
  TellNow(TaskEventKind::kReady, TaskState::kReady, successor, worker.slot(), &node);
}

}  // namespace weft::internal
