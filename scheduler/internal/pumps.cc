// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/pumps.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <pthread.h>
#include <utility>

#include "absl/synchronization/mutex.h"

namespace weft::internal {
namespace {

void NameThread(const char* name) {
  thread_local const char* named = nullptr;
  if (std::exchange(named, name) != name) pthread_setname_np(pthread_self(), name);
}

}  // namespace

Pumps::Pumps(int width, WorkerHooks hooks, Duration patience)
    : hooks_(std::move(hooks)), patience_(patience), width_(width) {
  absl::MutexLock lock(&mu_);
  requests_.reserve(static_cast<std::size_t>(width));
}

int Pumps::width() const {
  absl::MutexLock lock(&mu_);
  return width_;
}

void Pumps::SetWidth(int width) {
  absl::MutexLock lock(&mu_);
  width_ = width;
}

std::int64_t Pumps::failed_hooks() const {
  absl::MutexLock lock(&mu_);
  return failed_hooks_;
}

std::int64_t Pumps::late() const {
  absl::MutexLock lock(&mu_);
  return late_;
}

void Pumps::Start(WorkSource* source) {
  absl::MutexLock lock(&mu_);
  source_ = source;
}

void Pumps::Stop() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &Pumps::NoneAdmitted));
  source_ = nullptr;
}

void Pumps::Withdraw() {
  absl::MutexLock lock(&mu_);
  --admitted_;
}

void Pumps::Run(int slot) noexcept {
  WorkSource* source = nullptr;
  bool of_worker = false;
  {
    absl::MutexLock lock(&mu_);
    source = source_;
    of_worker = slot < width_;
  }
  NameThread(of_worker ? "weft-worker" : "weft-spare");
  Call(hooks_.start);
  source->Drain(slot);
  Call(hooks_.stop);
  Withdraw();
}

Pumps::Asked Pumps::Ask(int slot, TimePoint now) {
  absl::MutexLock lock(&mu_);
  if (source_ == nullptr) return Asked::kNo;
  if (slot < width_) requests_.push_back({.slot = slot, .since = now});
  ++admitted_;
  if (slot >= width_) return Asked::kSpare;
  if (patience_ == kNever) return Asked::kYes;
  return std::exchange(watched_, true) ? Asked::kYes : Asked::kToWatch;
}

bool Pumps::TakeBack(int slot) {
  absl::MutexLock lock(&mu_);
  const auto last = std::find_if(requests_.rbegin(), requests_.rend(),
                                 [slot](const Request& each) { return each.slot == slot; });
  if (last == requests_.rend()) return false;
  requests_.erase(std::next(last).base());
  --admitted_;
  return true;
}

void Pumps::RunNext() noexcept {
  int slot = 0;
  {
    absl::MutexLock lock(&mu_);
    if (requests_.empty()) return;
    slot = requests_.front().slot;
    requests_.erase(requests_.begin());
  }
  Run(slot);
}

Pumps::Watch Pumps::WatchOver(TimePoint now) {
  absl::MutexLock lock(&mu_);
  Watch next;
  for (Request& each : requests_) {
    if (each.called) continue;
    const TimePoint late = each.since + patience_;
    if (late <= now) {
      each.called = true;
      ++late_;
      return {.late = true, .until = {}};
    }
    if (!next.until || late < *next.until) next.until = late;
  }
  if (!next.until) watched_ = false;
  return next;
}

void Pumps::NotCalled(TimePoint now) {
  absl::MutexLock lock(&mu_);
  --late_;
  const auto called = std::find_if(requests_.begin(), requests_.end(),
                                   [](const Request& each) { return each.called; });
  if (called == requests_.end()) return;  // it was only late
  called->called = false;
  called->since = now;
}

void Pumps::StopWatching() {
  absl::MutexLock lock(&mu_);
  watched_ = false;
}

void Pumps::Call(const std::function<void()>& hook) noexcept {
  if (hook == nullptr) return;
  try {
    hook();
  } catch (...) {
    absl::MutexLock lock(&mu_);
    ++failed_hooks_;
  }
}

}  // namespace weft::internal
