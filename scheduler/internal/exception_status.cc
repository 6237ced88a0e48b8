// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/exception_status.h"

#include <exception>
#include <string>

#include "absl/status/status.h"

namespace weft::internal {
absl::Status StatusOfException(const std::exception_ptr& thrown) noexcept {
  std::string text;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    const char* what = exception.what();
    text = what != nullptr ? what : "an exception without a text";
  } catch (const std::string& string) {
    text = string;
  } catch (const char* string) {
    text = string != nullptr ? string : "a null string";
  } catch (int number) {
    text = "the number " + std::to_string(number);
  } catch (...) {
    text = "an exception of a type that has no text";
  }
  return absl::UnknownError("threw " + text);
}

}  // namespace weft::internal
