// SPDX-License-Identifier: Apache-2.0
//
// Runs of a graph, of its own and inside another.

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/internal/counted.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/graph.h"
#include "weft/scheduler/internal/run_loop.h"

namespace weft::internal {

CancellationToken GraphRunTask::Token() {
  std::lock_guard lock(lock_);
  if (!source_) {
    source_.emplace();
    if (cancel_requested()) source_->Cancel(reason_);
  }
  return source_->token();
}

absl::Duration GraphRunTask::TimeLeft() const {
  return std::max(deadline_ - clock_->Now(), absl::ZeroDuration());
}

void GraphRunTask::Rearm(const Clock& clock, absl::Duration deadline) {
  std::lock_guard lock(lock_);
  clock_ = &clock;
  deadline_ = deadline;
  degraded_.store(0, std::memory_order_relaxed);
  source_.reset();  // tokens of an earlier run do not follow this one
  reason_ = absl::OkStatus();
  cancel_requested_.store(false, std::memory_order_relaxed);
}

void GraphRunTask::Cancel(const absl::Status& why) {
  std::optional<CancellationSource> source;
  {
    std::lock_guard lock(lock_);
    reason_ = why;
    cancel_requested_.store(true, std::memory_order_relaxed);
    source = source_;
  }
  if (source) source->Cancel(why);  // runs callbacks: not under the lock
}

void Graph::MarkNodes(bool noted) {
  ForEachNode([noted](GraphNode& node) {
    const std::uint32_t word = node.word.load(std::memory_order_relaxed);
    node.word.store(noted ? word | kNoted : word & ~kNoted, std::memory_order_relaxed);
  });
}

bool Graph::TakeRun() {
  bool running = false;
  return running_.compare_exchange_strong(running, true);
}

void Graph::PrepareRun(int slot) {
  ResetCounts();
  failures_.emplace();
  done_.Reset();
  range_.next = roots_.data();
  range_.end = roots_.data() + roots_.size();
  Expect(static_cast<std::int64_t>(node_count_));
  const bool has_deadline = Outermost().deadline_ != absl::InfiniteDuration();
  const bool noted = host_.teller != nullptr || use_ranks_ || learns_ || has_deadline ||
                     progress_ != nullptr;
  if (noted != special()) MarkNodes(noted);
  SetSpecial(noted, use_ranks_);
  if (recorded_) ResetRecord();
  if (host_.teller != nullptr) TellNodes(slot);
}

absl::Status Graph::Begin(const Clock& clock, const Limits& limits, const RunHost& host) {
  if (!TakeRun()) {
    return StatusWithText(absl::StatusCode::kFailedPrecondition,
                          "the graph is running already: one run at a time, or a graph for each");
  }
  absl::Status ready = Freeze();
  if (ready.ok()) ready = Rank(host);
  if (ready.ok()) {
    ready = OrOutOfMemory([&] {
      MakeRecord(host);
      return absl::OkStatus();
    });
  }
  if (!ready.ok()) {
    running_.store(false);
    return ready;
  }
  cancel_reason_ = absl::OkStatus();
  late_ = false;
  stop_.store(false, std::memory_order_relaxed);
  FollowStopFlag(&stop_);
  nested_in_ = nullptr;
  clock_ = &clock;
  began_ = clock.Now();
  fail_fast_ = limits.fail_fast;
  deadline_ = began_ + limits.timeout;
  run_task_ = &own_run_task_;
  own_run_task_.Rearm(clock, deadline_);
  host_ = host;
  use_ranks_ = has_ranks_;
  progress_ = limits.progress;
  PrepareRun(/*slot=*/-1);
  AnnounceNodes();
  return absl::OkStatus();
}

void Graph::Cancel(const absl::Status& why, bool late) {
  {
    std::lock_guard lock(cancel_lock_);
    if (!cancel_reason_.ok()) return;
    cancel_reason_ =
        why.ok() ? StatusWithText(absl::StatusCode::kCancelled, "the run was cancelled") : why;
    late_ = late;
    stop_.store(true, std::memory_order_relaxed);
  }
  own_run_task_.Cancel(why);
}

RunSummary Graph::End() {
  RunSummary summary;
  {
    std::lock_guard lock(cancel_lock_);
    summary.status = cancel_reason_;
  }
  summary.submitted = static_cast<std::int64_t>(node_count_);
  summary.failed = count(GraphEnd::kFailed);
  summary.cancelled = count(GraphEnd::kCancelled);
  summary.skipped = count(GraphEnd::kSkipped);
  summary.completed = summary.submitted - summary.failed - summary.cancelled - summary.skipped;
  try {
    summary.failures = failures_->kept();
    if (recorded_) Describe(summary);
  } catch (const std::bad_alloc&) {
    if (summary.status.ok()) summary.status = OutOfMemory();
  }
  summary.degraded = own_run_task_.degraded();
  summary.elapsed = clock_->Now() - began_;
  running_.store(false);
  return summary;
}

void Graph::Abandon() noexcept {
  if (host_.teller != nullptr) {
    ForEachNode([this](const GraphNode& node) {
      TellNow(TaskEventKind::kEnded, TaskState::kCancelled, node, /*slot=*/-1);
    });
  }
  // After a fork the tracker's lock may be held for ever.
  const bool counts = progress_ != nullptr && forks_ == ForkCount();
  if (counts) {
    ForEachNode([this](const GraphNode& node) { CountEnded(node, TaskState::kCancelled); });
  }
  running_.store(false);
}

void Graph::Record(GraphNode& node, absl::Status status) noexcept {
  try {
    failures_->Record({.id = {}, .name = NameOf(node), .status = std::move(status)});
  } catch (const std::bad_alloc&) {
    // The count of failures stays exact; there is no memory for one more text.
  }
}

GraphNode* Graph::EndFailed(GraphNode& node, GraphWorker& worker, absl::Status status) noexcept {
  Graph& run = Outermost();
  const bool is_late = stopped() && run.late();
  if (!is_late && absl::IsCancelled(status) && stopped()) {
    return EndOtherwise(node, worker, GraphEnd::kCancelled);
  }
  if (run.fail_fast_ && !stopped()) run.Cancel(FailFastReason(node, status));
  if (is_late && !absl::IsDeadlineExceeded(status)) status = LateStatus();
  Record(node, std::move(status));
  return EndOtherwise(node, worker, GraphEnd::kFailed);
}

GraphNode* Graph::EndUnrun(GraphNode& node, GraphWorker& worker) noexcept {
  // A skipped one is skipped also when the run is late.
  if (IsSkipped(node) || !RecordLate(node)) return GraphCore::EndUnrun(node, worker);
  return EndOtherwise(node, worker, GraphEnd::kFailed);
}

bool Graph::RecordLate(GraphNode& node) noexcept {
  if (!Outermost().late()) return false;
  Record(node, LateStatus());
  return true;
}

absl::Status Graph::FailFastReason(const GraphNode& node, const absl::Status& status) noexcept {
  try {
    return absl::CancelledError("another node of the graph failed: '" + NameOf(node) +
                                "': " + std::string(status.message()));
  } catch (const std::bad_alloc&) {
    return StatusWithText(absl::StatusCode::kCancelled, "another node of the graph failed");
  }
}

bool Graph::late() {
  std::lock_guard lock(cancel_lock_);
  return late_;
}

absl::Status Graph::LateStatus() noexcept {
  return StatusWithText(absl::StatusCode::kDeadlineExceeded,
                        "the deadline of the graph's run has passed");
}

GraphNode* Graph::EndThrown(GraphNode& node, GraphWorker& worker,
                            std::exception_ptr thrown) noexcept {
  return EndFailed(node, worker, StatusOfException(thrown));
}

void Graph::Offer(RunLoop<StdPlatform>& loop) {
  if (ranked()) return loop.BeginRanked(roots_.data(), roots_.data() + roots_.size());
  loop.Offer(range_);
}

bool Graph::TakeBackFrom(RunLoop<StdPlatform>& loop) {
  if (ranked()) return TakeBackRanked(loop);
  return loop.TakeBack(range_, roots_.data());
}

void Graph::OnQuiet(GraphWorker& worker) noexcept {
  if (nested_in_ == nullptr) {
    done_.Set();
  } else {
    EndNestedRun(worker);
  }
}

struct Graph::Nested {
  Graph& graph;
  std::function<bool()> repeat_while;
};

GraphNode& Graph::AddNested(Graph& graph, std::function<bool()> repeat_while) {
  static constexpr GraphNodeOps kOps = {&StepNested, &DestroyNested};
  if (&graph == this) {
    Refuse(absl::StatusCode::kInvalidArgument, "a graph cannot be a node of itself");
  } else if (absl::Status frozen = graph.Freeze(); !frozen.ok()) {
    Refuse(std::move(frozen));
  }
  GraphNode& node = NewNode(kOps);
  if (!IsNode(node)) return node;
  auto* const nested = new (std::nothrow) Nested{graph, std::move(repeat_while)};
  if (nested == nullptr) return DropNewestForMemory();
  node.word.store(kNested, std::memory_order_relaxed);
  ::new (static_cast<void*>(node.payload)) Nested*(nested);
  return node;
}

namespace {

template <class N>
N* NestedIn(GraphNode& node) {
  return *std::launder(reinterpret_cast<N**>(node.payload));
}

}  // namespace

void Graph::DestroyNested(ReadyNode& node) {
  delete NestedIn<Nested>(static_cast<GraphNode&>(node));
}

ReadyNode* Graph::StepNested(ReadyNode& ready, GraphWorker& worker) noexcept {
  auto& node = static_cast<GraphNode&>(ready);
  Graph& outer = Of(node);
  if (!outer.MayRun(node)) return outer.EndUnrun(node, worker);
  Graph& inner = NestedIn<Nested>(node)->graph;
  if (!inner.TakeRun()) {
    return outer.EndFailed(
        node, worker,
        StatusWithText(absl::StatusCode::kFailedPrecondition,
                       "the nested graph is running already: nest a graph of its own"));
  }
  // It was frozen when it became a node, and may have been changed since.
  absl::Status usable = inner.refused_;
  if (usable.ok() && !inner.frozen_) {
    usable = StatusWithText(
        absl::StatusCode::kFailedPrecondition,
        "the nested graph was cleared after it had become a node, and is not frozen");
  }
  if (!usable.ok()) {
    inner.running_.store(false);
    return outer.EndFailed(node, worker, std::move(usable));
  }
  if (outer.recorded_) outer.NoteNestedStart(node);
  inner.nested_in_ = &node;
  inner.FollowStopFlag(outer.stop_flag());
  inner.run_task_ = outer.run_task_;
  inner.BeginNested(outer.host_, worker);
  if (!inner.StartNestedRun(worker)) inner.EndNestedRun(worker);
  return nullptr;
}

// Without ranks, or without a record, where there is no memory for them; without ranks also where
// there is nobody else to choose.
void Graph::BeginNested(const RunHost& host, GraphWorker& worker) noexcept {
  host_ = host;
  progress_ = nullptr;  // the node that this run is counts, as in the summary
  const absl::Status ranked = OrOutOfMemory([&] {
    if (absl::Status made = Rank(host); !made.ok()) return made;
    use_ranks_ = has_ranks_ && !worker.strict() && !worker.apart();
    if (use_ranks_) worker.loop().lanes().Reserve(ranked_counts_);
    return absl::OkStatus();
  });
  if (!ranked.ok()) use_ranks_ = false;
  const absl::Status recorded = OrOutOfMemory([&] {
    MakeRecord(host);
    return absl::OkStatus();
  });
  if (!recorded.ok()) recorded_.reset();
}

// False: the graph is empty, the run has ended.
bool Graph::StartNestedRun(GraphWorker& worker) noexcept {
  PrepareRun(worker.slot());
  if (roots_.empty()) return false;
  if (ranked()) {
    Offer(worker.loop());
  } else if (worker.strict() || worker.apart() ||
             roots_.size() <= RootQueue<StdPlatform>::kMaxChunk) {
    // The last push may end the run elsewhere: nothing of this graph is read after it.
    worker.PushAll(roots_.data(), roots_.data() + roots_.size());
  } else {
    worker.loop().Begin(range_);
  }
  return true;
}

// How the round that has just ended failed; OK: it did not.
absl::Status Graph::NestedFailure() const noexcept {
  const std::int64_t failed = count(GraphEnd::kFailed);
  if (failed == 0) return absl::OkStatus();
  try {
    const std::vector<TaskFailure> failures = failures_->kept();
    if (failures.empty()) {
      return absl::UnknownError(Counted(failed, "node") + " of the nested graph failed");
    }
    return absl::Status(failures.front().status.code(),
                        "in the nested graph, '" + failures.front().name +
                            "': " + std::string(failures.front().status.message()));
  } catch (const std::bad_alloc&) {
    return StatusWithText(absl::StatusCode::kUnknown, "a node of the nested graph failed");
  }
}

void Graph::EndNestedRun(GraphWorker& worker) noexcept {
  GraphNode& node = *nested_in_;
  Graph& outer = Of(node);
  absl::Status failed;
  bool cancelled = false;
  for (;;) {
    failed = NestedFailure();
    cancelled = count(GraphEnd::kCancelled) > 0;
    const auto& repeat_while = NestedIn<Nested>(node)->repeat_while;
    if (!failed.ok() || cancelled || repeat_while == nullptr) break;
    cancelled = stopped();  // nobody knows whether this round was the last
    if (cancelled && Outermost().late()) failed = LateStatus();
    if (cancelled) break;
    try {
      if (!repeat_while()) break;
    } catch (...) {
      failed = StatusOfException(std::current_exception());
      break;
    }
    if (StartNestedRun(worker)) return;
  }
  if (ranked()) worker.loop().lanes().Release(ranked_counts_);
  running_.store(false);  // from here on another run may begin
  GraphNode* const next = !failed.ok() ? outer.EndFailed(node, worker, std::move(failed))
                          : cancelled  ? outer.EndOtherwise(node, worker, GraphEnd::kCancelled)
                                       : outer.EndCompleted(node, worker);
  if (next != nullptr) worker.loop().PutBack(worker, *next);
}

}  // namespace weft::internal
