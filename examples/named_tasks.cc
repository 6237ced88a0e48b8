// SPDX-License-Identifier: Apache-2.0
//
// Tasks by name, in any order, with a cycle that is refused and a name that never came.

#include <iostream>

#include "weft/weft.h"

int main() {
  weft::TaskScheduler scheduler;
  weft::TaskGroup group(scheduler);

  // "link" is waited for before anybody has said what it is.
  auto test = group.Schedule(
      {.id = "test", .function = [] { std::cout << "test\n"; }, .dependencies = {"link"}});
  auto link = group.Schedule(
      {.id = "link", .function = [] { std::cout << "link\n"; }, .dependencies = {"compile"}});
  auto cycle = group.Schedule({.id = "compile", .function = [] {}, .dependencies = {"test"}});
  std::cout << cycle.status().message() << "\n";
  auto compile = group.Schedule({.id = "compile", .function = [] { std::cout << "compile\n"; }});
  auto deploy = group.Schedule({.id = "deploy", .function = [] {}, .dependencies = {"approval"}});

  const weft::RunSummary summary = group.Wait();
  for (const weft::UnresolvedDependency& open : summary.unresolved) {
    std::cout << open.task_name << " waits for " << open.waits_for << "\n";
  }
  const bool as_expected = test.ok() && link.ok() && compile.ok() && deploy.ok() &&
                           summary.completed == 3 && summary.pending == 1;
  return as_expected ? 0 : 1;
}
