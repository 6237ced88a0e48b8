// SPDX-License-Identifier: Apache-2.0

#include "weft/core/clock.h"

#include <chrono>

#include "absl/time/time.h"

namespace weft {
namespace {

class Steady final : public Clock {
 public:
  absl::Duration Now() const override {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace

Clock& SteadyClock() {
  static Steady clock;
  return clock;
}

}  // namespace weft
