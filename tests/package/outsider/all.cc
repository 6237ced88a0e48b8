// SPDX-License-Identifier: Apache-2.0
//
// The whole library, by its one header: two tasks, and a third that needs both.

#include <iostream>
#include <string>

#include "absl/status/statusor.h"

#include "weft/weft.h"

int main() {
  auto scheduler = weft::TaskScheduler::Create({});
  if (!scheduler.ok()) return 1;
  weft::TaskGroup group(**scheduler);
  auto warp = group.Submit([] { return std::string("warp"); });
  auto weft = group.Submit([] { return std::string("weft"); });
  auto cloth = group.Submit(
      [](const std::string& a, const std::string& b) { return a + " and " + b; }, warp, weft);
  const absl::StatusOr<std::string>& text = cloth.Get();
  if (!text.ok() || *text != "warp and weft" || !group.Wait().status.ok()) return 1;
  std::cout << *text << "\n";
  return 0;
}
