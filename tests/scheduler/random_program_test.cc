// SPDX-License-Identifier: Apache-2.0
//
// Random programs that use all ways in which tasks come to depend on each other, against an
// oracle that shares no code with the scheduler. WEFT_RANDOM_PROGRAMS says how many,
// WEFT_RANDOM_PROGRAM_FIRST with which seed to begin.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

using Numbers = std::vector<int>;
using Pointer = std::unique_ptr<int>;

// ---- The plan. All edges, also those that waits and continuations make, go from smaller to
// larger indices.

enum class Form { kVoid, kNumbers, kPointer, kNamed, kDetached };
enum class Ending { kValue, kError, kThrow };
enum class Take { kOrder, kRead, kOutcome, kMove };

struct Edge {
  std::size_t from = 0;
  Take take = Take::kOrder;
  bool anyway = false;
  bool by_name = false;
  bool late = false;
};

struct TaskPlan {
  Form form = Form::kVoid;
  Ending ending = Ending::kValue;
  int priority = 0;
  bool gated = false;       // directly behind the task that ends when all is submitted
  bool cancelled = false;   // before that one ends
  bool consumed = false;    // somebody has taken its only handle
  bool run_anyway = false;  // kNamed
  std::vector<Edge> edges;
  // What the body does.
  int fork_depth = 0;
  int fork_priority = 0;
  std::size_t fork_after = kNone;  // forks a task that depends on this one
  int group_size = 0;              // of a group of its own
  bool grows = false;
  std::size_t continuation = kNone;  // kNone: a new task
  Ending new_ending = Ending::kValue;
};

struct Program {
  std::vector<TaskPlan> tasks;
  std::vector<std::size_t> order;  // of submission
};

