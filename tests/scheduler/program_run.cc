// SPDX-License-Identifier: Apache-2.0

#include "scheduler/program_run.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/engines.h"

namespace weft::testing {
namespace {

using Numbers = std::vector<int>;
using Pointer = std::unique_ptr<int>;

template <class R>
struct ValueIn;
template <class V>
struct ValueIn<absl::StatusOr<V>> {
  using Type = V;
};

// Counts what bodies hold.
//
// Thread safety: every method from any thread.
class Held {
 public:
  explicit Held(const TaskPlan& plan) : plan_(plan) {
    for (int i = 0; i < 2; ++i) EXPECT_LE(in_use_[i] += plan.units[i], kUnits[i]);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    for (int i = 0; i < 2; ++i) in_use_[i] -= plan_.units[i];
  }

 private:
  static inline std::atomic<int> in_use_[2] = {0, 0};  // by all programs: one runs at a time
  const TaskPlan& plan_;
};

class Runner {
 public:
  Runner(const Program& program, const Oracle& oracle, TaskScheduler& scheduler, bool is_inline)
      : program_(program),
        oracle_(oracle),
        scheduler_(scheduler),
        group_(scheduler),
        runs_(program.tasks.size()),
        written_(program.tasks.size(), 0),
        new_written_(program.tasks.size(), 0),
        tasks_(program.tasks.size()),
        numbers_(program.tasks.size()),
        pointers_(program.tasks.size()) {
    gate_ = group_.Submit([this, is_inline] {
      if (!is_inline) open_.WaitForNotification();
    });
    for (const std::size_t i : program.order) Submit(i);
    AddLateEdges();
    for (std::size_t i = 0; i < program.tasks.size(); ++i) {
      if (program.tasks[i].cancelled) tasks_[i].Cancel();
    }
    open_.Notify();
  }

  void Check() {
    const RunSummary summary = group_.Wait();
    ASSERT_TRUE(summary.status.ok()) << summary.status;
    ASSERT_EQ(summary.pending + summary.under_way + summary.refused, 0);
    for (std::size_t i = 0; i < program_.tasks.size(); ++i) {
      const int attempts = program_.tasks[i].late ? runs_[i].load() : oracle_.Attempts(i);
      ASSERT_EQ(runs_[i], attempts) << "task " << i;
      if (!tasks_[i].valid()) continue;
      ASSERT_EQ(tasks_[i].state(), oracle_.state(i))
          << "task " << i << ": " << tasks_[i].result().status;
    }
    const Counts& counts = oracle_.counts();
    ASSERT_EQ(summary.completed, counts.completed);
    ASSERT_EQ(summary.degraded, counts.degraded);
    ASSERT_EQ(summary.failed, counts.failed);
    ASSERT_EQ(summary.cancelled, counts.cancelled);
    ASSERT_EQ(summary.skipped, counts.skipped);
    ASSERT_EQ(summary.submitted, counts.submitted());
    ASSERT_EQ(summary.failures.size(), static_cast<std::size_t>(counts.failed));
    ASSERT_TRUE(summary.unresolved.empty());
    for (const char* const name : kResources) {
      ASSERT_EQ(scheduler_.resource_figures(name)->in_use, 0) << name;
      ASSERT_EQ(scheduler_.resource_figures(name)->waiting, 0) << name;
    }
    ASSERT_EQ(scheduler_.memory_figures().declared.in_use, 0);
  }

 private:
  static std::string Name(std::size_t i) { return "n" + std::to_string(i); }
  static int Mark(std::size_t i) { return static_cast<int>(i) + 1; }

  // ---- Bodies. Plain data: only the order that the scheduler promises makes this no race.

