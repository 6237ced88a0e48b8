// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/progress_line.h"

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"
#include "weft/tools/terminal_text.h"

namespace weft::tools {
namespace {

std::string_view ReadVariable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// The width may change while we run.
std::size_t CountTerminalColumns(int descriptor) {
  constexpr std::size_t kUsual = 80;
  constexpr std::size_t kFewest = 20;
  struct winsize size = {};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col < kFewest) return kUsual;
  return size.ws_col;
}

// Keeps the front, which says most, within one line: a wrapped line cannot be erased.
std::string KeepFront(std::string text, std::size_t columns) {
  if (text.size() > columns) text.resize(columns);
  return text;
}

}  // namespace

ProgressStyle ProgressStyle::For(ProgressChoice choice, int descriptor) {
  const bool terminal = isatty(descriptor) == 1;
  const bool dumb = ReadVariable("TERM").empty() || ReadVariable("TERM") == "dumb";
  ProgressStyle style;
  style.shown =
      choice == ProgressChoice::kAlways || (choice == ProgressChoice::kAuto && terminal && !dumb);
  style.in_place = terminal && !dumb;
  return style;
}

ProgressLine::ProgressLine(int descriptor, ProgressStyle style, const Clock& clock)
    : descriptor_(descriptor), style_(style), clock_(clock) {}

ProgressLine::~ProgressLine() { Clear(); }

void ProgressLine::Update(absl::FunctionRef<std::string()> describe) {
  if (!style_.shown || !mu_.TryLock()) return;
  const absl::Duration now = clock_.Now();
  if (!cleared_ && now >= next_) {
    next_ = now + (style_.in_place ? absl::Milliseconds(100) : absl::Seconds(1));
    if (style_.in_place) {
      const std::string text = KeepFront(describe(), CountTerminalColumns(descriptor_) - 1);
      Print("\r" + PadRight(text, columns_));
      columns_ = text.size();
    } else {
      Print(describe() + "\n");
    }
  }
  mu_.Unlock();
}

void ProgressLine::Say(std::string_view line) {
  absl::MutexLock lock(&mu_);
  Print(TakeLineAway() + std::string(line) + "\n");
}

void ProgressLine::Clear() {
  absl::MutexLock lock(&mu_);
  Print(TakeLineAway());
  cleared_ = true;
}

std::string ProgressLine::TakeLineAway() {
  if (columns_ == 0) return "";
  const std::string blanks(columns_, ' ');
  columns_ = 0;
  return "\r" + blanks + "\r";
}

// Progress is a courtesy: where it cannot be written, the work goes on without.
void ProgressLine::Print(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t written = write(descriptor_, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace weft::tools
