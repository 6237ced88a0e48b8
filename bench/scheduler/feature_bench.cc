// SPDX-License-Identifier: Apache-2.0
//
// What each feature costs when it is used: feature_*, the same independent tasks, each time with
// one thing more than feature_plain. Each is timed in turns with plain tasks in the same process.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "bench/harness/suite.h"
#include "bench/harness/task_workloads.h"
#include "bench/harness/work.h"
#include "bench/libraries.h"
#include "bench/scheduler/make_scheduler.h"
#include "weft/core/cancellation.h"
#include "weft/core/task_context.h"
#include "weft/core/task_definition.h"
#include "weft/core/task_options.h"
#include "weft/integrations/trace/trace_writer.h"
#include "weft/scheduler/stuck_report.h"
#include "weft/scheduler/task.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_observer.h"
#include "weft/sync/progress_tracker.h"

namespace weft::bench {
namespace {

constexpr std::uint32_t kFeatureTasks = 200'000;
constexpr std::uint32_t kTurnsPerRun = 3;

// Submits the tasks of `work` to `group`; does not wait.
using Submit = void (*)(TaskGroup& group, Work& work);

void Plain(TaskGroup& group, Work& work) {
  for (std::uint32_t i = 0; i < work.size(); ++i) group.Submit(Body{&work, i});
}

void LooksAtItsToken(TaskGroup& group, Work& work) {
  for (std::uint32_t i = 0; i < work.size(); ++i) {
    group.Submit([&work, i](TaskContext& context) {
      if (!context.cancelled()) work.Run(i);
    });
  }
}

void TakesItsToken(TaskGroup& group, Work& work) {
  for (std::uint32_t i = 0; i < work.size(); ++i) {
    group.Submit([&work, i](TaskContext& context) {
      if (!context.token().cancelled()) work.Run(i);
    });
  }
}

// `set` changes one field.
template <auto set>
void WithOptions(TaskGroup& group, Work& work) {
  TaskOptions options;
  set(options);
  for (std::uint32_t i = 0; i < work.size(); ++i) group.Submit(options, Body{&work, i});
}
void Nothing(TaskOptions&) {}
void HighLane(TaskOptions& options) { options.priority = 5; }
void Kind(TaskOptions& options) { options.kind = "independent"; }
void Cost(TaskOptions& options) { options.cost = 1; }
// None fails: no attempt is followed by another, and nothing is late.
void Retry(TaskOptions& options) { options.retry.max_attempts = 3; }
void Timeout(TaskOptions& options) { options.timeout = absl::Hours(1); }
void AttemptTimeout(TaskOptions& options) { options.attempt_timeout = absl::Hours(1); }
void Finaliser(TaskOptions& options) { options.finaliser = true; }
// There is always enough of both.
void Resource(TaskOptions& options) { options.resources = {{"units", 1}}; }
void Memory(TaskOptions& options) { options.memory_bytes = 1; }
void Blocking(TaskOptions& options) { options.blocking = true; }

void FourPriorities(TaskGroup& group, Work& work) {
  constexpr int kPriorities[] = {-1, 0, 5, 10};
  for (std::uint32_t i = 0; i < work.size(); ++i) {
    TaskOptions options;
    options.priority = kPriorities[i % 4];
    group.Submit(options, Body{&work, i});
  }
}

void KeepsResults(TaskGroup& group, Work& work) {
  std::vector<Task<std::uint32_t>> results;
  results.reserve(work.size());
  for (std::uint32_t i = 0; i < work.size(); ++i) {
    results.push_back(group.Submit([&work, i] {
      work.Run(i);
      return i;
    }));
  }
  group.Wait();
  std::uint64_t sum = 0;
  for (const Task<std::uint32_t>& result : results) sum += result.Get().value();
  benchmark::DoNotOptimize(sum);
}

void Fails(TaskGroup& group, Work& work) {
  for (std::uint32_t i = 0; i < work.size(); ++i) {
    group.Submit([&work, i] {
      work.Run(i);
      return absl::DataLossError("lost");
    });
  }
}

void Degrades(TaskGroup& group, Work& work) {
  for (std::uint32_t i = 0; i < work.size(); ++i) {
    group.Submit([&work, i](TaskContext& context) {
      work.Run(i);
      context.Degrade(absl::DataLossError("lost"));
    });
  }
}

void Named(TaskGroup& group, Work& work) {
  for (std::uint32_t i = 0; i < work.size(); ++i) {
    // A refused task is one that did not run, which the harness finds.
    group.Schedule({.id = "independent/task-" + std::to_string(i), .function = Body{&work, i}})
        .IgnoreError();
  }
}

// Somebody hears of it ten times a second.
void TellsProgress(TaskGroup& group, Work& work) {
  double heard = 0;
  ProgressTracker tracker({.total = work.size(), .listener = [&](const ProgressSnapshot& snapshot) {
                             heard = snapshot.fraction;
                           }});
  for (std::uint32_t i = 0; i < work.size(); ++i) {
    group.Submit([&work, &tracker, i] {
      work.Run(i);
      tracker.root().Complete();
    });
  }
  group.Wait();
  tracker.Finish();
  benchmark::DoNotOptimize(heard);
}

class NoObserver final : public TaskObserver {
 public:
  void OnEvent(const TaskEvent& event) override { benchmark::DoNotOptimize(&event); }
};

void RecordTimes(SchedulerOptions& options) { options.record_times = true; }
void RecordRuns(SchedulerOptions& options) { options.record_runs = true; }
void Watched(SchedulerOptions& options) {
  options.watchdog = {.after = absl::Hours(1), .report = [](const StuckReport&) {}};
}
void HasUnits(SchedulerOptions& options) { options.resources = {{"units", kFeatureTasks}}; }

void Deadline(GroupOptions& options) { options.timeout = absl::Hours(1); }
void FailFast(GroupOptions& options) { options.fail_fast = true; }
void Bounded(GroupOptions& options) { options.max_pending_tasks = 10'000; }

enum class Sees { kNobody, kObserver, kTrace };

struct Feature {
  std::string_view name;
  Submit submit;
  void (*scheduler)(SchedulerOptions& options) = nullptr;
  void (*group)(GroupOptions& options) = nullptr;
  bool linked_token = false;
  Sees sees = Sees::kNobody;
};

constexpr Feature kPlain{.name = "plain", .submit = Plain};
constexpr Feature kFeatures[] = {
    kPlain,  // against itself: the noise
    {.name = "options", .submit = WithOptions<Nothing>},
    {.name = "high_lane", .submit = WithOptions<HighLane>},
    {.name = "priority", .submit = FourPriorities},
    {.name = "kind", .submit = WithOptions<Kind>},
    {.name = "cost", .submit = WithOptions<Cost>},
    {.name = "retry", .submit = WithOptions<Retry>},
    {.name = "timeout", .submit = WithOptions<Timeout>},
    {.name = "attempt_timeout", .submit = WithOptions<AttemptTimeout>},
    {.name = "finaliser", .submit = WithOptions<Finaliser>},
    {.name = "resource", .submit = WithOptions<Resource>, .scheduler = HasUnits},
    {.name = "memory", .submit = WithOptions<Memory>},
    {.name = "blocking", .submit = WithOptions<Blocking>},
    {.name = "group_timeout", .submit = Plain, .group = Deadline},
    {.name = "fail_fast", .submit = Plain, .group = FailFast},
    {.name = "max_pending", .submit = Plain, .group = Bounded},
    {.name = "cancellation", .submit = Plain, .linked_token = true},
    {.name = "context", .submit = LooksAtItsToken},
    {.name = "token", .submit = TakesItsToken},
    {.name = "result", .submit = KeepsResults},
    {.name = "failure", .submit = Fails},
    {.name = "degrade", .submit = Degrades},
    {.name = "name", .submit = Named},
    {.name = "progress", .submit = TellsProgress},
    {.name = "record_times", .submit = Plain, .scheduler = RecordTimes},
    {.name = "record_runs", .submit = Plain, .scheduler = RecordRuns},
    {.name = "watchdog", .submit = Plain, .scheduler = Watched},
    {.name = "observer", .submit = Plain, .sees = Sees::kObserver},
    {.name = "trace", .submit = Plain, .sees = Sees::kTrace},
};

// A scheduler whose tasks have one feature.
//
// Thread safety: one thread.
class FeatureRun {
 public:
  FeatureRun(const Feature& feature, int threads, Work& work) : feature_(feature), work_(work) {
    SchedulerOptions options;
    if (feature.scheduler != nullptr) feature.scheduler(options);
    if (feature.sees == Sees::kObserver) options.observer = &nobody_;
    if (feature.sees == Sees::kTrace) {
      TraceOptions trace;
      trace.period = absl::Milliseconds(1);
      trace_ = TraceWriter::Create("/dev/null", trace).value();
      options.observer = trace_.get();
    }
    scheduler_ = MakeScheduler(threads, std::move(options));
  }

  // Nanoseconds for a task.
  double Run() {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    {
      GroupOptions options;
      if (feature_.linked_token) options.cancellation = source_.token();
      if (feature_.group != nullptr) feature_.group(options);
      TaskGroup group(*scheduler_, options);
      feature_.submit(group, work_);
      group.Wait();
    }
    const std::chrono::duration<double, std::nano> elapsed = Clock::now() - begin;
    if (trace_ != nullptr) WaitUntilWritten();
    return elapsed.count() / work_.size();
  }

 private:
  // The next run begins with an empty buffer.
  void WaitUntilWritten() const {
    for (std::int64_t before = -1, now = 0; before != now;) {
      before = now;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const TraceStats stats = trace_->stats();
      now = stats.records + stats.dropped;
    }
  }

  const Feature& feature_;
  Work& work_;
  NoObserver nobody_;
  std::unique_ptr<TraceWriter> trace_;
  const CancellationSource source_;
  std::unique_ptr<TaskScheduler> scheduler_;
};

void TimeFeature(Measurement& measurement, int threads, std::uint32_t tasks,
                 const Feature& feature) {
  const std::uint32_t turns = kTurnsPerRun * measurement.run_count();
  Work plain_work(tasks);
  Work work(tasks);
  FeatureRun plain(kPlain, threads, plain_work);
  FeatureRun with(feature, threads, work);
  std::vector<double> plain_ns;
  std::vector<double> ns;
  std::vector<double> ratios;
  plain.Run();
  with.Run();
  measurement.RunOnce([&] {
    for (std::uint32_t turn = 0; turn < turns; ++turn) {
      // Each is the first of two as often as the second.
      if (turn % 2 == 0) plain_ns.push_back(plain.Run());
      ns.push_back(with.Run());
      if (turn % 2 == 1) plain_ns.push_back(plain.Run());
      ratios.push_back(ns.back() / plain_ns.back());
    }
  });
  measurement.Report("ns_per_task", Median(ns));
  measurement.Report("plain_ns_per_task", Median(plain_ns));
  measurement.Report("x_of_plain", Median(ratios));
  measurement.Expect(plain_work.Wrong(1 + turns));
  measurement.Expect(work.Wrong(1 + turns));
}

}  // namespace

void RegisterWeftFeatures(Suite& suite) {
  const std::uint32_t tasks = suite.flags().small ? kSmallTasks : kFeatureTasks;
  for (const Feature& feature : kFeatures) {
    for (const int threads : {2, 1}) {
      suite.Add(
          "feature_" + std::string(feature.name), "weft", threads,
          [=](Measurement& measurement) { TimeFeature(measurement, threads, tasks, feature); });
    }
  }
}

}  // namespace weft::bench
