// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/tbb_executor.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/const_init.h"
#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/task_arena.h"

namespace weft {

// Which pumps run. Shared by the executor and by each pump, so that the last pump
// may linger in oneTBB after Stop has returned and touch nothing but this.
class TbbExecutor::Pumps {
 public:
  explicit Pumps(int width) : width_(width), free_slots_(static_cast<std::size_t>(width)) {
    std::iota(free_slots_.rbegin(), free_slots_.rend(), 0);
  }

  int width() const { return width_; }

  void Start(WorkSource* source) {
    absl::MutexLock lock(&mu_);
    source_ = source;
  }

  // How many pumps the caller has to start so that `count` more looks are taken.
  int Admit(int count) {
    absl::MutexLock lock(&mu_);
    if (source_ == nullptr || count <= 0) return 0;
    const int starting = std::min(count, width_ - admitted_);
    admitted_ += starting;
    looks_owed_ = std::min(looks_owed_ + count - starting, width_);
    return starting;
  }

  // Pumps that were admitted and could not be started.
  void Withdraw(int count) {
    absl::MutexLock lock(&mu_);
    admitted_ -= count;
  }

  void Run() noexcept {
    auto [source, slot] = Enter();
    do {
      source->Drain(slot);
    } while (!Leave(slot));
  }

  void Stop() {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &Pumps::NoneAdmitted));
    source_ = nullptr;
  }

 private:
  // A pump's first look is its own: no other pump can use it up.
  std::pair<WorkSource*, int> Enter() {
    absl::MutexLock lock(&mu_);
    const int slot = free_slots_.back();
    free_slots_.pop_back();
    return {source_, slot};
  }

  // False: a look is owed, and this pump takes it. A wake-up that comes after a
  // pump has left finds room for another; one that came before has left a look
  // for each pump there is. Both happen under mu_: no wake-up is lost.
  bool Leave(int slot) {
    absl::MutexLock lock(&mu_);
    if (looks_owed_ > 0) {
      --looks_owed_;
      return false;
    }
    --admitted_;
    free_slots_.push_back(slot);
    return true;
  }

  bool NoneAdmitted() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return admitted_ == 0; }

  const int width_;

  absl::Mutex mu_;
  WorkSource* source_ ABSL_GUARDED_BY(mu_) = nullptr;  // not null while a pump is admitted
  int admitted_ ABSL_GUARDED_BY(mu_) = 0;
  int looks_owed_ ABSL_GUARDED_BY(mu_) = 0;  // wake-ups that found every pump admitted
  std::vector<int> free_slots_ ABSL_GUARDED_BY(mu_);
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
};

absl::StatusOr<std::unique_ptr<TbbExecutor>> TbbExecutor::Create(int workers) {
  if (workers < 1 || workers > kMaxWorkers) {
    return absl::InvalidArgumentError("number of workers is " + std::to_string(workers) +
                                      ", expected 1 to " + std::to_string(kMaxWorkers));
  }
  try {
    return std::unique_ptr<TbbExecutor>(new TbbExecutor(workers));
  } catch (const std::exception& error) {
    return absl::ResourceExhaustedError(std::string("cannot set up a pool of ") +
                                        std::to_string(workers) + " workers: " + error.what());
  }
}

TbbExecutor::TbbExecutor(int workers)
    : pumps_(std::make_shared<Pumps>(workers)), threads_(std::make_unique<Threads>(workers)) {}

TbbExecutor::~TbbExecutor() { Stop(); }

int TbbExecutor::width() const { return pumps_->width(); }

void TbbExecutor::Start(WorkSource* source) { pumps_->Start(source); }

void TbbExecutor::Wake(int count) {
  int starting = pumps_->Admit(count);
  try {
    for (; starting > 0; --starting) {
      threads_->arena.enqueue([pumps = pumps_] { pumps->Run(); });
    }
  } catch (...) {
    pumps_->Withdraw(starting);
    throw;
  }
}

void TbbExecutor::Stop() { pumps_->Stop(); }

}  // namespace weft