  void CheckBefore(std::size_t i) {
    for (const Edge& edge : program_.tasks[i].edges) {
      const std::size_t from = edge.from;
      EXPECT_EQ(written_[from], oracle_.Runs(from) ? Mark(from) : 0) << from << " before " << i;
      if (!oracle_.HandsOver(from)) continue;
      const std::size_t to = program_.tasks[from].continuation;
      if (to == kNone) {
        EXPECT_EQ(new_written_[from], Mark(from)) << "continuation of " << from << " before " << i;
      } else {
        EXPECT_EQ(written_[to], oracle_.Runs(to) ? Mark(to) : 0)
            << "continuation " << to << " of " << from << " before " << i;
      }
    }
  }
  absl::Status Body(TaskContext& context, std::size_t i) {
    CheckBefore(i);
    const TaskPlan& plan = program_.tasks[i];
    const Held held(plan);
    EXPECT_EQ(context.attempt(), ++runs_[i]);
    if (plan.late) return absl::OkStatus();  // which is too late
    if (context.attempt() <= plan.failing_attempts) return absl::UnavailableError("again");
    if (plan.degraded) context.Degrade(absl::ResourceExhaustedError("less"));
    EXPECT_EQ(Fork(plan, plan.fork_depth), 1 << plan.fork_depth);
    if (plan.fork_after != kNone) ForkAfter(plan);
    if (plan.group_size > 0) RunGroup(plan);
    if (plan.grows) Grow(context, i);
    written_[i] = Mark(i);
    return EndAs(plan.ending);
  }
  int Fork(const TaskPlan& plan, int depth) {
    if (depth == 0) return 1;
    const auto body = [this, &plan, depth] { return Fork(plan, depth - 1); };
    const auto left =
        group_.Submit({.priority = plan.fork_priority, .memory_bytes = plan.fork_memory}, body);
    const auto right = group_.Submit(body);
    return left.Get().value_or(-1000) + right.Get().value_or(-1000);
  }
  void ForkAfter(const TaskPlan& plan) {
    const std::size_t from = plan.fork_after;
    const auto child = group_.Submit(
        {.priority = plan.fork_priority}, [this, from] { return written_[from]; },
        After(tasks_[from]));
    const absl::StatusOr<int>& got = child.Get();
    EXPECT_EQ(got.ok(), oracle_.Completes(from)) << from << ": " << got.status();
    EXPECT_EQ(got.value_or(Mark(from)), Mark(from));
  }
  void RunGroup(const TaskPlan& plan) {
    TaskGroup inner(scheduler_);
    int sum = 0;  // plain: one after the other
    Task<> last = inner.Submit([&sum] { ++sum; });
    for (int k = 1; k < plan.group_size; ++k) {
      last = inner.Submit(
          {.priority = plan.fork_priority}, [&sum] { ++sum; }, After(last));
    }
    inner.Detach([] { throw std::runtime_error("inside"); });
    const RunSummary summary = inner.Wait();
    EXPECT_TRUE(summary.status.ok()) << summary.status;
    EXPECT_EQ(summary.completed, plan.group_size);
    EXPECT_EQ(summary.failed, 1);
    EXPECT_EQ(sum, plan.group_size);
  }
  void Grow(TaskContext& context, std::size_t i) {
    const TaskPlan& plan = program_.tasks[i];
    const AnyTask more = plan.continuation != kNone
                             ? tasks_[plan.continuation]
                             : AnyTask(group_.Submit({.priority = plan.fork_priority}, [this, i] {
                                 new_written_[i] = Mark(i);
                                 return EndAs(program_.tasks[i].new_ending);
                               }));
    const absl::Status grown = context.Continue(more);
    EXPECT_TRUE(grown.ok()) << grown;
  }
  template <class R>
  R Run(TaskContext& context, std::size_t i) {
    absl::Status status = Body(context, i);
    if constexpr (std::is_same_v<R, absl::Status>) {
      return status;
    } else {
      if (!status.ok()) return status;
      if constexpr (std::is_same_v<typename ValueIn<R>::Type, Numbers>) {
        return Numbers(20, Mark(i));
      } else {
        return std::make_unique<int>(Mark(i));
      }
    }
  }
  void CheckValue(std::size_t from, const Numbers& value) {
    EXPECT_EQ(value, Numbers(20, Mark(from)));
  }
  void CheckValue(std::size_t from, const Pointer& value) {
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(*value, Mark(from));
  }
  void CheckOutcome(std::size_t from, const absl::Status& status) {
    EXPECT_EQ(status.ok(), oracle_.Completes(from)) << status;
  }

  // ---- Submission.

