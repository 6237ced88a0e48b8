// SPDX-License-Identifier: Apache-2.0
//
// What can be seen of a run: each event as it comes, a summary with the critical path, what is
// stuck and why, and a trace for ui.perfetto.dev, in the file `seeing.pftrace`.

#include <atomic>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"

#include "weft/integrations/trace/trace_writer.h"
#include "weft/weft.h"

namespace {

// A scheduler has one observer; this one has another behind it.
struct CountStarts final : weft::TaskObserver {
  void OnStart(int slot_count) override { next->OnStart(slot_count); }
  void OnEvent(const weft::TaskEvent& event) override {
    if (event.kind == weft::TaskEventKind::kStarted) ++starts;
    next->OnEvent(event);
  }
  weft::TaskObserver* next = nullptr;
  std::atomic<int> starts{0};
};

absl::Status Build(weft::TaskGroup& group) {
  std::vector<weft::TaskDefinition> tasks;
  const auto add = [&tasks](std::string id, std::vector<weft::TaskRef> after, double cost) {
    tasks.push_back({.id = std::move(id), .function = [] {}, .dependencies = std::move(after)});
    tasks.back().options.cost = cost;
  };
  add("read", {}, 2000);
  for (const char* const name : {"parse a", "parse b", "parse c"}) add(name, {"read"}, 3000);
  add("link", {"parse a", "parse b", "parse c"}, 1000);
  return group.ScheduleBatch(std::move(tasks)).status();
}

// One upload hangs, another wants its line, and a third task waits for both. StuckReport::ToString
// says the same, with ids and times.
absl::Status Hang(weft::TaskGroup& group, weft::VirtualClock& clock, absl::Notification& barked) {
  const auto hang = [&] {
    for (const weft::StuckTask& task : group.scheduler().WhatWaits().tasks) {
      std::cout << task.name << " is " << weft::TaskStateName(task.state);
      for (const auto& reason : task.waits_for) std::cout << ", waits for " << reason.name;
      std::cout << "\n";
    }
    while (!barked.WaitForNotificationWithTimeout(absl::Milliseconds(1))) {
      clock.Advance(absl::Minutes(1));
    }
  };
  std::vector<weft::TaskDefinition> tasks(3);
  tasks[0] = {.id = "upload a", .function = hang, .options = {.resources = {{.name = "line"}}}};
  tasks[1] = {.id = "upload b", .function = [] {}, .options = {.resources = {{.name = "line"}}}};
  tasks[2] = {.id = "tell", .function = [] {}, .dependencies = {"upload a", "upload b"}};
  return group.ScheduleBatch(std::move(tasks)).status();
}

}  // namespace

int main() {
  const auto trace = *weft::TraceWriter::Create("seeing.pftrace");
  CountStarts observer;
  observer.next = trace.get();
  weft::VirtualClock clock;
  absl::Notification barked;
  const auto bark = [&barked](const weft::StuckReport& report) {
    std::cout << "watchdog: " << report.tasks.front().name << " hangs\n";
    barked.Notify();
  };
  weft::SchedulerOptions options;
  options.watchdog = {.after = absl::Hours(1), .report = bark};
  options.executor = *weft::SimulatedExecutor::Create(/*seed=*/1, /*workers=*/2, clock);
  options.observer = &observer;
  options.record_runs = true;
  options.resources = {{.name = "line", .units = 1}};
  auto scheduler = *weft::TaskScheduler::Create(std::move(options));
  if (!Build(scheduler->root()).ok()) return 1;
  std::cout << scheduler->WaitAll().ToString() << "\n";
  if (!Hang(scheduler->root(), clock, barked).ok() || !scheduler->WaitAll().ok()) return 1;
  scheduler.reset();  // before its observer
  const absl::Status written = trace->Close();
  std::cout << observer.starts << " starts, " << trace->stats().arrows << " arrows\n";
  return written.ok() ? 0 : 1;
}
