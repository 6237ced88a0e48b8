// SPDX-License-Identifier: Apache-2.0
//
// Tasks that wait for their second attempt: parked_rest, what they take meanwhile; parked_wake,
// how long after its time an attempt begins.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "bench/harness/process_stats.h"
#include "bench/harness/suite.h"
#include "bench/libraries.h"
#include "bench/scheduler/make_scheduler.h"
#include "weft/core/task_options.h"
#include "weft/scheduler/task.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_observer.h"

namespace weft::bench {
namespace {

// Counts tasks that were parked.
//
// Thread safety: as TaskObserver.
class ParkedCount final : public TaskObserver {
 public:
  void OnEvent(const TaskEvent& event) override {
    if (event.kind != TaskEventKind::kParked) return;
    ++count_;
    count_.notify_all();
  }
  void WaitFor(std::uint32_t tasks) const {
    for (std::uint32_t now = count_; now < tasks; now = count_) count_.wait(now);
  }

 private:
  std::atomic<std::uint32_t> count_{0};
};

std::unique_ptr<TaskScheduler> MakeParkingScheduler(int threads, TaskObserver* observer) {
  SchedulerOptions options;
  options.config.max_tasks_in_flight = 1'000'000;  // parked ones count
  options.observer = observer;
  return MakeScheduler(threads, std::move(options));
}

// A second attempt after exactly `wait`.
TaskOptions Again(absl::Duration wait) {
  TaskOptions options;
  options.retry.max_attempts = 2;
  options.retry.base = wait;
  options.retry.cap = wait;
  options.retry.jitter = Jitter::kNone;
  return options;
}

absl::Status Busy() { return absl::UnavailableError("busy"); }

// Memory is what the process has in use, more than before the first was submitted; nobody keeps a
// handle. Nobody but the process's threads could use its CPU time.
void ParkAll(Measurement& measurement, int threads, std::uint32_t tasks,
             std::chrono::milliseconds duration) {
  constexpr std::chrono::milliseconds kSettle(100);  // pumps look for work before they leave
  ParkedCount parked;
  const auto scheduler = MakeParkingScheduler(threads, &parked);
  {
    TaskGroup group(*scheduler);
    for (int i = 0; i < 200; ++i) group.Detach([] {});
    group.Wait();
  }
  std::this_thread::sleep_for(kSettle);
  ReturnFreedMemory();
  const int threads_before = ThreadCount();
  const double bytes_before = ResidentBytes();
  const TaskOptions options = Again(absl::Minutes(10));
  TaskGroup group(*scheduler);
  RunSummary summary;
  measurement.RunOnce([&] {
    for (std::uint32_t i = 0; i < tasks; ++i) group.Detach(options, Busy);
    parked.WaitFor(tasks);
    std::this_thread::sleep_for(kSettle);
    measurement.Report("bytes_per_task", (ResidentBytes() - bytes_before) / tasks);
    measurement.Report("threads", ThreadCount());
    const double before = CpuNanoseconds();
    std::this_thread::sleep_for(duration);
    measurement.Report("cpu_ms", (CpuNanoseconds() - before) * 1e-6);
    group.Cancel(absl::CancelledError("seen enough"));
    summary = group.Wait();
  });
  measurement.Report("threads_before", threads_before);
  measurement.Report("seconds", std::chrono::duration<double>(duration).count());
  measurement.Expect(summary.cancelled == tasks ? nullptr : "a parked task was not cancelled");
}

// Each is parked for `lead`, and for its share of `spread`, in an order that has nothing to do
// with that of the submissions.
void WakeAll(Measurement& measurement, int threads, std::uint32_t tasks, absl::Duration lead,
             absl::Duration spread) {
  std::vector<std::uint32_t> order(tasks);
  for (std::uint32_t i = 0; i < tasks; ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
  const auto scheduler = MakeParkingScheduler(threads, nullptr);
  TaskGroup group(*scheduler);
  std::vector<Task<>> handles;
  handles.reserve(tasks);
  double cpu_before = 0;
  measurement.RunOnce([&] {
    cpu_before = CpuNanoseconds();
    for (const std::uint32_t place : order) {
      handles.push_back(group.Submit(Again(lead + spread * place / tasks), Busy));
    }
    group.Wait();
  });
  measurement.Report("cpu_us_per_task", (CpuNanoseconds() - cpu_before) * 1e-3 / tasks);
  std::vector<double> late;
  late.reserve(tasks);
  bool right = true;
  for (const Task<>& handle : handles) {
    const TaskResult result = handle.result();
    right = right && result.failed_attempts.size() == 2;
    if (!right) break;
    const AttemptRecord& first = result.failed_attempts.front();
    late.push_back(absl::ToDoubleMicroseconds(result.failed_attempts.back().started -
                                              (first.ended + first.backoff)));
  }
  measurement.Expect(right ? nullptr : "a task did not have its two attempts");
  if (!right) return;
  std::ranges::sort(late);
  const auto quantile = [&](double share) {
    return late[static_cast<std::size_t>(std::ceil(share * tasks)) - 1];
  };
  measurement.Report("least_us", late.front());
  measurement.Report("p50_us", quantile(0.50));
  measurement.Report("p99_us", quantile(0.99));
  measurement.Report("most_us", late.back());
}

}  // namespace

void RegisterWeftParking(Suite& suite) {
  const bool small = suite.flags().small;
  const std::uint32_t tasks = small ? 100 : 100'000;
  for (const int threads : {2, 1}) {
    suite.Add("parked_rest", "weft", threads, 1, [=](Measurement& measurement) {
      ParkAll(measurement, threads, tasks, std::chrono::milliseconds(small ? 1 : 2000));
    });
    // The first one is due long after all have been submitted, also on a slow machine.
    suite.Add("parked_wake", "weft", threads, 1, [=](Measurement& measurement) {
      WakeAll(measurement, threads, tasks, absl::Milliseconds(small ? 20 : 4000),
              absl::Milliseconds(small ? 20 : 2000));
    });
  }
}

}  // namespace weft::bench
