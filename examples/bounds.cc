// SPDX-License-Identifier: Apache-2.0
//
// Tasks that share what there is only so much of: two licences, and threads for calls that block.

#include <algorithm>
#include <atomic>
#include <iostream>
#include <string>

#include "weft/weft.h"

int main() {
  weft::SchedulerOptions options;
  options.resources = {{.name = "licence", .units = 2}};
  options.blocking_threads = 8;
  auto scheduler = weft::TaskScheduler::Create(std::move(options));
  if (!scheduler.ok()) {
    std::cerr << scheduler.status() << "\n";
    return 1;
  }

  // At most 100 tasks are there at once: who submits more waits.
  weft::TaskGroup group(**scheduler, {.max_pending_tasks = 100});
  std::atomic<int> holders{0};
  std::atomic<int> most{0};
  for (int i = 0; i < 1000; ++i) {
    auto answer = group.Submit({.blocking = true}, [i] { return "answer " + std::to_string(i); });
    group.Detach(
        {.resources = {{.name = "licence"}}},
        [&](const std::string&) {
          const int now = ++holders;
          for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
          }
          --holders;
        },
        answer);
  }
  const weft::RunSummary summary = group.Wait();
  std::cout << summary.completed << " tasks; no more than two held a licence: " << std::boolalpha
            << (most <= 2) << "\n";

  // A need that can never be met is refused, by name.
  std::cout << (*scheduler)
                   ->Submit({.resources = {{.name = "licence", .units = 3}}}, [] {})
                   .Wait()
                   .message()
            << "\n";
  return summary.ok() && most <= 2 ? 0 : 1;
}
