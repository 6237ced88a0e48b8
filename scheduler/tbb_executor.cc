// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/tbb_executor.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <pthread.h>
#include <string>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/const_init.h"
#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/task_arena.h"

#include "weft/scheduler/internal/spare_threads.h"

namespace weft {

// How many pumps there are. Shared by the executor and by each pump, so that the last
// pump may linger in oneTBB after Stop has returned and touch nothing but this.
class TbbExecutor::Pumps {
 public:
  Pumps(int width, WorkerHooks hooks) : width_(width), hooks_(std::move(hooks)) {}

  int width() const { return width_; }
  std::int64_t failed_hooks() const {
    absl::MutexLock lock(&mu_);
    return failed_hooks_;
  }

  void Start(WorkSource* source) {
    absl::MutexLock lock(&mu_);
    source_ = source;
  }

  // Whether a pump may start; followed by Run or Withdraw, then.
  bool Admit() {
    absl::MutexLock lock(&mu_);
    if (source_ == nullptr) return false;
    ++admitted_;
    return true;
  }
  void Withdraw() {
    absl::MutexLock lock(&mu_);
    --admitted_;
  }

  // A slot has one pump at a time: so the arena has a thread for each of the first ones,
  // or will have one as soon as the slot's last pump has returned. Higher slots are for
  // those who stand in for blocked ones.
  bool InArena(int slot) const { return slot < width_; }

  void Run(int slot) noexcept {
    WorkSource* source = nullptr;
    {
      absl::MutexLock lock(&mu_);
      source = source_;
    }
    NameThread(InArena(slot) ? "weft-worker" : "weft-spare");
    Call(hooks_.start);
    source->Drain(slot);
    Call(hooks_.stop);
    Withdraw();
  }

  void Stop() {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &Pumps::NoneAdmitted));
    source_ = nullptr;
  }

 private:
  static void NameThread(const char* name) {
    thread_local const char* named = nullptr;
    if (std::exchange(named, name) != name) pthread_setname_np(pthread_self(), name);
  }
  void Call(const std::function<void()>& hook) noexcept {
    if (hook == nullptr) return;
    try {
      hook();
    } catch (...) {
      absl::MutexLock lock(&mu_);
      ++failed_hooks_;
    }
  }

  bool NoneAdmitted() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return admitted_ == 0; }

  const int width_;
  const WorkerHooks hooks_;
  mutable absl::Mutex mu_;
  std::int64_t failed_hooks_ ABSL_GUARDED_BY(mu_) = 0;
  WorkSource* source_ ABSL_GUARDED_BY(mu_) = nullptr;  // not null while a pump is admitted
  int admitted_ ABSL_GUARDED_BY(mu_) = 0;
};

namespace {

// oneTBB gives no more threads than the machine has cores unless it is told to, and
// where several tell it something the smallest number wins. So all pools of the
// process share one control that grants the sum of what they need.
class ThreadGrant {
 public:
  explicit ThreadGrant(int threads) : threads_(threads) { Change(threads); }
  ThreadGrant(const ThreadGrant&) = delete;
  ThreadGrant& operator=(const ThreadGrant&) = delete;
  ~ThreadGrant() { Change(-threads_); }

 private:
  static void Change(int threads) {
    ABSL_CONST_INIT static absl::Mutex mu(absl::kConstInit);
    static int granted = 0;                         // guarded by mu
    static tbb::global_control* control = nullptr;  // guarded by mu; null when 0
    absl::MutexLock lock(&mu);
    std::unique_ptr<tbb::global_control> fresh;
    if (granted + threads > 0) {
      fresh = std::make_unique<tbb::global_control>(  // one more for the thread that calls
          tbb::global_control::max_allowed_parallelism,
          static_cast<std::size_t>(granted + threads) + 1);
    }
    granted += threads;
    // The old control goes last: at no moment is there none.
    const std::unique_ptr<tbb::global_control> old(std::exchange(control, fresh.release()));
  }

  const int threads_;
};

}  // namespace

struct TbbExecutor::Threads {
  explicit Threads(int width) : grant(width), arena(width, /*reserved_for_masters=*/0) {
    arena.initialize();
  }

  ThreadGrant grant;
  tbb::task_arena arena;
  internal::SpareThreads spare;
};

absl::StatusOr<std::unique_ptr<TbbExecutor>> TbbExecutor::Create(int workers, WorkerHooks hooks) {
  if (workers < 1 || workers > kMaxWorkers) {
    return absl::InvalidArgumentError("number of workers is " + std::to_string(workers) +
                                      ", expected 1 to " + std::to_string(kMaxWorkers));
  }
  try {
    return std::unique_ptr<TbbExecutor>(new TbbExecutor(workers, std::move(hooks)));
  } catch (const std::exception& error) {
    return absl::ResourceExhaustedError(std::string("cannot set up a pool of ") +
                                        std::to_string(workers) + " workers: " + error.what());
  }
}

TbbExecutor::TbbExecutor(int workers, WorkerHooks hooks)
    : pumps_(std::make_shared<Pumps>(workers, std::move(hooks))),
      threads_(std::make_unique<Threads>(workers)) {}

TbbExecutor::~TbbExecutor() { Stop(); }

int TbbExecutor::width() const { return pumps_->width(); }

void TbbExecutor::Start(WorkSource* source) { pumps_->Start(source); }

bool TbbExecutor::StartPump(int slot) noexcept {
  if (!pumps_->Admit()) return false;
  try {
    const auto pump = [pumps = pumps_, slot] { pumps->Run(slot); };
    if (pumps_->InArena(slot)) {
      threads_->arena.enqueue(pump);
      return true;
    }
    if (threads_->spare.Run(pump)) return true;
  } catch (const std::exception&) {  // no memory or no thread: the caller hears of it
  }
  pumps_->Withdraw();
  return false;
}

void TbbExecutor::Stop() { pumps_->Stop(); }

std::int64_t TbbExecutor::failed_hooks() const { return pumps_->failed_hooks(); }

}  // namespace weft
