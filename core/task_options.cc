// SPDX-License-Identifier: Apache-2.0

#include "weft/core/task_options.h"

#include <cmath>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace weft {
namespace {

absl::Status CheckTimeout(const char* field, absl::Duration timeout) {
  if (timeout > absl::ZeroDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(field) + ": " + absl::FormatDuration(timeout) +
                                    " is not allowed; it must be longer than nothing");
}

}  // namespace

absl::Status TaskOptions::Validate() const {
  if (!(cost >= 0) || !std::isfinite(cost)) {
    return absl::InvalidArgumentError("cost: " + std::to_string(cost) +
                                      " is not allowed; it is a number of microseconds from 0 on");
  }
  if (memory_bytes < 0) {
    return absl::InvalidArgumentError("memory_bytes: " + std::to_string(memory_bytes) +
                                      " is not allowed; it is at least 0");
  }
  if (const absl::Status valid = retry.Validate(); !valid.ok()) {
    return absl::Status(valid.code(), "retry." + std::string(valid.message()));
  }
  if (absl::Status valid = CheckTimeout("attempt_timeout", attempt_timeout); !valid.ok()) {
    return valid;
  }
  return CheckTimeout("timeout", timeout);
}

}  // namespace weft
