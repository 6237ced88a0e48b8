// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/progress_mode.h"

#include <cstdlib>
#include <string_view>
#include <unistd.h>

#include "absl/time/time.h"

namespace weft {
namespace {

std::string_view ReadVariable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool TakesEscapes() {
  const std::string_view term = ReadVariable("TERM");
  return !term.empty() && term != "dumb" && ReadVariable("NO_COLOR").empty();
}

}  // namespace

ProgressMode ChooseProgressMode(ProgressChoice choice, int descriptor) {
  if (choice == ProgressChoice::kNever) return ProgressMode::kHidden;
  if (choice == ProgressChoice::kJson) return ProgressMode::kJson;
  const bool terminal = isatty(descriptor) == 1;
  if (choice == ProgressChoice::kAuto && !terminal) return ProgressMode::kHidden;
  return terminal && TakesEscapes() ? ProgressMode::kBar : ProgressMode::kLines;
}

absl::Duration ProgressInterval(ProgressMode mode) {
  return mode == ProgressMode::kLines ? absl::Seconds(1) : absl::Milliseconds(100);
}

}  // namespace weft
