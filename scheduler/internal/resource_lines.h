// SPDX-License-Identifier: Apache-2.0
//
// Who is given resources, and who waits: the rules, without a lock (resource_ledger.h has it).
//
// A queued waiter is granted when all that it needs is there, and nobody older waits for any of
// the same; so a big need holds back younger ones that want what it wants, and no others. But who
// needs what a body holds that is blocked in a wait is stuck: it cannot be granted before that
// wait ends. The stuck hold nobody back, or what the wait is for might stand behind them.
//
// Each resource has a line, in order of arrival, and a waiter stands in the lines of all that it
// needs: it is the oldest to want them when it is the first of each line. So a release looks at the
// heads of the lines that it touched, and at no more of those that wait.
//
// Memory is a resource whose limit moves and is not kept to at all costs. What needs some of it, or
// starts while the gate is closed, is counted; while none of the counted runs, but in a wait, the
// oldest that lacks only memory goes on, whatever the figures. Others go on while the gate is open,
// as far as there is memory for what they say that they need.

#ifndef WEFT_SCHEDULER_INTERNAL_RESOURCE_LINES_H_
#define WEFT_SCHEDULER_INTERNAL_RESOURCE_LINES_H_

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "weft/scheduler/internal/resource_claim.h"
#include "weft/scheduler/internal/resource_waiter.h"
#include "weft/scheduler/resource_figures.h"

namespace weft::internal {

// Thread safety: the ledger's lock guards it.
// Cost: O(lines) for each waiter that is granted or looked at; where bodies that hold resources are
// blocked, those that are stuck on them are passed over one by one. No allocation but the first.
class ResourceLines {
 public:
  // `units` of the named resources, each at least 1. Memory is without a limit.
  explicit ResourceLines(std::span<const std::int64_t> units)
      : lines_(ResourceClaim::kFirstNamed + units.size()) {
    for (Line& line : lines_) line.limit = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < units.size(); ++i) {
      lines_[ResourceClaim::kFirstNamed + i].limit = units[i];
    }
    marked_.reserve(lines_.size());
  }

  // True: granted. False: it is queued, if it `may_wait`.
  bool Acquire(ResourceWaiter& waiter, bool may_wait) {
    assert(waiter.state_ == State::kNone);
    waiter.ticket_ = tickets_++;
    if (Fits(waiter) && NobodyIsBefore(waiter)) {
      Grant(waiter);
      return true;
    }
    if (!may_wait) return false;
    waiter.state_ = State::kQueued;
    ++queued_;
    for (Link& link : waiter.links_) Append(LineOf(link), link);
    return false;
  }
  GrantedWaiters Release(ResourceWaiter& waiter) {
    if (waiter.state_ == State::kBlocked) Unblock(waiter);
    assert(waiter.state_ == State::kGranted);
    waiter.state_ = State::kNone;
    for (const Link& link : waiter.links_) {
      LineOf(link).in_use -= link.share.units;
      Mark(LineOf(link));
    }
    if (std::exchange(waiter.counts_, false) && --running_ == 0) MarkAll();
    return Settle();
  }
  // Nothing where it is not queued.
  std::pair<bool, GrantedWaiters> Withdraw(ResourceWaiter& waiter) {
    if (waiter.state_ != State::kQueued) return {false, GrantedWaiters()};
    waiter.state_ = State::kNone;
    Unlink(waiter);
    return {true, Settle()};
  }

  // The body that has been granted this is blocked in a wait, and is not any more. Nothing where
  // it has nothing.
  GrantedWaiters Block(ResourceWaiter& waiter) {
    if (waiter.state_ != State::kGranted) return {};
    waiter.state_ = State::kBlocked;
    ++blocked_;
    AddToBlocked(waiter, 1);
    MarkAll();
    return Settle();
  }
  void Unblock(ResourceWaiter& waiter) {
    if (waiter.state_ != State::kBlocked) return;
    waiter.state_ = State::kGranted;
    --blocked_;
    AddToBlocked(waiter, -1);
  }
  bool AnyBlocked() const { return blocked_ > 0; }
  bool IsBlocked(const ResourceWaiter& waiter) const { return waiter.state_ == State::kBlocked; }
  // It cannot be granted before a body that is blocked in a wait gives something back.
  bool IsStuck(const ResourceWaiter& waiter) const {
    return std::any_of(waiter.links_.begin(), waiter.links_.end(), [&](const Link& link) {
      const Line& line = LineOf(link);
      return !IsMemory(link) && link.share.units > line.limit - line.in_blocked;
    });
  }
  // Some more than once.
  template <class F>
  void ForEachQueued(F visit) const {
    for (const Line& line : lines_) {
      for (const Link* link = line.first; link != nullptr; link = link->next) visit(*link->waiter);
    }
  }

  // How much may be promised, and whether the gate is closed.
  GrantedWaiters SetMemory(std::int64_t budget_bytes, bool closed) {
    lines_[ResourceClaim::kMemory].limit = budget_bytes;
    closed_ = closed;
    MarkAll();
    return Settle();
  }

  bool closed() const { return closed_; }
  std::int64_t queued() const { return queued_; }
  ResourceFigures FiguresOf(std::size_t resource) const {
    const Line& line = lines_[resource];
    return {.limit = line.limit, .in_use = line.in_use, .peak = line.peak, .waiting = line.waiting};
  }

