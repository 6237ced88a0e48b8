// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/group_core.h"

#include <algorithm>
#include <mutex>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/exception_status.h"

namespace weft::internal {

void GroupCore::HandIn(const ScopeNews& news, EngineWorker&) noexcept {
  // relaxed, both: published by the Leave that follows.
  if (news.submitted != 0) submitted_.fetch_add(news.submitted, std::memory_order_relaxed);
  if (news.completed != 0) {
    ended_[static_cast<std::size_t>(TaskState::kCompleted)].fetch_add(news.completed,
                                                                      std::memory_order_relaxed);
  }
  Leave(news.ended);
}

void GroupCore::Leave(std::int64_t tasks) {
  Engine& engine = engine_;
  const auto left = count_.Leave(tasks, [this] { NoteRest(); });
  // From here on the group may be gone: its address is only compared.
  if (left == Count::Left::kAwaitedRest) engine.NotifyGroup(this);
}

void GroupCore::TakeBackSubmitted(const Rest& before, std::int64_t tasks) {
  submitted_.fetch_sub(tasks, std::memory_order_relaxed);
  Engine& engine = engine_;
  const auto left = count_.Leave(tasks, [this, &before] {
    if (!before.at_rest || count_.entries() != before.entries + 1) NoteRest();
  });
  if (left == Count::Left::kAwaitedRest) engine.NotifyGroup(this);
}

void GroupCore::NoteRest() {
  last_rest_.store(absl::ToInt64Nanoseconds(clock_.Now()), std::memory_order_relaxed);
}

void GroupCore::StartClockNow() {
  const std::int64_t now = absl::ToInt64Nanoseconds(clock_.Now());
  std::int64_t expected = kNever;
  if (first_submitted_.compare_exchange_strong(expected, now, std::memory_order_relaxed)) {
    last_rest_.store(now, std::memory_order_relaxed);
  }
}

GroupCore::Figures GroupCore::figures() const {
  Figures figures;
  // Read backwards: what has ended was submitted before.
  for (std::size_t i = 0; i < ended_.size(); ++i) figures.ended[i] = ended_[i].load();
  figures.submitted = submitted_.load();
  figures.degraded = degraded_.load();
  figures.refused = refused_.load();
  if (const std::int64_t first = first_submitted_.load(); first != kNever) {
    const std::int64_t until =
        AtRest() ? last_rest_.load() : absl::ToInt64Nanoseconds(clock_.Now());
    figures.elapsed = absl::Nanoseconds(std::max<std::int64_t>(until - first, 0));
  }
  return figures;
}

absl::Status GroupCore::Refusal(bool finaliser) const {
  if (!closed_.load(std::memory_order_relaxed)) return absl::OkStatus();
  std::lock_guard lock(lock_);
  if (!finaliser && !cancel_reason_.ok()) return cancel_reason_;
  if (!sealed_) return absl::OkStatus();
  return absl::FailedPreconditionError("the group is sealed: it takes no more tasks");
}

bool GroupCore::Seal() {
  std::lock_guard lock(lock_);
  if (sealed_) return false;
  sealed_ = true;
  closed_.store(true, std::memory_order_relaxed);
  return true;
}

bool GroupCore::BeginCancel(const absl::Status& why, bool late) {
  std::lock_guard lock(lock_);
  if (!cancel_reason_.ok()) return false;
  cancel_reason_ = why;
  closed_.store(true, std::memory_order_relaxed);
  late_.store(late, std::memory_order_relaxed);
  // seq_cst: before the look at the tasks. Who submits one looks here afterwards.
  stop_.store(true, std::memory_order_seq_cst);
  return true;
}

absl::Status GroupCore::LateStatus() noexcept {
  return StatusWithText(absl::StatusCode::kDeadlineExceeded,
                        "the deadline of the task's group has passed");
}

absl::Status GroupCore::cancel_reason() const {
  std::lock_guard lock(lock_);
  return cancel_reason_;
}

CancellationToken GroupCore::Token() {
  if (engine_.Forked()) return {};
  std::optional<CancellationSource> cancelled;
  CancellationToken token;
  absl::Status why;
  {
    std::lock_guard lock(lock_);
    if (!source_) {
      source_.emplace();
      if (!cancel_reason_.ok()) cancelled = source_;
    }
    why = cancel_reason_;
    token = source_->token();
  }
  if (cancelled) cancelled->Cancel(why);  // nobody can have asked to be called back
  return token;
}

void GroupCore::CancelToken(const absl::Status& why) {
  std::optional<CancellationSource> source;
  {
    std::lock_guard lock(lock_);
    source = source_;
  }
  if (source) source->Cancel(why);
}

}  // namespace weft::internal
