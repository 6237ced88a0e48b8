// SPDX-License-Identifier: Apache-2.0
//
// How far a job of two stages is: a bar where standard error is a terminal, lines elsewhere, and
// figures for who asks.

#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

#include "weft/weft.h"

int main() {
  weft::TaskScheduler scheduler;
  // Before the tracker, which calls it.
  weft::ProgressDisplay display(STDERR_FILENO, weft::ProgressChoice::kAlways);
  weft::ProgressTracker job({.label = "Stage",
                             .total = 2,
                             .listener = display.Listener(),
                             .interval = display.interval()});
  auto parsing = job.root().AddPart({.label = "File"});
  auto linking = job.root().AddPart({.label = "Name"});

  // Items are announced together; each ends with its result.
  std::vector<std::string> files;
  for (int i = 0; i < 2000; ++i) files.push_back(std::to_string(i) + ".c");
  weft::TaskGroup group(scheduler);
  const auto sizes = weft::ParallelMap(group, files,
                                       [](const std::string& file) -> absl::StatusOr<std::size_t> {
                                         if (file == "7.c")
                                           return absl::DataLossError("not a file of C");
                                         return file.size();
                                       },
                                       {.progress = &parsing});

  // Tasks are announced as they come in, also those that tasks submit.
  weft::ProgressLevel names;
  {
    weft::TaskGroup links(scheduler, {.progress = &linking});
    for (int i = 0; i < 50; ++i) {
      links.Detach([&links] {
        for (int child = 0; child < 9; ++child) links.Detach([] {});
      });
    }
    links.Wait();
    names = job.Snapshot().levels.back();
  }  // more might have come until here
  job.Finish();
  display.Clear();

  const std::string text = job.Snapshot().Text();
  std::cout << names.completed << " names of " << names.total << "\n" << text << "\n";
  return names.completed == 500 && text == "Stage 1/2 (1 failed) completed" ? 0 : 1;
}
