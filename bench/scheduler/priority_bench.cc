// SPDX-License-Identifier: Apache-2.0
//
// Whether priorities are kept, by counting: priority_honour_order, _ageing, _inheritance.
//
// A task is honoured when none of a lower lane that became ready later started before it, those
// aside that started by their age (start_order.h says which these are). First come, first served
// would honour all of them, too: so how many starts were strict is counted beside it. As many
// tasks as there are workers first hold all of them, until what is submitted from outside is there.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <memory>
#include <random>
#include <vector>

#include "bench/harness/suite.h"
#include "bench/harness/work.h"
#include "bench/libraries.h"
#include "bench/scheduler/make_scheduler.h"
#include "bench/scheduler/start_order.h"
#include "weft/core/task_options.h"
#include "weft/distribution/ready_order.h"
#include "weft/scheduler/task.h"
#include "weft/scheduler/task_group.h"

namespace weft::bench {
namespace {

constexpr int kPriorities[] = {-1, 0, 5, 10};  // one for each lane
constexpr std::uint32_t kBodySteps = 100 * kStepsPerMicrosecond;

TaskOptions WithPriority(int priority) {
  TaskOptions options;
  options.priority = priority;
  return options;
}
TaskOptions WithPriorityOf(Lane lane) {
  return WithPriority(kPriorities[static_cast<std::size_t>(lane)]);
}

// Calls submit(group) while all workers are held; then lets them go and waits. What was held is
// not in `order`.
template <class Submit>
void RunWhenAllIsThere(int workers, StartOrder& order, Submit submit) {
  SchedulerOptions options;
  options.observer = &order;
  const std::unique_ptr<TaskScheduler> scheduler = MakeScheduler(workers, std::move(options));
  std::latch held(workers);
  std::latch open(1);
  TaskGroup group(*scheduler);
  for (int i = 0; i < workers; ++i) {
    group.Detach([&held, &open] {
      held.count_down();
      open.wait();
    });
  }
  held.wait();
  order.Clear();
  submit(group);
  open.count_down();
  group.Wait();
}

// Tasks that are there from the beginning, some of which depend on others, and tasks that running
// ones submit. A successor is never higher than what it waits for, which would inherit.
//
// Thread safety: constant; outlives the tasks.
class Plan {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  Plan(std::uint32_t tasks, std::uint64_t seed) : tasks_(tasks) {
    std::mt19937_64 random(seed);
    const std::uint32_t free = tasks / 5;
    outside_ = 2 * free;
    for (std::uint32_t i = 0; i < tasks; ++i) {
      tasks_[i].lane = static_cast<Lane>(random() % kLaneCount);
      const auto other = static_cast<std::uint32_t>(random() % std::max(i, 1u));
      if (i >= outside_) {
        const std::uint32_t reach = std::min(i, free);
        const auto parent = i - 1 - static_cast<std::uint32_t>(random() % reach);
        tasks_[parent].children.push_back(i);
      } else if (i >= free && tasks_[other].lane >= tasks_[i].lane) {
        tasks_[i].after = other;
      }
    }
  }

  void Submit(TaskGroup& group, Work& work) const {
    std::vector<Task<>> handles;
    for (std::uint32_t i = 0; i < outside_; ++i) {
      const Body body{this, &group, &work, i};
      const TaskOptions options = WithPriorityOf(tasks_[i].lane);
      const std::uint32_t after = tasks_[i].after;
      handles.push_back(after == kNone ? group.Submit(options, body)
                                       : group.Submit(options, body, After(handles[after])));
    }
  }

 private:
  struct Planned {
    Lane lane = Lane::kNormal;
    std::uint32_t after = kNone;
    std::vector<std::uint32_t> children;
  };
  struct Body {
    const Plan* plan;
    TaskGroup* group;
    Work* work;
    std::uint32_t task;

    void operator()() const {
      if (task % 2 == 0) work->Run(task);
      for (const std::uint32_t child : plan->tasks_[task].children) {
        group->Detach(WithPriorityOf(plan->tasks_[child].lane), Body{plan, group, work, child});
      }
      if (task % 2 == 1) work->Run(task);
    }
  };

