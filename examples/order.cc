// SPDX-License-Identifier: Apache-2.0
//
// Which ready task goes first: priorities, what they do to tasks in the way, and graphs whose
// longest way is known from hints, or from the last time. On simulated workers, in virtual time.

#include <cstdio>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

#include "weft/weft.h"

namespace {

std::unique_ptr<weft::TaskScheduler> Simulate(int workers, weft::VirtualClock& clock,
                                              weft::SchedulerOptions options = {}) {
  const auto time_of = [](std::string_view name) {
    return absl::Milliseconds(name == "chain" ? 3 : 1);
  };
  options.executor = *weft::SimulatedExecutor::Create(/*seed=*/1, workers, clock, time_of);
  return *weft::TaskScheduler::Create(std::move(options));
}

void Priorities() {
  weft::VirtualClock clock;
  const auto scheduler = Simulate(/*workers=*/1, clock);
  weft::TaskGroup group(*scheduler);
  const auto say = [](std::string_view what) { return [what] { std::cout << " " << what; }; };
  group.Submit({.priority = -1}, say("low"));
  group.Submit(say("normal"));
  group.Submit({.priority = 1}, say("high"));
  const auto table = group.Submit({.priority = -1}, say("table"));
  // The table goes before others, too.
  group.Submit({.priority = 10}, say("urgent"), weft::After(table));
  const auto raised = group.Submit({.priority = -1}, say("raised"));
  raised.Raise(5);
  std::cout << "one worker:";
  group.Wait();
  std::cout << "\n";
}

// A chain of three long nodes, and six short ones that have a priority. Whoever does not know how
// long the chain is begins with the others. `cost`: of a long one, in microseconds, or 0.
absl::Duration TimeOfRun(weft::TaskScheduler& scheduler, const weft::VirtualClock& clock,
                         double cost) {
  weft::TaskGraph graph;
  for (int i = 0; i < 6; ++i) {
    graph.Add({.kind = "short", .priority = 1, .cost = cost / 3}, [] {}).Name("short");
  }
  const auto add_long = [&] {
    return graph.Add({.kind = "long", .cost = cost}, [] {}).Name("chain");
  };
  auto last = add_long();
  for (int i = 0; i < 2; ++i) last = add_long().After(last);
  const absl::Duration began = clock.Now();
  return scheduler.Run(graph).ok() ? clock.Now() - began : absl::InfiniteDuration();
}

}  // namespace

int main() {
  Priorities();
  for (const int priority : {0, 10}) {
    weft::VirtualClock clock;
    weft::SchedulerOptions options;
    options.config.critical_path_priority = priority;
    const auto scheduler = Simulate(/*workers=*/2, clock, std::move(options));
    std::cout << "with costs, critical_path_priority " << priority << ": "
              << TimeOfRun(*scheduler, clock, /*cost=*/3000) << "\n";
  }
  // Without costs the second run knows what the first one took, and so does the next scheduler.
  const char* const kept = "order.costs";
  std::remove(kept);
  for (int i = 0; i < 2; ++i) {
    weft::VirtualClock clock;
    const auto scheduler = Simulate(/*workers=*/2, clock, {.history_path = kept});
    std::cout << "without: " << TimeOfRun(*scheduler, clock, /*cost=*/0) << ", then "
              << TimeOfRun(*scheduler, clock, /*cost=*/0) << "\n";
    if (!scheduler->Shutdown().ok() || !scheduler->history_status().ok()) return 1;
  }
  return std::remove(kept);
}
