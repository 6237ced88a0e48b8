// SPDX-License-Identifier: Apache-2.0
//
// What is recorded of the runs of a graph.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>

#include "absl/time/time.h"

#include "weft/scheduler/internal/graph.h"
#include "weft/scheduler/internal/simulated_workers.h"

namespace weft::internal {
namespace {

constexpr std::int64_t kNever = TaskRecord::kNever;

std::int64_t TimeIn(const StdPlatform::Atomic<std::int64_t>& time) {
  return time.load(std::memory_order_relaxed);
}

// How long it was ready, and how long it took.
absl::Duration WaitOf(const NodeRecord& node) {
  if (TimeIn(node.began) == kNever) return absl::ZeroDuration();
  return absl::Nanoseconds(std::max<std::int64_t>(TimeIn(node.began) - TimeIn(node.ready), 0));
}
absl::Duration TookOf(const NodeRecord& node) {
  if (TimeIn(node.began) == kNever) return absl::ZeroDuration();
  return absl::Nanoseconds(TimeIn(node.ended) - TimeIn(node.began));
}

}  // namespace

void Graph::MakeRecord(const RunHost& host) {
  if (host.recorder == nullptr) return recorded_.reset();
  if (recorded_ == nullptr || recorded_->count != node_count_) {
    recorded_ = std::make_unique<GraphRecord>(node_count_);
  }
}

// Null: nothing is recorded of it.
NodeRecord* Graph::RecordOf(const GraphNode& node) const {
  return recorded_ == nullptr ? nullptr : &recorded_->nodes[OrdinalOf(node)];
}

void Graph::ResetRecord() {
  recorded_->run.Reset();
  for (std::size_t i = 0; i < recorded_->count; ++i) recorded_->nodes[i].Reset();
}

void Graph::NoteEvent(TaskEventKind kind, TaskState state, const GraphNode& node, int slot,
                      const GraphNode* other, std::int64_t at) noexcept {
  NodeRecord& record = *RecordOf(node);
  const Graph& outermost = Outermost();
  if (outermost.recorded_ == nullptr) return;
  RunRecord& run = outermost.recorded_->run;
  const bool nested = (node.word.load(std::memory_order_relaxed) & kNested) != 0;
  switch (kind) {
    case TaskEventKind::kReady:
      record.ready.store(at, std::memory_order_relaxed);
      if (other == nullptr) return;
      record.predecessor = static_cast<std::uint32_t>(OrdinalOf(*other));
      record.depth = recorded_->nodes[record.predecessor].depth + 1;
      return;
    case TaskEventKind::kStarted:
      if (host_.simulated != nullptr && &host_.simulated->clock() == outermost.clock_) {
        at = host_.teller->At(host_.simulated->begin());
      }
      record.began.store(at, std::memory_order_relaxed);
      run.AddWait(at - TimeIn(record.ready));
      if (!nested) host_.recorder->Begin(run, slot, at, record.outer);
      return;
    case TaskEventKind::kEnded:
      if (!nested && TimeIn(record.began) != kNever) host_.recorder->End(slot, at, record.outer);
      record.state = state;
      return record.ended.store(at, std::memory_order_relaxed);
    default: return;
  }
}

// Observers do not hear of it.
void Graph::NoteNestedStart(const GraphNode& node) noexcept {
  NoteEvent(TaskEventKind::kStarted, TaskState::kRunning, node, /*slot=*/-1, nullptr,
            host_.teller->Now());
}

// The last of the longest where several ended together.
void Graph::Describe(RunSummary& summary) {
  recorded_->run.Describe(summary);
  if (recorded_->count == 0) return;
  const NodeRecord* const nodes = recorded_->nodes.get();
  const auto order = [](const NodeRecord& node) {
    return std::tuple(TimeIn(node.ended), node.depth);
  };
  const NodeRecord* const last = std::max_element(
      nodes, nodes + recorded_->count,
      [&](const NodeRecord& a, const NodeRecord& b) { return order(a) < order(b); });
  summary.critical_path_tasks = last->depth;
  const std::size_t listed = std::min<std::size_t>(last->depth, RunSummary::kListedLimit);
  summary.critical_path.resize(listed);
  std::size_t left = listed;
  for (auto at = static_cast<std::size_t>(last - nodes);; at = nodes[at].predecessor) {
    const NodeRecord& record = nodes[at];
    summary.critical_path_took += TookOf(record);
    if (left > 0) {
      const GraphNode& node = NodeAt(at);
      summary.critical_path[--left] = {.task = IdOf(node),
                                       .name = std::string(NameIn(node)),
                                       .state = record.state,
                                       .waited = WaitOf(record),
                                       .took = TookOf(record)};
    }
    if (record.depth == 1) return;
  }
}

void Graph::AddUnderWay(UnderWay& under_way, std::size_t most) const {
  for (std::size_t i = 0; recorded_ != nullptr && i < recorded_->count; ++i) {
    const NodeRecord& record = recorded_->nodes[i];
    const std::int64_t ready = TimeIn(record.ready);
    const std::int64_t began = TimeIn(record.began);
    if (ready == kNever || TimeIn(record.ended) != kNever) continue;
    ++(began == kNever ? under_way.ready : under_way.running);
    if (under_way.nodes.size() >= most) continue;
    const GraphNode& node = NodeAt(i);
    under_way.nodes.push_back({.id = IdOf(node),
                               .name = std::string(NameIn(node)),
                               .state = began == kNever ? TaskState::kReady : TaskState::kRunning,
                               .since = began == kNever ? ready : began});
  }
}

}  // namespace weft::internal
