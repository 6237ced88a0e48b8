// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_EXCEPTION_STATUS_H_
#define WEFT_SCHEDULER_INTERNAL_EXCEPTION_STATUS_H_

#include <exception>
#include <string_view>

#include "absl/status/status.h"

namespace weft::internal {

// kUnknown with the text of what was thrown, whatever it was. Never throws.
absl::Status StatusOfException(const std::exception_ptr& thrown) noexcept;

// The same code, and a text that begins with `what`. Never throws.
absl::Status Explained(std::string_view what, const absl::Status& status) noexcept;

// kResourceExhausted: for when there is no memory for a better text. Never throws.
absl::Status OutOfMemory() noexcept;

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_EXCEPTION_STATUS_H_
