// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/progress_snapshot.h"

#include <string>

namespace weft {
namespace {

bool IsKnown(const ProgressLevel& level) {
  return level.total > 0 || level.completed > 0 || level.failed > 0;
}

std::string Describe(const ProgressLevel& level) {
  std::string text = level.label;
  if (level.total > 0) {
    text += " " + std::to_string(level.completed) + "/" + std::to_string(level.total);
  } else {
    text += ": " + std::to_string(level.completed);
  }
  if (level.failed > 0) text += " (" + std::to_string(level.failed) + " failed)";
  return text;
}

}  // namespace

std::string ProgressSnapshot::Text() const {
  std::string text;
  bool counted = false;
  for (const ProgressLevel& level : levels) {
    // The last stays in any case: it says what is being done.
    if (!IsKnown(level) && &level != &levels.back()) continue;
    if (!text.empty()) text += ", ";
    text += Describe(level);
    counted = level.total > 0;
  }
  return counted ? text + " completed" : text;
}

}  // namespace weft
