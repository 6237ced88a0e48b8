// SPDX-License-Identifier: Apache-2.0
//
// How the bodies of random programs and graphs end.

#ifndef WEFT_TESTS_TESTING_RANDOM_ENDING_H_
#define WEFT_TESTS_TESTING_RANDOM_ENDING_H_

#include <stdexcept>

#include "absl/status/status.h"

namespace weft::testing {

enum class Ending { kValue, kError, kThrow };

// The end of a body that was asked to end like this.
inline absl::Status EndAs(Ending ending) {
  if (ending == Ending::kError) return absl::AbortedError("asked to");
  if (ending == Ending::kThrow) throw std::runtime_error("asked to");
  return absl::OkStatus();
}

}  // namespace weft::testing

#endif  // WEFT_TESTS_TESTING_RANDOM_ENDING_H_
