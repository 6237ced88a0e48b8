// SPDX-License-Identifier: Apache-2.0
//
// One floor alone.

#include <iostream>

#include "absl/status/status.h"

#include "weft/core/cancellation.h"

int main() {
  weft::CancellationSource source;
  const weft::CancellationToken token = source.token();
  source.Cancel(absl::CancelledError("enough"));
  if (!token.cancelled() || token.reason().message() != "enough") return 1;
  double narrowing = 1.5;
  int narrowed = narrowing;  // Would be refused if weft's warnings reached us as errors.
  std::cout << "core " << narrowed << "\n";
  return 0;
}
