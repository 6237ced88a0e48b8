// SPDX-License-Identifier: Apache-2.0
//
// One function over many items: results in input order, one error for one item, one
// buffer per worker.

#include <iostream>
#include <string>
#include <vector>

#include "weft/weft.h"

int main() {
  weft::TaskScheduler scheduler;
  weft::TaskGroup group(scheduler);
  weft::WorkerLocal<std::string> buffers(scheduler);

  const std::vector<std::string> names = {"warp", "", "weft"};
  const std::vector<absl::StatusOr<std::string>> shouted = weft::ParallelMap(
      group, names,
      [&](weft::TaskContext& context, const std::string& name) -> absl::StatusOr<std::string> {
        if (name.empty()) return absl::InvalidArgumentError("an empty name");
        std::string& buffer = buffers.Get(context);
        buffer.clear();
        for (char c : name) buffer += static_cast<char>(c - 'a' + 'A');
        return buffer;
      });

  for (const absl::StatusOr<std::string>& result : shouted) {
    std::cout << (result.ok() ? *result : result.status().ToString()) << "\n";
  }
  return *shouted[2] == "WEFT" && !shouted[1].ok() ? 0 : 1;
}
