// SPDX-License-Identifier: Apache-2.0

#include "models/threads.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/location.h"

namespace weft::models {
namespace {

// Fruitless rounds of all who poll, after which nothing will come any more.
constexpr int kHopeless = 100;
// Pauses of others after which a thread that could run must.
constexpr int kPatience = 10;

constexpr std::uint32_t Bit(int thread) { return std::uint32_t{1} << thread; }

}  // namespace

void Threads::Run(Chooser& chooser, std::function<void()> body) {
  chooser_ = &chooser;
  count_ = alive_ = 0;
  step_ = 0;
  preemptions_ = 0;
  writes_ = 0;
  now_ = TimePoint() + std::chrono::hours(1);
  deviations_.clear();
  running_ = nullptr;
  several_ = false;
  Start(std::move(body));
  running_ = &At(0);
  home_.SwitchTo(*running_->fiber);
}

int Threads::Start(std::function<void()> body) {
  if (count_ == kMaxThreads) Fail("more threads than a model may have");
  const int id = count_++;
  ++alive_;
  ModelThread& thread = At(id);
  if (thread.fiber == nullptr) {
    thread.id = id;
    thread.threads = this;
    thread.fiber = std::make_unique<Fiber>(&Threads::RunFiber, &thread);
  }
  thread.body = std::move(body);
  several_ = running_ != nullptr;
  thread.clock = running_ == nullptr ? Clock() : running_->clock;
  thread.waiting = Waiting::kNot;
  thread.fresh = true;
  thread.saw_stale = false;
  thread.polled.clear();
  thread.writes_seen = writes_;
  thread.writes_at_timeout = -1;
  thread.idle_pauses = 0;
  thread.starved = 0;
  return id;
}

void Threads::RunFiber(void* argument) {
  ModelThread& thread = *static_cast<ModelThread*>(argument);
  for (;;) {  // one round for each execution
    try {
      thread.body();
      thread.body = nullptr;
    } catch (const std::exception& thrown) {
      thread.threads->Fail(std::string("a thread threw: ") + thrown.what());
    }
    thread.threads->End(thread);
  }
}

void Threads::End(ModelThread& thread) {
  thread.waiting = Waiting::kEnded;
  ++step_;
  --alive_;
  if (alive_ == 0) {
    running_ = nullptr;
    thread.fiber->SwitchTo(home_);
    return;
  }
  if (thread.id == 0) Fail("the model's body ended before its threads: end it with Finally");
  PickNext(/*stay=*/false);
}

void Threads::Fail(std::string what) {
  failed_ = true;
  failure_ = std::move(what);
  running_->fiber->SwitchTo(home_);
  std::abort();
}

void Threads::Join(int thread) {
  running_->joined = thread;
  WaitFor(Waiting::kForThread, nullptr);
  running_->clock.Join(At(thread).clock);
  running_->fresh = true;
}

void Threads::JoinAll() {
  WaitFor(Waiting::kForAllThreads, nullptr);
  for (int id = 0; id < count_; ++id) running_->clock.Join(At(id).clock);
  several_ = false;
  running_->fresh = true;
}

void Threads::Point() {
  if (std::exchange(running_->fresh, false)) return;
  if (preemptions_ >= rules_.bounds.preemptions) return;
  PickNext(/*stay=*/true);
}

void Threads::CountStep() {
  ++running_->clock[running_->id];
  if (++step_ > rules_.step_limit) {
    Fail("livelock: not at its end after " + std::to_string(rules_.step_limit) + " steps");
  }
}

void Threads::WaitFor(Waiting what, Location* location) {
  ModelThread& self = *running_;
  ++step_;
  self.waiting = what;
  self.location = location;
  PickNext(/*stay=*/false);
  self.waiting = Waiting::kNot;
  ++step_;
  if (what != Waiting::kForTokenOrTime || location->set) return;
  self.idle_pauses = self.writes_at_timeout == writes_ ? self.idle_pauses + 1 : 0;
  self.writes_at_timeout = writes_;
}

void Threads::Pause() {
  ModelThread& self = *running_;
  CountStep();
  chooser_->Paused(self.id);
  self.waiting = Waiting::kForChange;
  PickNext(/*stay=*/false);
  self.waiting = Waiting::kNot;
  const bool in_vain = writes_ == self.writes_seen && !self.saw_stale;
  self.idle_pauses = in_vain ? self.idle_pauses + 1 : 0;
  self.writes_seen = writes_;
  self.saw_stale = false;
  self.fresh = true;
}

void Threads::CountWrite() {
  ++writes_;
  ++running_->writes_seen;
  if (running_->writes_at_timeout >= 0) ++running_->writes_at_timeout;
}

int Threads::Choose(ChoiceKind kind, int count) {
  if (count < 2) return 0;
  const int pick = chooser_->Pick(kind, step_, count);
  if (!chooser_->problem().empty()) Fail(std::string(chooser_->problem()));
  if (pick != 0) deviations_.push_back({kind, step_, pick});
  return pick;
}

std::vector<ModelThread*> Threads::WaitersAt(const Location& location) {
  std::vector<ModelThread*> waiters;
  for (int id = 0; id < count_; ++id) {
    ModelThread& thread = At(id);
    if (thread.waiting == Waiting::kForNotify && thread.location == &location && !thread.notified) {
      waiters.push_back(&thread);
    }
  }
  return waiters;
}

bool Threads::MayRun(const ModelThread& thread) const {
  switch (thread.waiting) {
    case Waiting::kNot: return true;
    case Waiting::kForLock: return !thread.location->set;
    case Waiting::kForToken: return thread.location->set;
    case Waiting::kForTokenOrTime:
      return thread.location->set || writes_ != thread.writes_at_timeout;
    case Waiting::kForNotify: return thread.notified;
    case Waiting::kForThread:
      return threads_[static_cast<std::size_t>(thread.joined)].waiting == Waiting::kEnded;
    case Waiting::kForAllThreads: return alive_ == 1;
    case Waiting::kForChange:
      return writes_ != thread.writes_seen || thread.saw_stale ||
             thread.idle_pauses < rules_.idle_pauses;
    case Waiting::kEnded: return false;
  }
  return false;
}

bool Threads::MayRunInVain(const ModelThread& thread) const {
  return (thread.waiting == Waiting::kForChange || thread.waiting == Waiting::kForTokenOrTime) &&
         thread.idle_pauses < kHopeless;
}

std::uint32_t Threads::Runnable() const {
  std::uint32_t runnable = 0;
  for (int id = 0; id < count_; ++id) {
    if (MayRun(threads_[static_cast<std::size_t>(id)])) runnable |= Bit(id);
  }
  if (runnable != 0) return runnable;
  for (int id = 0; id < count_; ++id) {
    if (MayRunInVain(threads_[static_cast<std::size_t>(id)])) runnable |= Bit(id);
  }
  return runnable;
}

// Schedules in which some only poll while one that could help them never runs say
// nothing: every machine is fairer than that.
void Threads::ForgetIfStarving(std::uint32_t& runnable) {
  std::uint32_t starving = 0;
  for (int id = 0; id < count_; ++id) {
    if ((runnable & Bit(id)) == 0 || id == running_->id) continue;
    if (++At(id).starved > kPatience) starving |= Bit(id);
  }
  if (starving != 0) runnable = starving;
}

void Threads::PickNext(bool stay) {
  std::uint32_t runnable = Runnable();
  if (runnable == 0) FailStuck();
  if (running_->waiting == Waiting::kForChange) ForgetIfStarving(runnable);
  std::array<int, kMaxThreads> choices{};
  std::size_t size = 0;
  if (stay) choices[size++] = running_->id;
  for (int i = 1; i < count_; ++i) {
    const int id = (running_->id + i) % count_;
    if ((runnable & Bit(id)) != 0) choices[size++] = id;
  }
  if (!stay && (runnable & Bit(running_->id)) != 0) choices[size++] = running_->id;
  int index = 0;
  if (size > 1) {
    index = chooser_->PickThread(step_, std::span<const int>(choices.data(), size), running_->id);
    if (!chooser_->problem().empty()) Fail(std::string(chooser_->problem()));
  }
  const int next = choices[static_cast<std::size_t>(index)];
  if (index != 0) deviations_.push_back({ChoiceKind::kThread, step_, next});
  if (stay && index != 0) ++preemptions_;
  SwitchTo(At(next));
}

void Threads::SwitchTo(ModelThread& next) {
  next.starved = 0;
  if (&next == running_) return;
  ModelThread& self = *std::exchange(running_, &next);
  self.fiber->SwitchTo(*next.fiber);
}

void Threads::FailStuck() {
  bool polls = false;
  std::string who;
  for (int id = 0; id < count_; ++id) {
    const ModelThread& thread = At(id);
    if (thread.waiting == Waiting::kEnded) continue;
    polls |= MayRunInVain(thread) || thread.waiting == Waiting::kForChange;
    who += "\n  thread " + std::to_string(id) + ' ' + Describe(thread);
  }
  Fail((polls ? "livelock: nobody can change what is polled" : "deadlock or lost wake-up") + who);
}

std::string Describe(const ModelThread& thread) {
  const std::string at = thread.location == nullptr ? "" : NameOf(*thread.location);
  switch (thread.waiting) {
    case Waiting::kNot: return "runs";
    case Waiting::kForLock:
      return "waits for " + at + ", which thread " + std::to_string(thread.location->holder) +
             " holds";
    case Waiting::kForToken:
    case Waiting::kForTokenOrTime: return "is parked at " + at;
    case Waiting::kForNotify: return "waits for a notification of " + at;
    case Waiting::kForThread: return "joins thread " + std::to_string(thread.joined);
    case Waiting::kForAllThreads: return "waits for the others to end";
    case Waiting::kForChange: return "polls";
    case Waiting::kEnded: return "has ended";
  }
  return "";
}

}  // namespace weft::models