class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  std::size_t Below(std::size_t below) { return random_() % below; }
  bool OneIn(std::size_t of) { return Below(of) == 0; }

  Program Make() {
    const std::size_t count = 1 + Below(1 + Below(150));
    gate_ = 1 + Below(4);
    fail_ = OneIn(3) ? 1000 : 6 + Below(20);
    for (std::size_t i = 0; i < count; ++i) AddTask(i);
    Order();
    return std::move(program_);
  }

 private:
  Ending AnyEnding() {
    if (!OneIn(fail_)) return Ending::kValue;
    return OneIn(2) ? Ending::kError : Ending::kThrow;
  }
  bool HasHandle(std::size_t i) const {
    return program_.tasks[i].form != Form::kDetached && !program_.tasks[i].consumed;
  }
  // A smaller index that has a handle, or kNone.
  std::size_t Earlier(std::size_t i) {
    if (i == 0) return kNone;
    const std::size_t from = OneIn(2) ? Below(i) : i - 1 - Below(std::min<std::size_t>(i, 5));
    return HasHandle(from) ? from : kNone;
  }
  void AddTask(std::size_t i) {
    TaskPlan task;
    task.form = static_cast<Form>(Below(5));
    task.ending = AnyEnding();
    task.priority = OneIn(2) ? 0 : static_cast<int>(Below(25)) - 6;
    task.gated = !OneIn(gate_);
    task.run_anyway = task.form == Form::kNamed && OneIn(4);
    for (std::size_t wanted = Below(4); wanted > 0; --wanted) AddEdge(i, task);
    AddWork(i, task);
    program_.tasks.push_back(std::move(task));
  }
  void AddEdge(std::size_t i, TaskPlan& task) {
    const std::size_t from = Earlier(i);
    if (from == kNone) return;
    TaskPlan& source = program_.tasks[from];
    Edge edge{.from = from};
    if (task.gated && task.form != Form::kDetached && OneIn(5)) {
      edge.late = true;
    } else if (task.form == Form::kNamed) {
      edge.anyway = task.run_anyway;
      edge.by_name = source.form == Form::kNamed && !OneIn(3);
    } else if (!HasArgument(task) && !OneIn(3)) {
      edge.take = Argument(i, task, source);
    }
    edge.anyway = edge.anyway || edge.take == Take::kOutcome;
    if (edge.take == Take::kMove) source.consumed = true;
    task.edges.push_back(edge);
  }
  static bool HasArgument(const TaskPlan& task) {
    return std::any_of(task.edges.begin(), task.edges.end(),
                       [](const Edge& edge) { return edge.take != Take::kOrder; });
  }
  Take Argument(std::size_t i, const TaskPlan& task, const TaskPlan& source) {
    if (source.form != Form::kNumbers && source.form != Form::kPointer) {
      return source.form == Form::kVoid && OneIn(3) ? Take::kOutcome : Take::kOrder;
    }
    if (task.gated && OneIn(2) && !NeedsHandle(source) && !IsUsed(&source, i, task)) {
      return Take::kMove;
    }
    return OneIn(3) ? Take::kOutcome : Take::kRead;
  }
  static bool NeedsHandle(const TaskPlan& source) {
    return source.cancelled || std::any_of(source.edges.begin(), source.edges.end(),
                                           [](const Edge& edge) { return edge.late; });
  }
  // Whether anything has, or needs, the handle of `source`.
  bool IsUsed(const TaskPlan* source, std::size_t count, const TaskPlan& task) const {
    const auto uses = [&](const TaskPlan& other) {
      for (const Edge& edge : other.edges) {
        if (&program_.tasks[edge.from] == source) return true;
      }
      const auto is = [&](std::size_t i) { return i != kNone && &program_.tasks[i] == source; };
      return is(other.fork_after) || is(other.continuation);
    };
    for (std::size_t k = 0; k < count; ++k) {
      if (uses(program_.tasks[k])) return true;
    }
    return uses(task);
  }
  void AddWork(std::size_t i, TaskPlan& task) {
    if (OneIn(6)) task.fork_depth = 1 + static_cast<int>(Below(4));
    task.fork_priority = OneIn(2) ? 0 : static_cast<int>(Below(25)) - 6;
    if (OneIn(8)) task.group_size = 1 + static_cast<int>(Below(8));
    if (!task.gated) return;  // from here on the body needs handles, or successors
    if (OneIn(6)) task.fork_after = NotGrowing(Earlier(i));
    if (OneIn(4) && task.form != Form::kDetached) {
      task.grows = true;
      task.new_ending = AnyEnding();
      if (OneIn(2)) task.continuation = NotGrowing(Earlier(i));
    }
    task.cancelled = OneIn(fail_) && task.form != Form::kDetached;
  }
  // What ends is not followed any further: neither as a continuation, nor by those who
  // come later.
  std::size_t NotGrowing(std::size_t i) const {
    return i != kNone && program_.tasks[i].grows ? kNone : i;
  }
  // Any order in which handles are there when they are needed.
  void Order() {
    const std::size_t count = program_.tasks.size();
    std::vector<std::size_t> missing(count, 0);
    std::vector<std::vector<std::size_t>> next(count);
    for (std::size_t i = 0; i < count; ++i) {
      for (const Edge& edge : program_.tasks[i].edges) {
        if (edge.late || edge.by_name) continue;
        ++missing[i];
        next[edge.from].push_back(i);
      }
    }
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < count; ++i) {
      if (missing[i] == 0) ready.push_back(i);
    }
    while (!ready.empty()) {
      std::swap(ready[Below(ready.size())], ready.back());
      const std::size_t i = ready.back();
      ready.pop_back();
      program_.order.push_back(i);
      for (const std::size_t after : next[i]) {
        if (--missing[after] == 0) ready.push_back(after);
      }
    }
  }

  std::mt19937 random_;
  std::size_t gate_ = 1;  // one in so many tasks is not behind the gate
  std::size_t fail_ = 1;
  Program program_;
};

// ---- The oracle: one pass in order of the indices.

struct Counts {
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  std::int64_t skipped = 0;
  std::int64_t submitted() const { return completed + failed + cancelled + skipped; }
};

int Forked(int depth) { return depth == 0 ? 0 : 2 + 2 * Forked(depth - 1); }

class Oracle {
 public:
  explicit Oracle(Program& program) : program_(program) {
    counts_.completed = 1;  // the gate
    for (std::size_t i = 0; i < program.tasks.size(); ++i) Step(program.tasks[i]);
  }

  TaskState state(std::size_t i) const { return states_[i]; }
  bool Runs(std::size_t i) const {
    return states_[i] == TaskState::kCompleted || states_[i] == TaskState::kFailed;
  }
  bool Completes(std::size_t i) const { return states_[i] == TaskState::kCompleted; }
  // Whether those who wait for `i` wait for a continuation.
  bool HandsOver(std::size_t i) const { return program_.tasks[i].grows && Completes(i); }
  const Counts& counts() const { return counts_; }

