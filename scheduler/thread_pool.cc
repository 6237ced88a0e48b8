// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/thread_pool.h"

#include <atomic>
#include <cassert>
#include <cstdlib>
#include <cxxabi.h>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <pthread.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/blocking_scope.h"
#include "weft/core/internal/fork_count.h"
#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/pool_core.h"
#include "weft/sync/failure_log.h"

namespace weft {

namespace {

using internal::StatusWithText;
using Core = internal::PoolCore<internal::StdPlatform, std::thread>;
using Host = internal::PoolHost<internal::StdPlatform, std::thread>;

// The pool that the calling thread belongs to.
constinit thread_local const void* current_pool = nullptr;

// OK, or why not: what `call` returns, or throws.
template <class F>
absl::Status Guarded(F call) noexcept {
  try {
    return call();
  } catch (const abi::__forced_unwind&) {
    std::cerr << "weft: a function of a ThreadPool has ended its thread, which is the pool's\n";
    std::abort();
  } catch (...) {
    return internal::StatusOfException(std::current_exception());
  }
}

absl::Status FailedPrecondition(const char* why) noexcept {
  return StatusWithText(absl::StatusCode::kFailedPrecondition, why);
}

absl::Status ForkedError() noexcept {
  return FailedPrecondition(
      "this process was forked from the one that made the pool, whose threads are not here: "
      "create a new pool in the child");
}

absl::Status ShutDownError() noexcept { return FailedPrecondition("the pool was shut down"); }

absl::Status CheckThreads(int threads) {
  if (threads >= 1 && threads <= ThreadPool::kMaxThreads) return absl::OkStatus();
  return absl::InvalidArgumentError("number of threads is " + std::to_string(threads) +
                                    ", expected 1 to " + std::to_string(ThreadPool::kMaxThreads));
}

absl::Status Check(const ThreadPoolOptions& options) {
  if (options.max_queued < 1) {
    return absl::InvalidArgumentError("max_queued is " + std::to_string(options.max_queued) +
                                      ", expected at least 1");
  }
  return CheckThreads(options.threads);
}

}  // namespace

// What the threads use: it stays until the last has ended.
struct ThreadPool::Threads final : Host {
  explicit Threads(ThreadPoolOptions&& options)
      : hooks(std::move(options.hooks)),
        when_full(options.when_full),
        on_destroy(options.on_destroy),
        core(options.threads, static_cast<std::size_t>(options.max_queued), *this) {}

  bool Start(Host::Worker& worker) noexcept override {
    try {
      worker.thread = std::thread([this, &worker] { Live(worker); });
      return true;
    } catch (const std::exception&) {  // counted by the core
      return false;
    }
  }
  void Join(Host::Worker& worker) noexcept override { worker.thread.join(); }
  void RunPump(int slot) noexcept override { source->Drain(slot); }

  void Live(Host::Worker& worker) noexcept {
    pthread_setname_np(pthread_self(), "weft-pool");
    current_pool = this;
    Call(hooks.start);
    core.Work(worker);
    Call(hooks.stop);
    core.Leave(worker);
  }
  void Call(const std::function<void()>& hook) noexcept {
    if (hook == nullptr) return;
    const absl::Status called = Guarded([&] {
      hook();
      return absl::OkStatus();
    });
    if (!called.ok()) ++failed_hooks;
  }

  static void CallJob(internal::PoolItem& item, bool run) noexcept {
    Job& job = static_cast<Job&>(item);
    Threads& self = *job.threads;
    absl::Status ended;
    if (run) {
      ended = Guarded([&] { return job.Run(); });
    } else {
      ++self.cancelled;
    }
    self.Destroy(job, std::move(ended));
  }
  // `ended`: how it has; what its destructor throws counts where that is OK.
  void Destroy(Job& job, absl::Status ended) noexcept {
    absl::Status destroyed = Guarded([&] {
      delete &job;
      return absl::OkStatus();
    });
    if (ended.ok()) ended = std::move(destroyed);
    if (ended.ok()) return;
    try {
      failures.Record({.id = {}, .name = {}, .status = std::move(ended)});
    } catch (const std::bad_alloc&) {  // counted, and not kept
    }
  }

  bool OnThreadOfPool() const { return current_pool == this; }

