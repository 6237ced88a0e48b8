// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/progress_display.h"

#include <cerrno>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include "absl/synchronization/mutex.h"

#include "weft/sync/progress_mode.h"
#include "weft/sync/progress_snapshot.h"
#include "weft/sync/progress_text.h"

namespace weft {
namespace {

// Erases to the end of the line.
constexpr std::string_view kErase = "\x1b[K";

// The width may change while we run; no signal tells.
std::size_t CountTerminalColumns(int descriptor) {
  constexpr std::size_t kUsual = 80;
  struct winsize size = {};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

}  // namespace

ProgressDisplay::ProgressDisplay(int descriptor, ProgressMode mode)
    : descriptor_(descriptor), mode_(mode) {}

ProgressDisplay::ProgressDisplay(int descriptor, ProgressChoice choice)
    : ProgressDisplay(descriptor, ChooseProgressMode(choice, descriptor)) {}

ProgressDisplay::~ProgressDisplay() { Clear(); }

std::function<void(const ProgressSnapshot&)> ProgressDisplay::Listener() {
  if (!shown()) return nullptr;
  return [this](const ProgressSnapshot& snapshot) { Show(snapshot); };
}

void ProgressDisplay::Show(const ProgressSnapshot& snapshot) {
  absl::MutexLock lock(&mu_);
  if (cleared_) return;
  switch (mode_) {
    case ProgressMode::kHidden: break;
    case ProgressMode::kBar: PrintBar(snapshot); break;
    case ProgressMode::kLines: Print(FormatProgressLine(snapshot) + "\n"); break;
    case ProgressMode::kJson: Print(FormatProgressJson(snapshot) + "\n"); break;
  }
}

void ProgressDisplay::Say(std::string_view line) {
  absl::MutexLock lock(&mu_);
  Print(TakeBarAway() + std::string(line) + "\n");
}

void ProgressDisplay::Clear() {
  absl::MutexLock lock(&mu_);
  Print(TakeBarAway());
  cleared_ = true;
}

void ProgressDisplay::PrintBar(const ProgressSnapshot& snapshot) {
  // The last column stays free: after it some terminals begin a new line.
  const std::size_t room = CountTerminalColumns(descriptor_) - 1;
  // The terminal has become narrower, and what is there may lie on several of its lines. Moving
  // up might erase what is not ours: it is left behind.
  const std::string begin = columns_ > room ? "\n" : "\r";
  const ProgressBar bar = FormatProgressBar(snapshot, room);
  columns_ = bar.columns;
  // The cursor waits in front: there "^C", as terminals show it, is in the bar's line and goes
  // with it; behind the bar it would begin another line.
  Print(begin + bar.text + std::string(kErase) + "\r");
}

std::string ProgressDisplay::TakeBarAway() {
  if (columns_ == 0) return "";
  columns_ = 0;
  return "\r" + std::string(kErase);
}

void ProgressDisplay::Print(std::string_view text) {
  while (!text.empty() && !broken_) {
    const ssize_t written = write(descriptor_, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      return;  // nobody reads at the moment
    } else if (errno != EINTR) {
      broken_ = true;
    }
  }
}

}  // namespace weft
