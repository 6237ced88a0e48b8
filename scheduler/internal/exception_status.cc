// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/exception_status.h"

#include <exception>
#include <new>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace weft::internal {
namespace {

std::string TextOf(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    const char* what = exception.what();
    return what != nullptr ? what : "an exception without a text";
  } catch (const std::string& string) {
    return string;
  } catch (const char* string) {
    return string != nullptr ? string : "a null string";
  } catch (int number) {
    return "the number " + std::to_string(number);
  } catch (...) {
    return "an exception of a type that has no text";
  }
}

}  // namespace

absl::Status StatusOfException(const std::exception_ptr& thrown) noexcept {
  try {
    return absl::UnknownError("threw " + TextOf(thrown));
  } catch (const std::bad_alloc&) {
    return StatusWithText(absl::StatusCode::kUnknown, "threw");
  }
}

absl::Status Explained(std::string_view what, const absl::Status& status) noexcept {
  try {
    return absl::Status(status.code(), std::string(what) + std::string(status.message()));
  } catch (const std::bad_alloc&) {
    return status;
  }
}

absl::Status OutOfMemory() noexcept {
  try {
    // Made once, when there is memory; never destroyed: statics of users may still run tasks.
    static const absl::Status& made =
        *new absl::Status(absl::StatusCode::kResourceExhausted, "out of memory");
    return made;
  } catch (const std::bad_alloc&) {
    return absl::Status(absl::StatusCode::kResourceExhausted, "");  // needs no memory
  }
}

absl::Status StatusWithText(absl::StatusCode code, std::string_view text) noexcept {
  try {
    return absl::Status(code, absl::string_view(text.data(), text.size()));
  } catch (const std::bad_alloc&) {
    return absl::Status(code, "");
  }
}

}  // namespace weft::internal