  const WorkerHooks hooks;
  const ThreadPoolOptions::WhenFull when_full;
  const ShutdownMode on_destroy;
  const std::uint32_t forks = internal::ForkCount();
  WorkSource* source = nullptr;     // written before the first pump
  std::atomic<bool> serves{false};  // a scheduler, which has not stopped it
  std::atomic<std::int64_t> failed_hooks{0};
  std::atomic<std::int64_t> cancelled{0};
  FailureLog failures;
  Core core;
};

ThreadPool::Job::Job() { call = &Threads::CallJob; }

absl::StatusOr<std::unique_ptr<ThreadPool>> ThreadPool::Create(ThreadPoolOptions options) {
  using Created = absl::StatusOr<std::unique_ptr<ThreadPool>>;
  return internal::OrOutOfMemory([&]() -> Created {
    if (absl::Status valid = Check(options); !valid.ok()) return valid;
    const absl::Status no_memory = internal::OutOfMemory();  // made while there is some
    if (!internal::CountForks()) return no_memory;
    std::unique_ptr<ThreadPool> pool(new ThreadPool(std::move(options)));
    if (pool->threads_->core.Open()) return pool;
    pool->threads_.reset();
    return absl::ResourceExhaustedError("cannot make the first thread of a pool");
  });
}

ThreadPool::ThreadPool(ThreadPoolOptions&& options)
    : threads_(std::make_unique<Threads>(std::move(options))) {}

ThreadPool::~ThreadPool() {
  if (threads_ == nullptr) return;
  if (Forked()) {
    static_cast<void>(threads_.release());  // threads that are not here use it, as far as we know
    return;
  }
  Stop();
  const absl::Status ended = Shutdown(threads_->on_destroy);
  if (ended.ok()) return;
  std::cerr << "weft: ~ThreadPool(): " << ended.message() << "\n";
  std::abort();  // going on would free what the thread uses
}

bool ThreadPool::Forked() const { return internal::ForkCount() != threads_->forks; }

absl::Status ThreadPool::MaySubmit(bool has_function) const {
  if (Forked()) return ForkedError();
  if (has_function) return absl::OkStatus();
  return StatusWithText(absl::StatusCode::kInvalidArgument, "the function is null");
}

absl::Status ThreadPool::Take(absl::FunctionRef<Job*()> make, int priority) {
  using WhenFull = Core::WhenFull;
  Threads& threads = *threads_;
  Job* job = nullptr;
  absl::Status made = Guarded([&] {
    return internal::OrOutOfMemory([&] {
      job = make();
      return absl::OkStatus();
    });
  });
  if (!made.ok()) return made;
  job->threads = &threads;
  const Lane lane = LaneOf(priority);
  const bool waits =
      threads.when_full == ThreadPoolOptions::WhenFull::kBlock && !threads.OnThreadOfPool();
  Core::Taken taken = threads.core.Enqueue(*job, lane, WhenFull::kRefuse);
  if (taken == Core::Taken::kFull && waits) {
    const BlockingScope blocking;  // the caller may be a scheduler's worker
    taken = threads.core.Enqueue(*job, lane, WhenFull::kWait);
  }
  if (taken == Core::Taken::kYes) return absl::OkStatus();
  threads.Destroy(*job, absl::OkStatus());
  if (taken == Core::Taken::kShutDown) return ShutDownError();
  return StatusWithText(absl::StatusCode::kResourceExhausted,
                        "as many functions wait as the pool's max_queued allows");
}

bool ThreadPool::Enqueue(Item& item, Lane lane) noexcept {
  return !Forked() &&
         threads_->core.Enqueue(item, lane, Core::WhenFull::kTake) == Core::Taken::kYes;
}

absl::Status ThreadPool::Resize(int threads) {
  return internal::OrOutOfMemory([&]() -> absl::Status {
    if (Forked()) return ForkedError();
    if (absl::Status valid = CheckThreads(threads); !valid.ok()) return valid;
    switch (threads_->core.Resize(threads)) {
      case Core::Resized::kYes: return absl::OkStatus();
      case Core::Resized::kShutDown: return ShutDownError();
      case Core::Resized::kNoThread: break;
    }
    return absl::ResourceExhaustedError("cannot make the threads for a width of " +
                                        std::to_string(threads));
  });
}

absl::Status ThreadPool::Shutdown(ShutdownMode mode) {
  if (Forked()) return ForkedError();
  if (threads_->OnThreadOfPool()) {
    return FailedPrecondition(
        "a function cannot shut down the pool that runs it: it would wait for itself");
  }
  if (threads_->serves.load()) {
    return FailedPrecondition("a scheduler works on the pool: shut that down first");
  }
  const BlockingScope blocking;
  threads_->core.Shutdown(mode == ShutdownMode::kCancel);
  return absl::OkStatus();
}

int ThreadPool::width() const { return threads_->core.width(); }

int ThreadPool::thread_count() const { return Forked() ? 0 : threads_->core.figures().threads; }

std::size_t ThreadPool::queued_count() const {
  return Forked() ? 0 : threads_->core.figures().queued;
}

std::int64_t ThreadPool::failed_count() const { return Forked() ? 0 : threads_->failures.count(); }

std::vector<absl::Status> ThreadPool::failures() const {
  std::vector<absl::Status> failures;
  if (Forked()) return failures;
  for (TaskFailure& failure : threads_->failures.kept()) {
    failures.push_back(std::move(failure.status));
  }
  return failures;
}

std::int64_t ThreadPool::cancelled_count() const { return threads_->cancelled.load(); }

std::int64_t ThreadPool::failed_starts() const {
  return Forked() ? 0 : threads_->core.figures().failed_starts;
}

std::int64_t ThreadPool::failed_hooks() const { return threads_->failed_hooks.load(); }

void ThreadPool::Start(WorkSource* source) {
  assert(!threads_->serves.load());
  threads_->source = source;
  threads_->serves.store(true);
  threads_->core.AllowPumps();
}

bool ThreadPool::StartPump(int slot) noexcept {
  return !Forked() && threads_->core.StartPump(slot);
}

void ThreadPool::Stop() {
  if (Forked()) return;
  threads_->core.StopPumps();
  threads_->serves.store(false);
}

}  // namespace weft
