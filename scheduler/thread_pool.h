// SPDX-License-Identifier: Apache-2.0
//
// Threads of our own, for functions that block.

#ifndef WEFT_SCHEDULER_THREAD_POOL_H_
#define WEFT_SCHEDULER_THREAD_POOL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/parallel_processing_config.h"
#include "weft/core/task_definition.h"
#include "weft/distribution/ready_order.h"
#include "weft/scheduler/internal/pool_item.h"
#include "weft/scheduler/shutdown_mode.h"
#include "weft/scheduler/task_executor.h"

namespace weft {

// Thread safety: handed over whole.
struct ThreadPoolOptions {
  enum class WhenFull {
    kBlock,   // Submit waits until there is room; on a thread of the pool, as kRefuse
    kRefuse,  // it is ResourceExhausted
  };

  // So many functions run at once; 1 to ThreadPool::kMaxThreads.
  int threads = 1;
  // Called on each thread when it begins and when it ends.
  WorkerHooks hooks = {};
  // So many submitted functions wait at most; at least 1.
  std::int64_t max_queued = 1'000'000;
  WhenFull when_full = WhenFull::kBlock;
  // What the destructor does about functions that have not begun.
  ShutdownMode on_destroy = ShutdownMode::kCancel;
};

// Where functions that block wait for something other than a processor, as many at once as are
// asked for and no more. What is submitted waits in a TaskQueue: strict between the lanes of
// priorities, first come first served inside; an endless stream of urgent functions keeps others
// from running.
//
// The first thread is made at once, others when there is something for them; idle ones sleep, as
// many as the width, until they are needed or the pool shuts down. Where the machine gives no
// more threads, functions wait for those that there are, and failed_starts() tells.
//
// It is an executor, too. Pumps of its scheduler and functions that are submitted have each the
// width for themselves, so that neither waits for the other's places: a pump, also one that stands
// in for a blocked body, has a thread of its own at once. Twice as many idle threads stay then.
//
// Threads are called weft-pool. A function that ends its thread (pthread_exit) ends the process.
//
// Thread safety: every method from any thread, also from inside a function; the destructor by the
// owner alone, not from inside one. Start and Stop as TaskExecutor.
// Cost: a lock for each function, and about 10 us where a thread has to be woken, 30 us where one
// has to be made.
//
// In a forked child of the process none of its threads is there: calls are FailedPrecondition, or
// false, and the destructor returns. A pool that the child makes works.
class ThreadPool final : public TaskExecutor {
 public:
  static constexpr int kMaxThreads = ParallelProcessingConfig::kMaxWorkers;

  // InvalidArgument for a number out of its range; ResourceExhausted when the machine gives no
  // thread or no memory. One thread is enough to begin.
  static absl::StatusOr<std::unique_ptr<ThreadPool>> Create(ThreadPoolOptions options);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  // Shuts down as ThreadPoolOptions::on_destroy says, and returns once the functions under way
  // have. Aborts on a thread of the pool, which would wait for itself.
  ~ThreadPool() override;

  // Runs `function`, any callable without parameters that returns void or absl::Status, once.
  // What it throws, what it returns if that is not OK, and what its destructor throws is a
  // failure: failures(). `priority` as in TaskOptions. Errors, after which it does not run:
  //   FailedPrecondition: the pool was shut down
  //   ResourceExhausted: max_queued wait, and when_full says so; or there is no memory
  //   InvalidArgument: it is null
  //   Unknown: it could not be copied or moved here, for that threw
  template <class F>
  absl::Status Submit(F&& function, int priority = 0);

  // For who brings memory along, in which what is to be done is noted: it is called once, in its
  // turn among the functions. Neither refused nor delayed where many wait. False: the pool was
  // shut down, and does not touch it.
  using Item = internal::PoolItem;
  bool Enqueue(Item& item, Lane lane = Lane::kNormal) noexcept;

  // Changes how many functions run at once: more begin before this returns, if they wait; where
  // there are too many, threads end after the function that each is at.
  //   InvalidArgument: not 1 to kMaxThreads
  //   FailedPrecondition: the pool was shut down
  //   ResourceExhausted: a thread that was needed could not be had; the number is as it was
  absl::Status Resize(int threads) override;

  // Takes no more functions, and blocks until all have run, or with kCancel have been destroyed
  // without, and every thread has ended. OK, also for a later or a concurrent call, when that is
  // done; of several the most impatient mode counts.
  //   FailedPrecondition: on a thread of the pool; or a scheduler works on it
  absl::Status Shutdown(ShutdownMode mode = ShutdownMode::kDrain);

  // How many functions run at once at most.
  int width() const override;
  // What there is at the moment.
  int thread_count() const;
  std::size_t queued_count() const;
  // How many functions have failed, and the texts of the first 1,000.
  std::int64_t failed_count() const;
  std::vector<absl::Status> failures() const;
  // How many were destroyed by a Shutdown before they began.
  std::int64_t cancelled_count() const;
  // How often a thread could not be had.
  std::int64_t failed_starts() const;

  int max_width() const override { return kMaxThreads; }
  bool drains_in_wait() const override { return false; }
  void Start(WorkSource* source) override;
  bool StartPump(int slot) noexcept override;
  void Stop() override;
  std::int64_t failed_hooks() const override;

 private:
  struct Threads;

  // A submitted function.
  class Job : public Item {
   public:
    Job();
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    virtual ~Job() noexcept(false) = default;
    virtual absl::Status Run() = 0;

    Threads* threads = nullptr;
  };
  template <class F>
  class JobOf;

  explicit ThreadPool(ThreadPoolOptions&& options);
  bool Forked() const;
  // OK: Submit may make a Job.
  absl::Status MaySubmit(bool has_function) const;
  // Takes what `make` makes.
  absl::Status Take(absl::FunctionRef<Job*()> make, int priority);

  std::unique_ptr<Threads> threads_;
};

// Thread safety: one thread at a time, as the pool hands it on.
template <class F>
class ThreadPool::JobOf final : public Job {
  using Result = std::invoke_result_t<F&>;
  static_assert(std::is_void_v<Result> || std::is_convertible_v<Result, absl::Status>,
                "a function of a pool returns void or absl::Status: nobody gets its value");

 public:
  template <class G>
  explicit JobOf(G&& function) : function_(std::forward<G>(function)) {}

  absl::Status Run() override {
    if constexpr (std::is_void_v<Result>) {
      std::invoke(function_);
      return absl::OkStatus();
    } else {
      return std::invoke(function_);
    }
  }

 private:
  F function_;
};

template <class F>
absl::Status ThreadPool::Submit(F&& function, int priority) {
  using Stored = std::decay_t<F>;
  bool has_function = true;
  if constexpr (internal::HasNull<Stored>) has_function = !(function == nullptr);
  if (absl::Status refused = MaySubmit(has_function); !refused.ok()) return refused;
  return Take([&]() -> Job* { return new JobOf<Stored>(std::forward<F>(function)); }, priority);
}

}  // namespace weft

#endif  // WEFT_SCHEDULER_THREAD_POOL_H_
