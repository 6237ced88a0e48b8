// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/tbb_executor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/const_init.h"
#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/task_arena.h"

#include "weft/core/internal/counted.h"
#include "weft/core/internal/fork_count.h"
#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/late_watch.h"
#include "weft/scheduler/internal/pumps.h"
#include "weft/scheduler/internal/spare_threads.h"

namespace weft {

namespace {

internal::Pumps::Duration ToPatience(absl::Duration patience) {
  return patience == absl::InfiniteDuration() ? internal::Pumps::kNever
                                              : absl::ToChronoNanoseconds(patience);
}

// oneTBB gives no more threads than the machine has cores unless it is told to, and
// where several tell it something the smallest number wins. So all pools of the
// process share one control that grants the sum of what they need.
class ThreadGrant {
 public:
  explicit ThreadGrant(int threads) { Resize(threads); }
  ThreadGrant(const ThreadGrant&) = delete;
  ThreadGrant& operator=(const ThreadGrant&) = delete;
  ~ThreadGrant() { Resize(0); }

  // Throws std::bad_alloc, and has changed nothing then.
  void Resize(int threads) {
    if (threads == threads_) return;
    Change(threads - threads_);
    threads_ = threads;
  }

 private:
  static void Change(int threads) {
    ABSL_CONST_INIT static absl::Mutex mu(absl::kConstInit);
    static int granted = 0;                         // guarded by mu
    static tbb::global_control* control = nullptr;  // guarded by mu; null when 0
    absl::MutexLock lock(&mu);
    std::unique_ptr<tbb::global_control> fresh;
    if (granted + threads > 0) {
      try {
        fresh = std::make_unique<tbb::global_control>(  // one more for the thread that calls
            tbb::global_control::max_allowed_parallelism,
            static_cast<std::size_t>(granted + threads) + 1);
      } catch (const std::bad_alloc&) {
        if (threads > 0) throw;
        fresh.reset(std::exchange(control, nullptr));  // too much is granted until the next
      }
    }
    granted += threads;
    // The old control goes last: at no moment is there none.
    const std::unique_ptr<tbb::global_control> old(std::exchange(control, fresh.release()));
  }

  int threads_ = 0;
};

std::shared_ptr<tbb::task_arena> MakeArena(int width) {
  auto arena = std::make_shared<tbb::task_arena>(width, /*reserved_for_masters=*/0);
  arena->initialize();
  return arena;
}

// In a forked process oneTBB counts on threads that stayed behind: there all threads are
// our own (docs/decisions/0012-forked-children.md).
bool ArenaIsUsable() {
  if (!internal::CountForks()) throw std::bad_alloc();
  return internal::ForkCount() == 0;
}

// False also when there is no memory or no thread: the caller hears of it.
template <class F>
bool Started(F start) noexcept {
  try {
    return start();
  } catch (const std::exception&) {
    return false;
  }
}

absl::Status CheckWidth(int workers) {
  if (workers >= 1 && workers <= TbbExecutor::kMaxWorkers) return absl::OkStatus();
  return absl::InvalidArgumentError("number of workers is " + std::to_string(workers) +
                                    ", expected 1 to " + std::to_string(TbbExecutor::kMaxWorkers));
}

absl::Status CannotSetUp(int workers, const std::exception& error) {
  return internal::OrOutOfMemory([&] {
    return absl::ResourceExhaustedError("cannot set up a pool of " +
                                        internal::Counted(workers, "worker") + ": " + error.what());
  });
}

}  // namespace

struct TbbExecutor::Threads {
  Threads(int width, std::shared_ptr<internal::Pumps> pumps) : watch(std::move(pumps), spare) {
    if (!ArenaIsUsable()) return;
    grant.emplace(width);
    absl::MutexLock lock(&mu);
    current_arena = MakeArena(width);
  }

  // Null: all threads are our own.
  std::shared_ptr<tbb::task_arena> arena() const ABSL_LOCKS_EXCLUDED(mu) {
    absl::MutexLock lock(&mu);
    return current_arena;
  }

