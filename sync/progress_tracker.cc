// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/progress_tracker.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/internal/platform.h"
#include "weft/sync/internal/event_pace.h"
#include "weft/sync/internal/unit_counts.h"

namespace weft {
namespace {

constexpr std::int64_t kNotBegun = std::numeric_limits<std::int64_t>::max();

// Unless it is finished: what is announced next must still find room.
constexpr double kMostUnfinished = 0.999;

// The ground for a guess: less has been done by luck.
constexpr absl::Duration kLeastTime = absl::Seconds(1);
constexpr double kLeastFraction = 0.005;

// A tracker whose listener this thread is in.
struct Inside;
thread_local const Inside* innermost = nullptr;

struct Inside {
  explicit Inside(const ProgressTracker* entered) : tracker(entered), outer(innermost) {
    innermost = this;
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { innermost = outer; }

  static bool Of(const ProgressTracker* tracker) {
    const Inside* at = innermost;
    while (at != nullptr && at->tracker != tracker) at = at->outer;
    return at != nullptr;
  }

  const ProgressTracker* const tracker;
  const Inside* const outer;
};

std::int64_t NotNegative(std::int64_t value) {
  assert(value >= 0);
  return std::max<std::int64_t>(value, 0);
}

std::optional<absl::Duration> GuessRemaining(double fraction, absl::Duration worked) {
  if (fraction < kLeastFraction || worked < kLeastTime) return std::nullopt;
  return worked * ((1 - fraction) / fraction);
}

}  // namespace

struct ProgressTracker::Node {
  Node(ProgressTracker& owner, std::shared_ptr<Node> above, ProgressPartOptions options)
      : tracker(owner),
        parent(std::move(above)),
        label(std::move(options.label)),
        is_unit(options.is_unit),
        unit_cost(NotNegative(options.unit_cost)) {
    events.counts.Announce(NotNegative(options.total), NotNegative(options.cost));
  }

  // What events write lies in one cache line, and nothing else in that.
  struct alignas(64) Events {
    Counts counts;
    internal::EventPace<internal::StdPlatform> pace;
  };
  Events events;

  // Constant after construction.
  ProgressTracker& tracker;
  const std::shared_ptr<Node> parent;  // null: the root
  const std::string label;
  const bool is_unit;
  const std::int64_t unit_cost;