 private:
  using Link = ResourceWaiter::Link;
  using State = ResourceWaiter::State;
  struct Line {
    std::int64_t limit = 0;
    std::int64_t in_use = 0;
    std::int64_t peak = 0;
    std::int64_t in_blocked = 0;  // of in_use, what blocked bodies hold
    std::int64_t waiting = 0;
    Link* first = nullptr;
    Link* last = nullptr;
    Link* candidate = nullptr;  // while it is marked: the first that is not stuck
    bool marked = false;
  };

  Line& LineOf(const Link& link) { return lines_[link.share.resource]; }
  const Line& LineOf(const Link& link) const { return lines_[link.share.resource]; }
  static bool IsMemory(const Link& link) { return link.share.resource == ResourceClaim::kMemory; }

  bool Fits(const ResourceWaiter& waiter) const {
    const bool in_any_case = !waiter.minds_memory_ || running_ == 0;
    if (closed_ && !in_any_case) return false;
    return std::all_of(waiter.links_.begin(), waiter.links_.end(), [&](const Link& link) {
      const Line& line = LineOf(link);
      return (in_any_case && IsMemory(link)) || link.share.units <= line.limit - line.in_use;
    });
  }
  // The oldest in the line that is not stuck.
  Link* FirstOf(const Line& line) const {
    Link* link = line.first;
    if (blocked_ == 0) return link;
    while (link != nullptr && IsStuck(*link->waiter)) link = link->next;
    return link;
  }
  bool NobodyIsBefore(const ResourceWaiter& waiter) const {
    return std::all_of(waiter.links_.begin(), waiter.links_.end(), [&](const Link& link) {
      const Link* const first = FirstOf(LineOf(link));
      return first == nullptr || first == &link;
    });
  }

  void Grant(ResourceWaiter& waiter) {
    waiter.state_ = State::kGranted;
    bool has_memory = false;
    for (const Link& link : waiter.links_) {
      Line& line = LineOf(link);
      line.in_use += link.share.units;
      line.peak = std::max(line.peak, line.in_use);
      has_memory = has_memory || IsMemory(link);
    }
    // What needs no memory is counted only while the gate is closed: else a big need could wait
    // for ever for a moment at which none runs.
    waiter.counts_ = waiter.minds_memory_ && (has_memory || closed_);
    running_ += waiter.counts_ ? 1 : 0;
  }
  void AddToBlocked(const ResourceWaiter& waiter, int times) {
    for (const Link& link : waiter.links_) LineOf(link).in_blocked += times * link.share.units;
    running_ -= waiter.counts_ ? times : 0;
  }

  static void Append(Line& line, Link& link) {
    link.next = nullptr;
    link.previous = line.last;
    (line.last == nullptr ? line.first : line.last->next) = &link;
    line.last = &link;
    ++line.waiting;
  }
  void Unlink(ResourceWaiter& waiter) {
    --queued_;
    for (Link& link : waiter.links_) {
      Line& line = LineOf(link);
      (link.previous == nullptr ? line.first : link.previous->next) = link.next;
      (link.next == nullptr ? line.last : link.next->previous) = link.previous;
      --line.waiting;
    }
    for (const Link& link : waiter.links_) Mark(LineOf(link));
  }

  // Its first is to be looked at.
  void Mark(Line& line) {
    line.candidate = FirstOf(line);
    if (line.candidate == nullptr || std::exchange(line.marked, true)) return;
    marked_.push_back(&line);
  }
  void MarkAll() {
    for (Line& line : lines_) Mark(line);
  }
  // The oldest of the candidates; null: none is left.
  ResourceWaiter* TakeCandidate() {
    while (!marked_.empty()) {
      const auto oldest = std::min_element(marked_.begin(), marked_.end(), [](Line* a, Line* b) {
        return TicketOf(*a) < TicketOf(*b);
      });
      Line& line = **oldest;
      *oldest = marked_.back();
      marked_.pop_back();
      line.marked = false;
      if (line.candidate != nullptr) return line.candidate->waiter;
    }
    return nullptr;
  }
  static std::uint64_t TicketOf(const Line& line) {
    return line.candidate == nullptr ? 0 : line.candidate->waiter->ticket_;
  }
  // Grants in order of arrival: who becomes a candidate is younger than whom it was behind, and who
  // has once been refused could be granted only by something older.
  GrantedWaiters Settle() {
    GrantedWaiters granted;
    while (ResourceWaiter* const waiter = TakeCandidate()) {
      if (waiter->state_ != State::kQueued || !Fits(*waiter) || !NobodyIsBefore(*waiter)) continue;
      Unlink(*waiter);
      Grant(*waiter);
      granted.Append(*waiter);
    }
    return granted;
  }

  std::vector<Line> lines_;    // [resource]
  std::vector<Line*> marked_;  // each line at most once
  std::int64_t blocked_ = 0;   // holders
  std::uint64_t tickets_ = 0;
  std::int64_t queued_ = 0;
  std::int64_t running_ = 0;  // of the counted, that are not blocked
  bool closed_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RESOURCE_LINES_H_
