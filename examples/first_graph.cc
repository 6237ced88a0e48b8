// SPDX-License-Identifier: Apache-2.0
//
// The example of README.md: five tasks, one error, one summary.

#include <iostream>
#include <string>

#include "weft/weft.h"

int main() {
  weft::TaskScheduler scheduler;
  weft::TaskGroup group(scheduler);

  auto text = group.Submit([] { return std::string("to weave is to cross"); });
  auto words = group.Submit(
      [](const std::string& t) {
        std::size_t count = 1;
        for (char c : t) count += c == ' ' ? 1 : 0;
        return count;
      },
      text);
  auto broken = group.Submit(
      [](const std::string&) -> absl::StatusOr<int> {
        return absl::DataLossError("the loom is out of thread");
      },
      text);
  auto after = group.Submit([](const int& n) { return n + 1; }, broken);  // skipped
  auto log = group.Submit(
      [](const absl::StatusOr<int>& n) {  // runs anyway
        std::cout << "after: " << n.status().message() << "\n";
      },
      after);

  const weft::RunSummary summary = group.Wait();
  std::cout << "words: " << *words.Get() << "\n" << summary.ToString() << "\n";
  return summary.failed == 1 && log.Get().ok() ? 0 : 1;
}
