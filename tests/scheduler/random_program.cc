// SPDX-License-Identifier: Apache-2.0

#include "scheduler/random_program.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <utility>
#include <vector>

namespace weft::testing {
namespace {

class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  std::size_t Below(std::size_t below) { return random_() % below; }
  bool OneIn(std::size_t of) { return Below(of) == 0; }

  Program Make() {
    const std::size_t count = 1 + Below(1 + Below(150));
    gate_ = 1 + Below(4);
    fail_ = OneIn(3) ? 1000 : 6 + Below(20);
    policies_ = OneIn(25);
    bounds_ = OneIn(10);
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
    if (policies_) AddPolicy(task);
    if (bounds_) AddBounds(task);
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
  void AddPolicy(TaskPlan& task) {
    const bool runs_once =
        std::any_of(task.edges.begin(), task.edges.end(), [this](const Edge& edge) {
          return edge.take == Take::kMove && program_.tasks[edge.from].form == Form::kPointer;
        });
    if (!runs_once && OneIn(6)) {
      task.max_attempts = 2 + static_cast<int>(Below(3));
      task.failing_attempts =
          OneIn(fail_) ? task.max_attempts
                       : static_cast<int>(Below(static_cast<std::size_t>(task.max_attempts)));
      task.ending = Ending::kValue;  // of the attempts only the first ones fail
      task.backoff_ns = 1 + static_cast<int>(Below(20'000));
    }
    task.in_time = OneIn(6);
    task.degraded = OneIn(6);
    task.measured = OneIn(6);
    task.late = !task.in_time && task.gated && !task.cancelled && OneIn(fail_);
  }
  void AddBounds(TaskPlan& task) {
    // Who waits for others that may need them holds none: no order of those waits is safe.
    for (int i = 0; i < 2 && task.fork_after == kNone; ++i) {
      if (OneIn(3))
        task.units[i] = 1 + static_cast<int>(Below(static_cast<std::size_t>(kUnits[i])));
    }
    task.blocking = OneIn(4);
    if (OneIn(4)) task.memory = 1 + static_cast<int>(Below(2 * kMemory));
    if (OneIn(4)) task.fork_memory = 1 + static_cast<int>(Below(kMemory));
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
  bool policies_ = false;
  bool bounds_ = false;
  Program program_;
};

}  // namespace

Program DrawProgram(unsigned seed) { return Draw(seed).Make(); }

}  // namespace weft::testing
