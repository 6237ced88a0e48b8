// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/trace/internal/resident_memory.h"

#include <charconv>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace weft::internal {

ResidentMemory::ResidentMemory()
    : file_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)), page_bytes_(sysconf(_SC_PAGESIZE)) {}

ResidentMemory::~ResidentMemory() {
  if (file_ >= 0) close(file_);
}

std::optional<std::int64_t> ResidentMemory::Sample() const {
  char text[128];
  const ssize_t size = file_ < 0 ? 0 : pread(file_, text, sizeof(text), 0);
  if (size <= 0) return std::nullopt;
  // "<all pages> <resident pages> ..."
  const std::string_view line(text, static_cast<std::size_t>(size));
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  std::int64_t pages = 0;
  const auto [end, error] = std::from_chars(line.data() + space + 1, line.data() + size, pages);
  if (error != std::errc()) return std::nullopt;
  return pages * page_bytes_;
}

}  // namespace weft::internal