 private:
  // What a successor sees in the end.
  bool Accepted(std::size_t i) const {
    if (!HandsOver(i)) return Completes(i);
    const TaskPlan& task = program_.tasks[i];
    return task.continuation != kNone ? Completes(task.continuation)
                                      : task.new_ending == Ending::kValue;
  }
  void Step(TaskPlan& task) {
    bool accepted = true;
    for (const Edge& edge : task.edges) {
      accepted = accepted && (edge.anyway || Accepted(edge.from));
    }
    if (!accepted) task.cancelled = false;  // which comes first is open
    if (!accepted) {
      ++counts_.skipped;
      return states_.push_back(TaskState::kSkipped);
    }
    if (task.cancelled) {
      ++counts_.cancelled;
      return states_.push_back(TaskState::kCancelled);
    }
    CountWork(task);
    CountEnding(task.ending);
    states_.push_back(task.ending == Ending::kValue ? TaskState::kCompleted : TaskState::kFailed);
  }
  void CountWork(const TaskPlan& task) {
    counts_.completed += Forked(task.fork_depth);
    if (task.fork_after != kNone) {
      ++(Accepted(task.fork_after) ? counts_.completed : counts_.skipped);
    }
    if (task.grows && task.continuation == kNone) CountEnding(task.new_ending);
  }
  void CountEnding(Ending ending) {
    ++(ending == Ending::kValue ? counts_.completed : counts_.failed);
  }

  Program& program_;
  std::vector<TaskState> states_;
  Counts counts_;
};

// ---- The program, run.

template <class R>
struct ValueIn;
template <class V>
struct ValueIn<absl::StatusOr<V>> {
  using Type = V;
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
      ASSERT_EQ(runs_[i], oracle_.Runs(i) ? 1 : 0) << "task " << i;
      if (!tasks_[i].valid()) continue;
      ASSERT_EQ(tasks_[i].state(), oracle_.state(i))
          << "task " << i << ": " << tasks_[i].result().status;
    }
    const Counts& counts = oracle_.counts();
    ASSERT_EQ(summary.completed, counts.completed);
    ASSERT_EQ(summary.failed, counts.failed);
    ASSERT_EQ(summary.cancelled, counts.cancelled);
    ASSERT_EQ(summary.skipped, counts.skipped);
    ASSERT_EQ(summary.submitted, counts.submitted());
    ASSERT_EQ(summary.failures.size(), static_cast<std::size_t>(counts.failed));
    ASSERT_TRUE(summary.unresolved.empty());
  }

 private:
  static std::string Name(std::size_t i) { return "n" + std::to_string(i); }
  static int Mark(std::size_t i) { return static_cast<int>(i) + 1; }

  // ---- Bodies. Plain data: only the order that the scheduler promises makes this no race.

  absl::Status End(Ending ending) {
    if (ending == Ending::kError) return absl::AbortedError("asked to");
    if (ending == Ending::kThrow) throw std::runtime_error("asked to");
    return absl::OkStatus();
  }
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
    ++runs_[i];
    const TaskPlan& plan = program_.tasks[i];
    EXPECT_EQ(Fork(plan, plan.fork_depth), 1 << plan.fork_depth);
    if (plan.fork_after != kNone) ForkAfter(plan);
    if (plan.group_size > 0) RunGroup(plan);
    if (plan.grows) Grow(context, i);
    written_[i] = Mark(i);
    return End(plan.ending);
  }
  int Fork(const TaskPlan& plan, int depth) {
    if (depth == 0) return 1;
    const auto body = [this, &plan, depth] { return Fork(plan, depth - 1); };
    const auto left = group_.Submit({.priority = plan.fork_priority}, body);
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
                                 return End(program_.tasks[i].new_ending);
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
    const TaskOptions options{.priority = program_.tasks[i].priority};
    if (program_.tasks[i].form == Form::kDetached) {
      return group_.Detach(options, std::move(function), std::forward<D>(dependencies)...);
    }
    auto task = group_.Submit(options, std::move(function), std::forward<D>(dependencies)...);
    tasks_[i] = task;
    if constexpr (std::is_same_v<R, absl::StatusOr<Numbers>>) numbers_[i] = std::move(task);
    if constexpr (std::is_same_v<R, absl::StatusOr<Pointer>>) pointers_[i] = std::move(task);
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
    definition.options.priority = plan.priority;
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
        EXPECT_TRUE(added.ok() || oracle_.state(i) == TaskState::kSkipped) << i << ": " << added;
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

class RandomProgramTest : public testing::EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, RandomProgramTest, ::testing::Values(0, 1, 2, 4, 8),
                         testing::EngineName);

unsigned Wanted(const char* variable, unsigned otherwise) {
  const char* wanted = std::getenv(variable);
  return wanted != nullptr ? static_cast<unsigned>(std::atoi(wanted)) : otherwise;
}

TEST_P(RandomProgramTest, EqualsTheOracle) {
  const unsigned first = Wanted("WEFT_RANDOM_PROGRAM_FIRST", 1);
  const unsigned count = Wanted("WEFT_RANDOM_PROGRAMS", 300);
  for (unsigned seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Program program = Draw(seed).Make();
    const Oracle oracle(program);
    Runner runner(program, oracle, *scheduler_, is_inline());
    runner.Check();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace weft