  std::vector<Planned> tasks_;
  std::uint32_t outside_ = 0;
};

// The worst of the runs, each of another seed.
void CountHonoured(Measurement& measurement, int workers, std::uint32_t tasks) {
  Honour worst;
  const char* wrong = nullptr;
  measurement.RunOnce([&] {
    for (std::uint32_t run = 1; run <= measurement.run_count(); ++run) {
      const Plan plan(tasks, run);
      Work work(tasks);
      work.Spin(kBodySteps);
      StartOrder order(tasks + static_cast<std::uint32_t>(workers));
      RunWhenAllIsThere(workers, order, [&](TaskGroup& group) { plan.Submit(group, work); });
      if (wrong == nullptr) wrong = work.Wrong(1);
      if (!order.IsWhole(tasks)) wrong = "the observer was not told of each task once";
      const Honour honour = HonourOf(order.Starts(workers));
      worst.tasks_percent = std::min(worst.tasks_percent, honour.tasks_percent);
      worst.pairs_percent = std::min(worst.pairs_percent, honour.pairs_percent);
      worst.strict_percent = std::min(worst.strict_percent, honour.strict_percent);
      worst.by_age = std::max(worst.by_age, honour.by_age);
    }
  });
  measurement.Expect(wrong);
  measurement.Report("honoured_percent", worst.tasks_percent);
  measurement.Report("pairs_percent", worst.pairs_percent);
  measurement.Report("strict_percent", worst.strict_percent);
  measurement.Report("started_by_age", worst.by_age);
}

using LaneCounts = std::array<std::uint32_t, kLaneCount>;

// Each two lanes, and all: so many tasks in lower ones, and more than enough in the highest.
std::vector<LaneCounts> AgeingCases(std::uint32_t rounds) {
  const std::uint32_t enough = (rounds + 1) * kStartsBeforeLower;
  std::vector<LaneCounts> cases{{rounds, rounds, rounds, enough}};
  for (std::size_t upper = 1; upper < kLaneCount; ++upper) {
    for (std::size_t lower = 0; lower < upper; ++lower) {
      cases.emplace_back();
      cases.back()[lower] = rounds;
      cases.back()[upper] = enough;
    }
  }
  return cases;
}

std::vector<StartedTask> StartsOf(const LaneCounts& counts, const char*& wrong) {
  std::uint32_t tasks = 0;
  for (const std::uint32_t count : counts) tasks += count;
  StartOrder order(tasks + 1);  // and what holds the worker
  RunWhenAllIsThere(1, order, [&](TaskGroup& group) {
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      const TaskOptions options = WithPriorityOf(static_cast<Lane>(lane));
      for (std::uint32_t i = 0; i < counts[lane]; ++i) group.Detach(options, [] {});
    }
  });
  if (!order.IsWhole(tasks)) wrong = "the observer was not told of each task once";
  return order.Starts(1);
}

// How many starts from higher lanes come before one of a lower, while higher ones wait.
void CountAgeing(Measurement& measurement, std::uint32_t rounds) {
  std::uint32_t least = UINT32_MAX;
  std::uint32_t most = 0;
  std::size_t lower_starts = 0;
  const char* wrong = nullptr;
  measurement.RunOnce([&] {
    for (const LaneCounts& counts : AgeingCases(rounds)) {
      const std::vector<StartedTask> starts = StartsOf(counts, wrong);
      const Lane highest = std::ranges::max_element(starts, {}, &StartedTask::lane)->lane;
      for (const StartedTask& start : starts) {
        if (start.lane == highest) continue;
        ++lower_starts;
        least = std::min(least, start.passed);
        most = std::max(most, start.passed);
      }
    }
  });
  measurement.Expect(wrong);
  measurement.Report("starts_before_lower_least", least);
  measurement.Report("starts_before_lower_most", most);
  measurement.Report("lower_starts", static_cast<double>(lower_starts));
}

// A chain of low tasks before an urgent one, while normal and high ones wait. In strict order,
// and with equal bodies, each link runs at once, beside a task on each other worker. The worst of
// the runs.
void CountInheritance(Measurement& measurement, int workers, std::uint32_t links,
                      std::uint32_t others) {
  const double strict = static_cast<double>(links) * workers + 1;
  double position = 0;
  const std::uint32_t tasks = links + others + 1;
  const char* wrong = nullptr;
  measurement.RunOnce([&] {
    for (std::uint32_t run = 0; run < measurement.run_count(); ++run) {
      Work work(tasks);
      work.Spin(kBodySteps);
      StartOrder order(tasks + static_cast<std::uint32_t>(workers));
      RunWhenAllIsThere(workers, order, [&](TaskGroup& group) {
        for (std::uint32_t i = 0; i < others; ++i) {
          group.Detach(WithPriority(i % 2 == 0 ? 0 : 5), weft::bench::Body{&work, i});
        }
        Task<> last = group.Submit(WithPriority(-1), weft::bench::Body{&work, others});
        for (std::uint32_t i = 1; i < links; ++i) {
          last = group.Submit(WithPriority(-1), weft::bench::Body{&work, others + i}, After(last));
        }
        group.Detach(WithPriority(10), weft::bench::Body{&work, others + links}, After(last));
      });
      if (wrong == nullptr) wrong = work.Wrong(1);
      const std::vector<StartedTask> starts = order.Starts(workers);
      const auto urgent = std::ranges::find(starts, Lane::kUrgent, &StartedTask::lane);
      position = std::max(position, static_cast<double>(urgent - starts.begin()) + 1);
    }
  });
  measurement.Expect(wrong);
  measurement.Report("position", position);
  measurement.Report("strict_position", strict);
  measurement.Report("behind_strict", position - strict);
}

}  // namespace

void RegisterWeftPriorities(Suite& suite) {
  const bool small = suite.flags().small;
  for (const int workers : {1, 2, 8}) {
    suite.Add("priority_honour_order", "weft", workers, [=](Measurement& measurement) {
      CountHonoured(measurement, workers, small ? 100 : 10'000);
    });
    suite.Add("priority_honour_inheritance", "weft", workers, [=](Measurement& measurement) {
      CountInheritance(measurement, workers, small ? 5 : 50, small ? 50 : 1'000);
    });
  }
  suite.Add("priority_honour_ageing", "weft", 1, 1,
            [=](Measurement& measurement) { CountAgeing(measurement, small ? 1 : 20); });
}

}  // namespace weft::bench