  std::optional<ThreadGrant> grant;
  mutable absl::Mutex mu;
  std::shared_ptr<tbb::task_arena> current_arena ABSL_GUARDED_BY(mu);
  internal::SpareThreads spare;
  internal::LateWatch watch;
};

absl::StatusOr<std::unique_ptr<TbbExecutor>> TbbExecutor::Create(int workers, WorkerHooks hooks,
                                                                 absl::Duration patience) {
  if (absl::Status valid = CheckWidth(workers); !valid.ok()) return valid;
  if (patience <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("the patience with oneTBB is " +
                                      absl::FormatDuration(patience) + ", expected more than 0");
  }
  try {
    return std::unique_ptr<TbbExecutor>(new TbbExecutor(workers, std::move(hooks), patience));
  } catch (const std::exception& error) {
    return CannotSetUp(workers, error);
  }
}

TbbExecutor::TbbExecutor(int workers, WorkerHooks hooks, absl::Duration patience)
    : pumps_(std::make_shared<internal::Pumps>(workers, std::move(hooks), ToPatience(patience))),
      threads_(std::make_unique<Threads>(workers, pumps_)) {}

TbbExecutor::~TbbExecutor() { Stop(); }

int TbbExecutor::width() const { return pumps_->width(); }

// An arena has as many places as it was made with. Pumps go on in the one that they are in;
// what is still in the queue of the old one comes when it comes, and serves whatever is
// asked for then.
absl::Status TbbExecutor::Resize(int width) {
  if (absl::Status valid = CheckWidth(width); !valid.ok()) return valid;
  if (width == pumps_->width()) return absl::OkStatus();
  try {
    // oneTBB complains of an arena with more places than there may be threads.
    if (!threads_->grant) {
      pumps_->SetWidth(width);
      return absl::OkStatus();
    }
    const ThreadGrant more(std::max(0, width - pumps_->width()));
    std::shared_ptr<tbb::task_arena> arena = MakeArena(width);
    threads_->grant->Resize(width);
    pumps_->SetWidth(width);
    absl::MutexLock lock(&threads_->mu);
    threads_->current_arena.swap(arena);
  } catch (const std::exception& error) {
    return CannotSetUp(width, error);
  }
  return absl::OkStatus();
}

void TbbExecutor::Start(WorkSource* source) { pumps_->Start(source); }

// A slot has one pump at a time: so the arena has a thread for each of the first ones, or
// will have one as soon as the slot's last pump has returned. Higher slots are for those
// who stand in for blocked ones, of which oneTBB knows nothing.
bool TbbExecutor::StartPump(int slot) noexcept {
  using Asked = internal::Pumps::Asked;
  Asked asked = Asked::kNo;
  const bool known = Started([&] {
    asked = pumps_->Ask(slot, internal::StdPlatform::Now());
    return asked != Asked::kNo;
  });
  if (!known) return false;
  if (asked == Asked::kSpare) {
    if (Started(
            [&] { return threads_->spare.Run([pumps = pumps_, slot] { pumps->Run(slot); }); })) {
      return true;
    }
    pumps_->Withdraw();
    return false;
  }
  if (asked == Asked::kToWatch) threads_->watch.Wake();
  const auto next = [pumps = pumps_] { pumps->RunNext(); };
  const bool enqueued = Started([&] {
    const std::shared_ptr<tbb::task_arena> arena = threads_->arena();
    if (arena == nullptr) return false;
    arena->enqueue(next);
    return true;
  });
  if (enqueued || Started([&] { return threads_->spare.Run(next); })) return true;
  return !pumps_->TakeBack(slot);
}

void TbbExecutor::Stop() { pumps_->Stop(); }

std::int64_t TbbExecutor::failed_hooks() const { return pumps_->failed_hooks(); }

std::int64_t TbbExecutor::late_pumps() const { return pumps_->late(); }

}  // namespace weft