  // Guarded by tracker.mu_.
  bool open = false;
  Node* previous = nullptr;
  Node* next = nullptr;
  double weight = 0;  // of the whole job, as of the latest snapshot
};

ProgressTracker::Part& ProgressTracker::Part::operator=(Part&& other) noexcept {
  if (this != &other) {
    End();
    node_ = std::move(other.node_);
  }
  return *this;
}

void ProgressTracker::Part::Announce(std::int64_t count, std::int64_t cost) {
  AnnounceQuietly(count, cost);
  node_->tracker.Notify();
}

void ProgressTracker::Part::AnnounceQuietly(std::int64_t count, std::int64_t cost) {
  if (node_->parent == nullptr) node_->tracker.NoteBeginning();
  node_->events.counts.Announce(NotNegative(count), NotNegative(cost));
}

void ProgressTracker::Part::Complete(std::int64_t count, std::int64_t cost) {
  node_->tracker.NoteEnded(*node_,
                           node_->events.counts.Complete(NotNegative(count), NotNegative(cost)));
}

void ProgressTracker::Part::Fail(std::int64_t count, std::int64_t cost) {
  node_->tracker.NoteEnded(*node_,
                           node_->events.counts.Fail(NotNegative(count), NotNegative(cost)));
}

void ProgressTracker::Part::Hold() { node_->events.counts.Hold(); }

void ProgressTracker::Part::Release() {
  if (!node_->events.counts.Release()) return;
  node_->tracker.EndPart(*node_);
  node_->tracker.Notify();
}

ProgressTracker::Part ProgressTracker::Part::AddPart(ProgressPartOptions options) {
  ProgressTracker& tracker = node_->tracker;
  auto node = std::make_shared<Node>(tracker, node_, std::move(options));
  tracker.Link(*node);
  tracker.Notify();
  return Part(std::move(node));
}

void ProgressTracker::Part::End() {
  // The root ends with its tracker, which then tells nobody any more.
  if (node_ == nullptr || node_->parent == nullptr || !node_->events.counts.End()) return;
  node_->tracker.EndPart(*node_);
  node_->tracker.Notify();
}

ProgressTracker::ProgressTracker(ProgressOptions options)
    : listener_(std::move(options.listener)),
      clock_(options.clock != nullptr ? *options.clock : SteadyClock()),
      start_(clock_.Now()),
      gate_(absl::ToInt64Nanoseconds(options.interval)),
      soon_(absl::ToInt64Nanoseconds(options.interval) / 16),
      beginning_(options.total > 0 || options.cost > 0 ? absl::ToInt64Nanoseconds(start_)
                                                       : kNotBegun),
      root_(std::make_shared<Node>(
          *this, nullptr,
          ProgressPartOptions{
              .label = std::move(options.label), .total = options.total, .cost = options.cost})) {
  Link(*root_.node_);
}

ProgressTracker::~ProgressTracker() {
  absl::MutexLock lock(&mu_);
  assert(first_ == root_.node_.get() && last_ == first_);
}

void ProgressTracker::Link(Node& node) {
  absl::MutexLock lock(&mu_);
  node.open = true;
  node.previous = last_;
  (last_ == nullptr ? first_ : last_->next) = &node;
  last_ = &node;
}

void ProgressTracker::Unlink(Node& node) {
  node.open = false;
  (node.previous == nullptr ? first_ : node.previous->next) = node.next;
  (node.next == nullptr ? last_ : node.next->previous) = node.previous;
}

// Whoever calls has ended the part. Under one lock, so that no snapshot sees the part gone and
// its unit not ended, or both at once.
void ProgressTracker::EndPart(Node& node) {
  absl::MutexLock lock(&mu_);
  for (Node* part = &node; part->parent != nullptr; part = part->parent.get()) {
    Unlink(*part);
    if (!part->is_unit) return;
    const internal::UnitFigures figures = part->events.counts.Read();
    const bool well = figures.failed == 0 && figures.completed >= figures.total;
    Counts& above = part->parent->events.counts;
    const Counts::Ended ended =
        well ? above.Complete(1, part->unit_cost) : above.Fail(1, part->unit_cost);
    if (!ended.last) return;
  }
}

void ProgressTracker::NoteBeginning() {
  std::int64_t expected = kNotBegun;
  // relaxed, both: a time for a guess. The look first: a growing total comes here often.
  if (beginning_.load(std::memory_order_relaxed) != kNotBegun) return;
  beginning_.compare_exchange_strong(expected, Now(), std::memory_order_relaxed);
}

// Parts come before those below them, and what is not open any more counts with its unit.
double ProgressTracker::Weigh(std::vector<ProgressLevel>& levels) const {
  double done = 0;
  const Node* shown = nullptr;
  for (Node* node = first_; node != nullptr; node = node->next) {
    const Node* const parent = node->parent.get();
    if (parent == nullptr) {
      node->weight = 1;
    } else if (parent->open && node->is_unit) {
      node->weight = parent->weight * parent->events.counts.Read().ShareOfUnit(node->unit_cost);
    } else {
      node->weight = 0;
    }
    const internal::UnitFigures figures = node->events.counts.Read();
    done += node->weight * figures.Done();
    if (parent == shown) {
      shown = node;
      levels.push_back({node->label, figures.completed, figures.failed, figures.total});
    }
  }
  return std::min(done, 1.0);
}

ProgressSnapshot ProgressTracker::Snapshot() const {
  ProgressSnapshot snapshot;
  const absl::Duration now = clock_.Now();
  const std::int64_t beginning = beginning_.load(std::memory_order_relaxed);
  absl::MutexLock lock(&mu_);
  const double done = Weigh(snapshot.levels);
  snapshot.elapsed = now - start_;
  snapshot.finished = finished_;
  if (finished_ && first_->events.counts.Read().AllEnded()) {
    shown_ = 1;
  } else {
    shown_ = std::max(shown_, std::min(done, kMostUnfinished));
  }
  snapshot.fraction = shown_;
  if (!finished_ && beginning != kNotBegun) {
    snapshot.remaining = GuessRemaining(done, now - absl::Nanoseconds(beginning));
  }
  return snapshot;
}

void ProgressTracker::Finish() {
  const Gate::Turn turn = gate_.Last();
  if (turn == Gate::Turn::kLast) {
    Take(turn);
  } else if (!Inside::Of(this)) {
    gate_.AwaitClosed();
  }
}

bool ProgressTracker::InListener() { return innermost != nullptr; }

std::int64_t ProgressTracker::listener_failures() const {
  return listener_failures_.load(std::memory_order_relaxed);
}

void ProgressTracker::NoteEnded(Node& node, Counts::Ended ended) {
  if (ended.last) EndPart(node);
  if (listener_ == nullptr || !node.events.pace.LooksAtClock(ended.count)) return;
  std::int64_t now = 0;
  const Gate::Turn turn = gate_.Enter([&] { return now = Now(); });
  node.events.pace.Looked(ended.count, now, soon_);
  Take(turn);
}

void ProgressTracker::Notify() {
  if (listener_ != nullptr) Take(gate_.Enter([this] { return Now(); }));
}

// After the last turn the tracker may be gone.
void ProgressTracker::Take(Gate::Turn turn) {
  while (turn == Gate::Turn::kUpdate) {
    CallListener();
    turn = gate_.Leave([this] { return Now(); });
  }
  if (turn != Gate::Turn::kLast) return;
  {
    absl::MutexLock lock(&mu_);
    finished_ = true;
  }
  CallListener();
  gate_.Close();
}

void ProgressTracker::CallListener() noexcept {
  if (listener_ == nullptr) return;
  const Inside inside(this);
  try {
    listener_(Snapshot());
  } catch (...) {
    // relaxed: a figure.
    listener_failures_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace weft
