// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/internal/trace_file.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"

namespace weft::internal {

absl::StatusOr<TraceFile> TraceFile::Create(std::string path) {
  constexpr mode_t kForAll = 0666;  // less what the umask takes away
  int descriptor = -1;
  do {
    descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kForAll);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot make trace ", path));
  return TraceFile(std::move(path), descriptor);
}

TraceFile::TraceFile(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}

TraceFile::TraceFile(TraceFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(other.bytes_),
      status_(std::move(other.status_)) {}

TraceFile::~TraceFile() { Abandon(); }

void TraceFile::Fail(int error, std::string_view what) {
  if (!status_.ok()) return;
  status_ = absl::ErrnoToStatus(
      error,
      absl::StrCat("cannot ", absl::string_view(what.data(), what.size()), " trace ", path_));
}

void TraceFile::Write(std::string_view bytes) {
  while (!bytes.empty() && status_.ok()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Fail(errno, "write");
    bytes_ += written;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

absl::Status TraceFile::Close() {
  // Linux has let go of the descriptor whatever close returns.
  const int descriptor = std::exchange(descriptor_, -1);
  if (descriptor >= 0 && close(descriptor) != 0 && errno != EINTR) Fail(errno, "close");
  return status_;
}

void TraceFile::Abandon() {
  if (const int descriptor = std::exchange(descriptor_, -1); descriptor >= 0) close(descriptor);
}

}  // namespace weft::internal
