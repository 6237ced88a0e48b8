// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_EXCEPTION_STATUS_H_
#define WEFT_SCHEDULER_INTERNAL_EXCEPTION_STATUS_H_

#include <exception>
#include <new>
#include <string_view>

#include "absl/status/status.h"

namespace weft::internal {

// kUnknown with the text of what was thrown, whatever it was. Never throws.
absl::Status StatusOfException(const std::exception_ptr& thrown) noexcept;

// The same code, and a text that begins with `what`. Never throws.
absl::Status Explained(std::string_view what, const absl::Status& status) noexcept;

// kResourceExhausted. Never throws.
absl::Status OutOfMemory() noexcept;

// With `text`, unless there is no memory for it. Never throws.
absl::Status StatusWithText(absl::StatusCode code, std::string_view text) noexcept;

// What `call` returns, an absl::Status or an absl::StatusOr; OutOfMemory where it throws
// std::bad_alloc.
template <class F>
auto OrOutOfMemory(F call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_EXCEPTION_STATUS_H_
