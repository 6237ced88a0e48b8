// SPDX-License-Identifier: Apache-2.0
//
// The threads of a model: one at a time, and the next is a choice.

#ifndef WEFT_TESTS_MODELS_THREADS_H_
#define WEFT_TESTS_MODELS_THREADS_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/chooser.h"
#include "models/clock.h"
#include "models/fiber.h"

namespace weft::models {

struct Location;
class Threads;

enum class Waiting : std::uint8_t {
  kNot,
  kForLock,
  kForToken,
  kForTokenOrTime,
  kForNotify,
  kForThread,      // one that is joined
  kForAllThreads,  // the body, in Finally
  kForChange,      // Pause: until another thread has written something
  kEnded,
};

struct ModelThread {
  int id = 0;
  Threads* threads = nullptr;
  std::unique_ptr<Fiber> fiber;
  std::function<void()> body;
  Clock clock;

  Waiting waiting = Waiting::kEnded;
  Location* location = nullptr;  // what it waits at
  int joined = 0;
  bool notified = false;

  bool fresh = false;             // has done nothing visible since it was picked
  bool saw_stale = false;         // since the last pause
  std::vector<Location*> polled;  // read since the last pause
  std::int64_t writes_seen = 0;   // of all threads and, always, its own
  std::int64_t writes_at_timeout = -1;
  int idle_pauses = 0;  // in a row, in which nobody wrote anything
  int starved = 0;      // pauses of others since it could run and did not
};

// What a model may ask for beyond the bounds.
struct Rules {
  Bounds bounds;
  std::int64_t step_limit = 5000;
  // How often in a row a Pause may end though nobody has written anything.
  int idle_pauses = 0;
};

// Thread safety: one thread of the machine; the fibers take turns.
class Threads {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Threads(const Rules& rules) : rules_(rules) {}
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  // One execution, until every thread has ended or one has failed.
  void Run(Chooser& chooser, std::function<void()> body);
  bool failed() const { return failed_; }
  const std::string& failure() const { return failure_; }
  const std::vector<Deviation>& deviations() const { return deviations_; }
  std::uint32_t step() const { return step_; }

  // The rest is called by the running thread of a model.

  // Ends the execution. Stacks stay as they are: nothing is unwound.
  [[noreturn]] void Fail(std::string what);

  ModelThread& running() { return *running_; }
  // Whether others can be at work beside the caller in this execution, or another.
  bool several() const { return several_; }

  int Start(std::function<void()> body);
  void Join(int thread);
  void JoinAll();

  // Before an operation that others can see: perhaps another thread goes first.
  void Point();
  // The operation happens now.
  void CountStep();
  // Returns when the condition is met, or the time is over for kForTokenOrTime.
  void WaitFor(Waiting what, Location* location);
  void Pause();
  // After a write that changed something: who polls may look again.
  void CountWrite();
  int Choose(ChoiceKind kind, int count);
  // The threads that wait for a notification of `location`.
  std::vector<ModelThread*> WaitersAt(const Location& location);

  int preemptions() const { return preemptions_; }
  TimePoint now() const { return now_; }
  void Advance(TimePoint to) { now_ = std::max(now_, to); }

 private:
  static void RunFiber(void* thread);
  void End(ModelThread& thread);
  ModelThread& At(int id) { return threads_[static_cast<std::size_t>(id)]; }
  bool MayRun(const ModelThread& thread) const;
  bool MayRunInVain(const ModelThread& thread) const;
  std::uint32_t Runnable() const;
  // Switches to a thread that may run; `stay`: the running one comes first.
  void PickNext(bool stay);
  void ForgetIfStarving(std::uint32_t& runnable);
  void SwitchTo(ModelThread& next);
  [[noreturn]] void FailStuck();

  const Rules rules_;
  Fiber home_;
  std::array<ModelThread, kMaxThreads> threads_;
  Chooser* chooser_ = nullptr;
  ModelThread* running_ = nullptr;
  int count_ = 0;
  int alive_ = 0;
  bool several_ = false;
  std::uint32_t step_ = 0;
  int preemptions_ = 0;
  std::int64_t writes_ = 0;
  TimePoint now_;
  std::vector<Deviation> deviations_;
  bool failed_ = false;
  std::string failure_;
};

// What a thread waits for, in words.
std::string Describe(const ModelThread& thread);

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_THREADS_H_
