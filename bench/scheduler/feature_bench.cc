// SPDX-License-Identifier: Apache-2.0
//
// What each feature costs when it is used: feature_*, the same independent tasks, each
// time with one thing more than feature_plain.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "bench/harness/suite.h"
#include "bench/harness/task_workloads.h"
#include "bench/harness/work.h"
#include "bench/libraries.h"
#include "bench/scheduler/make_scheduler.h"
#include "weft/core/cancellation.h"
#include "weft/core/task_context.h"
#include "weft/core/task_definition.h"
#include "weft/core/task_options.h"
#include "weft/scheduler/task.h"
#include "weft/scheduler/task_group.h"
#include "weft/sync/progress_tracker.h"

namespace weft::bench {
namespace {

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

struct Feature {
  std::string_view name;
  Submit submit;
  bool record_times = false;
  bool linked_token = false;
};

constexpr Feature kFeatures[] = {
    {"plain", Plain},
    {"context", LooksAtItsToken},
    {"priority", FourPriorities},
    {"result", KeepsResults},
    {"failure", Fails},
    {"name", Named},
    {"record_times", Plain, true, false},
    {"cancellation", Plain, false, true},
    {"progress", TellsProgress},
};

void TimeFeature(Measurement& measurement, int threads, std::uint32_t tasks,
                 const Feature& feature) {
  Work work(tasks);
  SchedulerOptions options;
  options.record_times = feature.record_times;
  const std::unique_ptr<TaskScheduler> scheduler = MakeScheduler(threads, std::move(options));
  const CancellationSource source;
  TimeSubmissions(measurement, work, 0, [&] {
    GroupOptions group_options;
    if (feature.linked_token) group_options.cancellation = source.token();
    TaskGroup group(*scheduler, group_options);
    feature.submit(group, work);
    group.Wait();
  });
}

}  // namespace

void RegisterWeftFeatures(Suite& suite) {
  const std::uint32_t tasks = suite.flags().small ? kSmallTasks : kOutsideTasks;
  for (const Feature& feature : kFeatures) {
    for (const int threads : {2, 1}) {
      suite.Add(
          "feature_" + std::string(feature.name), "weft", threads,
          [=](Measurement& measurement) { TimeFeature(measurement, threads, tasks, feature); });
    }
  }
}

}  // namespace weft::bench
