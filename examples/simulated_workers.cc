// SPDX-License-Identifier: Apache-2.0
//
// How much would more cores help? The same graph on 1 to 16 simulated workers, in virtual
// time: nothing here sleeps, and the numbers are the same on every machine.

#include <iostream>
#include <utility>
#include <vector>

#include "weft/weft.h"

namespace {

// Ten files of different size are parsed, each after it was read; a report comes last. Reading
// goes through one disk: one file after the other.
absl::Duration TimeOn(int workers) {
  weft::TaskGraph graph;
  auto report = graph.Add([] {}).Name("report").Cost(50);
  auto read = graph.Add([] {}).Name("open").Cost(10);
  for (int size = 1; size <= 10; ++size) {
    auto next = graph.Add([] {}).Cost(10).After(read);
    graph.Add([] {}).Cost(100.0 * size).After(next).Before(report);
    read = next;
  }
  weft::VirtualClock clock;
  weft::SchedulerOptions options;
  options.executor = *weft::SimulatedExecutor::Create(/*seed=*/1, workers, clock);
  const auto scheduler = *weft::TaskScheduler::Create(std::move(options));
  return scheduler->Run(graph).status.ok() ? clock.Now() : absl::InfiniteDuration();
}

}  // namespace

int main() {
  std::vector<absl::Duration> times;
  for (const int workers : {1, 2, 4, 8, 16}) {
    times.push_back(TimeOn(workers));
    std::cout << workers << " workers: " << times.back() << "\n";
  }
  // All the work at the one end, the longest path at the other.
  return times.front() == absl::Microseconds(5660) && times.back() == absl::Microseconds(1160) ? 0
                                                                                               : 1;
}
