// SPDX-License-Identifier: Apache-2.0

#include "testing/pseudo_terminal.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <pty.h>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace weft::testing {
namespace {

// ENQ: goes through a terminal as it is, and no program here writes it.
constexpr char kMark = '\x05';

}  // namespace

PseudoTerminal::PseudoTerminal(int columns) {
  if (openpty(&test_, &program_, nullptr, nullptr, nullptr) != 0) std::abort();
  fcntl(test_, F_SETFD, FD_CLOEXEC);
  fcntl(program_, F_SETFD, FD_CLOEXEC);
  SetColumns(columns);
}

PseudoTerminal::~PseudoTerminal() {
  if (test_ >= 0) close(test_);
  if (program_ >= 0) close(program_);
}

void PseudoTerminal::SetColumns(int columns) const {
  struct winsize size = {};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = 24;
  if (ioctl(test_, TIOCSWINSZ, &size) != 0) std::abort();
}

std::string PseudoTerminal::Read() const {
  std::string text;
  if (write(program_, &kMark, 1) != 1) std::abort();
  while (!text.ends_with(kMark)) {
    std::array<char, 4096> block;
    const ssize_t size = read(test_, block.data(), block.size());
    if (size < 0 && errno != EINTR) std::abort();
    if (size > 0) text.append(block.data(), static_cast<std::size_t>(size));
  }
  text.pop_back();
  return text;
}

int PseudoTerminal::TakeProgramEnd() { return std::exchange(program_, -1); }
int PseudoTerminal::TakeTestEnd() { return std::exchange(test_, -1); }

}  // namespace weft::testing
