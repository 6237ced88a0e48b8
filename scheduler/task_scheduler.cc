// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/task_scheduler.h"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/clock.h"
#include "weft/core/virtual_clock.h"
#include "weft/distribution/topology.h"
#include "weft/scheduler/inline_executor.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/tbb_executor.h"
#include "weft/scheduler/thread_pool.h"

namespace weft {
namespace {

absl::StatusOr<std::unique_ptr<TaskExecutor>> MakeExecutor(const ParallelProcessingConfig& config,
                                                           WorkerHooks hooks) {
  if (!config.parallel) return std::make_unique<InlineExecutor>();
  absl::StatusOr<std::unique_ptr<TbbExecutor>> pool = TbbExecutor::Create(
      config.num_workers > 0 ? config.num_workers : ReadTopology().usable_workers,
      std::move(hooks));
  if (!pool.ok()) return pool.status();
  return *std::move(pool);
}

absl::Status CheckHooks(const SchedulerOptions& options) {
  const bool has_hooks =
      options.worker_hooks.start != nullptr || options.worker_hooks.stop != nullptr;
  if (!has_hooks || (options.executor == nullptr && options.config.parallel)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      options.executor != nullptr
          ? "worker_hooks are for the executor that Create makes; give them to your own"
          : "worker_hooks are for worker threads, and config.parallel is false");
}

absl::Status CheckWatchdog(const Watchdog& watchdog) {
  const bool timed = watchdog.after != absl::InfiniteDuration();
  if (timed != (watchdog.report != nullptr)) {
    return absl::InvalidArgumentError("watchdog needs both: a time, after, and a report");
  }
  if (watchdog.after > absl::ZeroDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError("watchdog.after is " + absl::FormatDuration(watchdog.after) +
                                    ", expected more than 0");
}

const Clock& ClockOf(const SchedulerOptions& options, const TaskExecutor& executor) {
  if (options.clock != nullptr) return *options.clock;
  if (const Simulation* const simulation = executor.simulation()) return *simulation->clock;
  return SteadyClock();
}

std::uint64_t SeedOf(const SchedulerOptions& options, const TaskExecutor& executor) {
  if (options.seed != 0) return options.seed;
  if (const Simulation* const simulation = executor.simulation()) return simulation->seed;
  // Two schedulers differ, also of two processes that began together.
  return reinterpret_cast<std::uintptr_t>(&executor) ^
         static_cast<std::uint64_t>(absl::ToInt64Nanoseconds(SteadyClock().Now()));
}

// `simulated`: what this machine has in memory says nothing of the other.
absl::StatusOr<std::unique_ptr<internal::Bounds>> MakeBounds(SchedulerOptions& options,
                                                             bool simulated) {
  std::unique_ptr<internal::ProcessMemory> memory;
  if (options.read_memory != nullptr) {
    memory = std::make_unique<internal::ProcessMemory>(std::move(options.read_memory));
  } else if (!simulated) {
    memory = internal::ProcessMemory::OfSystem();
  }
  return internal::Bounds::Create({.resources = std::move(options.resources),
                                   .max_memory_percent = options.config.max_memory_percent,
                                   .memory = std::move(memory)});
}

internal::Engine* MakeEngine(std::unique_ptr<TaskExecutor> executor,
                             std::unique_ptr<internal::Bounds> bounds,
                             const SchedulerOptions& options, CostModel& costs) {
  const Clock& clock = ClockOf(options, *executor);
  const std::uint64_t seed = SeedOf(options, *executor);
  return new internal::Engine(std::move(executor), std::move(bounds), clock,
                              {.record_times = options.record_times,
                               .steals = options.config.enable_work_stealing,
                               .seed = seed,
                               .observer = options.observer,
                               .record_runs = options.record_runs,
                               .watched = options.watchdog.report != nullptr,
                               .costs = &costs,
                               .critical_path_priority = options.config.critical_path_priority,
                               .max_in_flight = options.config.max_tasks_in_flight,
                               .blocking_threads = options.blocking_threads});
}

std::unique_ptr<TaskExecutor> DefaultExecutor() {
  absl::StatusOr<std::unique_ptr<TaskExecutor>> executor = MakeExecutor({}, {});
  if (executor.ok()) return *std::move(executor);
  std::cerr << "weft: TaskScheduler(): " << executor.status().message() << "\n";
  std::abort();
}

std::unique_ptr<internal::Bounds> DefaultBounds() {
  SchedulerOptions defaults;
  return *MakeBounds(defaults, /*simulated=*/false);  // no resource is none that is wrong
}

}  // namespace

TaskScheduler::TaskScheduler()
    : TaskScheduler(DefaultExecutor(), DefaultBounds(), SchedulerOptions{}, LoadedCosts{}) {}

TaskScheduler::TaskScheduler(std::unique_ptr<TaskExecutor> executor,
                             std::unique_ptr<internal::Bounds> bounds,
                             const SchedulerOptions& options, LoadedCosts history)
    : costs_(std::move(history.costs)),
      history_path_(options.history_path),
      min_task_size_(options.config.min_task_size),
      history_status_(std::move(history.status)),
      engine_(MakeEngine(std::move(executor), std::move(bounds), options, costs_)),
      on_destroy_(options.on_destroy) {
  try {
    root_.reset(new TaskGroup(*this, *engine_, {}));
  } catch (...) {
    engine_->Close();
    throw;
  }
}

absl::StatusOr<std::unique_ptr<TaskScheduler>> TaskScheduler::Create(SchedulerOptions options) {
  return internal::OrOutOfMemory([&] { return Make(options); });
}

absl::StatusOr<std::unique_ptr<TaskScheduler>> TaskScheduler::Make(SchedulerOptions& options) {
  if (absl::Status valid = options.config.Validate(); !valid.ok()) return valid;
  if (absl::Status valid = CheckHooks(options); !valid.ok()) return valid;
  if (options.blocking_threads < 1 || options.blocking_threads > ThreadPool::kMaxThreads) {
    return absl::InvalidArgumentError(
        "blocking_threads: " + std::to_string(options.blocking_threads) +
        " is not allowed; it must be from 1 to " + std::to_string(ThreadPool::kMaxThreads));
  }
  if (absl::Status valid = CheckWatchdog(options.watchdog); !valid.ok()) return valid;
  std::unique_ptr<TaskExecutor> executor = std::move(options.executor);
  if (executor == nullptr) {
    absl::StatusOr<std::unique_ptr<TaskExecutor>> made =
        MakeExecutor(options.config, std::move(options.worker_hooks));
    if (!made.ok()) return made.status();
    executor = *std::move(made);
  }
  auto bounds = MakeBounds(options, executor->simulation() != nullptr);
  if (!bounds.ok()) return bounds.status();
  std::unique_ptr<TaskScheduler> scheduler(new TaskScheduler(
      std::move(executor), *std::move(bounds), options, LoadCostHistory(options.history_path)));
  if (options.watchdog.report != nullptr) {
    if (absl::Status watched = scheduler->engine_->StartWatch(options.watchdog); !watched.ok()) {
      return watched;
    }
  }
  return scheduler;
}

TaskScheduler::~TaskScheduler() {
  const absl::Status ended = Shutdown(on_destroy_);
  if (!ended.ok() && !engine_->Forked()) {  // going on would free what running threads use
    std::cerr << "weft: ~TaskScheduler(): " << ended.message() << "\n";
    std::abort();
  }
  engine_->StopWatch();
  root_.reset();
  engine_->Close();
}

RunSummary TaskScheduler::Run(internal::GraphClaim claim, const GroupOptions& options) {
  internal::Graph& graph = *claim;
  const std::int64_t late_pumps_before = late_pumps();
  absl::Status ran;
  {
    std::optional<CancellationCallback> cancelled_from_outside;
    if (options.cancellation.can_be_cancelled()) {
      cancelled_from_outside.emplace(options.cancellation, [&graph, &options] {
        graph.Cancel(options.cancellation.reason());
      });
    }
    if (graph.node_count() > 0) ran = engine_->RunGraph(graph);
  }
  RunSummary summary;
  if (ran.ok()) {
    summary = claim.End();
    summary.spare_threads = late_pumps() - late_pumps_before;
  } else {
    summary.status = ran;
  }
  return summary;
}

absl::Status TaskScheduler::Begin(TaskGraph& graph, const GroupOptions& options) {
  if (engine_->Forked()) return internal::Engine::ForkedError();
  if (options.max_pending_tasks > 0) {
    return internal::StatusWithText(
        absl::StatusCode::kInvalidArgument,
        "max_pending_tasks: it bounds what is submitted to a group; the nodes of a graph are all "
        "there before it runs. Leave it out, or run the graph in a task of a bounded group");
  }
  return graph.graph_->Begin(engine_->clock(),
                             {.fail_fast = options.fail_fast,
                              .timeout = options.timeout,
                              .progress = options.progress.part()},
                             engine_->run_host());
}

RunSummary TaskScheduler::Run(TaskGraph& graph, const GroupOptions& options) {
  RunSummary summary;
  summary.status = Begin(graph, options);
  if (!summary.status.ok()) return summary;
  try {
    return Run(internal::GraphClaim(*graph.graph_), options);
  } catch (const std::bad_alloc&) {
    summary.status = internal::OutOfMemory();
    return summary;
  }
}

Task<RunSummary> TaskScheduler::Start(TaskGraph& graph, GroupOptions options) {
  absl::Status begun = Begin(graph, options);
  if (!begun.ok()) {
    return root_->Submit([begun]() -> absl::StatusOr<RunSummary> { return begun; });
  }
  return root_->Submit([this, claim = internal::GraphClaim(*graph.graph_),
                        options = std::move(options)]() mutable -> absl::StatusOr<RunSummary> {
    RunSummary summary = Run(std::move(claim), options);
    // What was cancelled or had failures is a summary; what was not run is an error.
    if (!summary.status.ok() && summary.submitted == 0) return summary.status;
    return summary;
  });
}

absl::Status TaskScheduler::Cancel(TaskId id) {
  auto task = engine_->FindUnfinished(id);
  if (!task.ok()) return task.status();
  if (*task) engine_->Cancel(**task);
  return absl::OkStatus();
}

absl::StatusOr<TaskResult> TaskScheduler::GetStatus(std::string_view name) const {
  absl::StatusOr<Task<>> task = root_->Find(name);
  if (!task.ok()) return task.status();
  return task->result();
}

absl::Status TaskScheduler::Cancel(std::string_view name) {
  absl::StatusOr<Task<>> task = root_->Find(name);
  if (!task.ok()) return task.status();
  task->Cancel();
  return absl::OkStatus();
}

void TaskScheduler::CancelAll(absl::Status why) { engine_->CancelAll(why); }

absl::Status TaskScheduler::Shutdown(ShutdownMode mode) {
  absl::Status ended = engine_->Shutdown(mode == ShutdownMode::kCancel);
  if (ended.ok()) KeepHistory();
  return ended;
}

// Whatever became of reading it: SaveCostHistory leaves alone what is not ours.
void TaskScheduler::KeepHistory() {
  absl::MutexLock lock(&history_mu_);
  if (history_path_.empty() || history_kept_) return;
  history_kept_ = true;
  absl::Status kept =
      internal::OrOutOfMemory([this] { return SaveCostHistory(history_path_, costs_.History()); });
  if (!kept.ok()) history_status_ = std::move(kept);
}

void TaskScheduler::ForgetHistory() {
  absl::MutexLock lock(&history_mu_);
  history_kept_ = true;
}

absl::Status TaskScheduler::history_status() const {
  absl::MutexLock lock(&history_mu_);
  return history_status_;
}

}  // namespace weft