  void Submit(std::size_t i) {
    switch (program_.tasks[i].form) {
      case Form::kVoid: return SubmitAs<absl::Status>(i);
      case Form::kNumbers: return SubmitAs<absl::StatusOr<Numbers>>(i);
      case Form::kPointer: return SubmitAs<absl::StatusOr<Pointer>>(i);
      case Form::kDetached: return SubmitAs<absl::StatusOr<Numbers>>(i);
      case Form::kNamed: return Schedule(i);
    }
  }
  template <class R>
  void SubmitAs(std::size_t i) {
    std::vector<AnyTask> order;
    const Edge* argument = nullptr;
    const TaskPlan& plan = program_.tasks[i];
    if (plan.gated) order.push_back(gate_);
    for (const Edge& edge : plan.edges) {
      if (edge.take != Take::kOrder) argument = &edge;
      if (edge.take == Take::kOrder && !edge.late) order.push_back(tasks_[edge.from]);
    }
    if (argument == nullptr) {
      return Put<R>(
          i, [this, i](TaskContext& context) -> R { return Run<R>(context, i); }, After(order));
    }
    const std::size_t from = argument->from;
    switch (program_.tasks[from].form) {
      case Form::kNumbers: return SubmitWith<R>(i, *argument, numbers_[from], order);
      case Form::kPointer: return SubmitWith<R>(i, *argument, pointers_[from], order);
      default:
        Put<R>(
            i,
            [this, i, from](TaskContext& context, const absl::Status& status) -> R {
              CheckOutcome(from, status);
              return Run<R>(context, i);
            },
            Task<>(tasks_[from].node()), After(order));
    }
  }
  template <class R, class V>
  void SubmitWith(std::size_t i, const Edge& edge, Task<V>& handle,
                  const std::vector<AnyTask>& order) {
    const std::size_t from = edge.from;
    if (edge.take == Take::kRead) {
      Put<R>(
          i,
          [this, i, from](TaskContext& context, const V& value) -> R {
            CheckValue(from, value);
            return Run<R>(context, i);
          },
          handle, After(order));
    } else if (edge.take == Take::kOutcome) {
      Put<R>(
          i,
          [this, i, from](TaskContext& context, const absl::StatusOr<V>& outcome) -> R {
            CheckOutcome(from, outcome.status());
            if (outcome.ok()) CheckValue(from, *outcome);
            return Run<R>(context, i);
          },
          handle, After(order));
    } else {
      tasks_[from] = AnyTask();
      Put<R>(
          i,
          [this, i, from](TaskContext& context, V value) -> R {
            CheckValue(from, value);
            return Run<R>(context, i);
          },
          std::move(handle), After(order));
    }
  }
  template <class R, class F, class... D>
  void Put(std::size_t i, F function, D&&... dependencies) {
    const TaskOptions options = OptionsOf(program_.tasks[i]);
    if (program_.tasks[i].form == Form::kDetached) {
      return group_.Detach(options, std::move(function), std::forward<D>(dependencies)...);
    }
    auto task = group_.Submit(options, std::move(function), std::forward<D>(dependencies)...);
    tasks_[i] = task;
    if constexpr (std::is_same_v<R, absl::StatusOr<Numbers>>) numbers_[i] = std::move(task);
    if constexpr (std::is_same_v<R, absl::StatusOr<Pointer>>) pointers_[i] = std::move(task);
  }
  static TaskOptions OptionsOf(const TaskPlan& plan) {
    TaskOptions options{.priority = plan.priority};
    if (plan.measured) options.kind = "measured";
    options.memory_bytes = plan.memory;
    options.blocking = plan.blocking;
    for (int i = 0; i < 2; ++i) {
      if (plan.units[i] == 0) continue;
      options.resources.push_back({.name = kResources[i], .units = plan.units[i]});
    }
    if (plan.late) options.timeout = absl::Nanoseconds(1);
    if (plan.in_time) options.timeout = absl::Hours(1000);
    if (plan.max_attempts > 1) {
      options.retry = {.max_attempts = plan.max_attempts,
                       .base = absl::Nanoseconds(plan.backoff_ns),
                       .jitter = static_cast<Jitter>(plan.backoff_ns % 4)};
    }
    return options;
  }
  void Schedule(std::size_t i) {
    const TaskPlan& plan = program_.tasks[i];
    TaskDefinition definition{
        .id = Name(i), .function = [this, i](TaskContext& context) { return Body(context, i); }};
    if (plan.gated) definition.dependencies.push_back(gate_);
    for (const Edge& edge : plan.edges) {
      if (edge.late) continue;
      definition.dependencies.push_back(edge.by_name ? TaskRef(Name(edge.from))
                                                     : TaskRef(tasks_[edge.from]));
    }
    definition.on_failed_dependency =
        plan.run_anyway ? DependencyPolicy::kRunAnyway : DependencyPolicy::kSkip;
    definition.options = OptionsOf(plan);
    const absl::StatusOr<Task<>> task = group_.Schedule(std::move(definition));
    ASSERT_TRUE(task.ok()) << task.status();
    tasks_[i] = *task;
  }
  void AddLateEdges() {
    for (std::size_t i = 0; i < program_.tasks.size(); ++i) {
      for (const Edge& edge : program_.tasks[i].edges) {
        if (!edge.late || !tasks_[i].valid()) continue;
        const absl::Status added = tasks_[i].AddDependency(tasks_[edge.from]);
        // It may have been skipped already, for what is not behind the gate.
        EXPECT_TRUE(added.ok() || oracle_.state(i) == TaskState::kSkipped || program_.tasks[i].late)
            << i << ": " << added;
      }
    }
  }

  const Program& program_;
  const Oracle& oracle_;
  TaskScheduler& scheduler_;
  absl::Notification open_;
  TaskGroup group_;
  Task<> gate_;
  std::vector<std::atomic<int>> runs_;
  std::vector<int> written_;
  std::vector<int> new_written_;  // by the new tasks that continue others
  std::vector<AnyTask> tasks_;
  std::vector<Task<Numbers>> numbers_;
  std::vector<Task<Pointer>> pointers_;
};

}  // namespace

std::unique_ptr<TaskScheduler> MakeProgramScheduler(int workers) {
  SchedulerOptions options;
  for (int i = 0; i < 2; ++i) {
    options.resources.push_back({.name = kResources[i], .units = kUnits[i]});
  }
  options.blocking_threads = 2;
  options.config.max_memory_percent = 50;
  options.read_memory = [readings = 0]() mutable -> absl::StatusOr<MemoryReading> {
    const bool full = ++readings % 3 == 0;
    return MemoryReading{.limit_bytes = 2 * kMemory, .used_bytes = full ? 2 * kMemory : 0};
  };
  return MakeScheduler(workers, std::move(options));
}

void RunAndCheck(const Program& program, const Oracle& oracle, TaskScheduler& scheduler,
                 bool is_inline) {
  Runner runner(program, oracle, scheduler, is_inline);
  runner.Check();
}

}  // namespace weft::testing
