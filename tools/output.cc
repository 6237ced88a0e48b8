// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/output.h"

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "absl/status/status.h"

namespace weft::tools {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 16;

// Whoever shares the descriptor with us may have made it one that does not block.
void WaitForRoom(int descriptor) {
  struct pollfd wanted = {.fd = descriptor, .events = POLLOUT, .revents = 0};
  poll(&wanted, 1, -1);
}

}  // namespace

Output::Output(int descriptor, std::string name)
    : descriptor_(descriptor), name_(std::move(name)) {}

void Output::Write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() < kBufferBytes) return;
  WriteOut(buffer_);
  buffer_.clear();
}

absl::Status Output::Flush() {
  WriteOut(buffer_);
  buffer_.clear();
  return error_;
}

void Output::WriteOut(std::string_view text) {
  while (error_.ok() && !text.empty()) {
    const ssize_t written = write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      WaitForRoom(descriptor_);
    } else if (errno != EINTR) {
      error_ = absl::ErrnoToStatus(errno, "cannot write to " + name_);
    }
  }
}

void ReserveStandardDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // open() takes the lowest free number, which is this one. Read-only: a write to it
    // is refused, as it would have been before.
    if (open("/dev/null", O_RDONLY) < 0) return;
  }
}

}  // namespace weft::tools
