// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/directory_reader.h"

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft::internal {
namespace {

EntryType TypeOfMode(mode_t mode) {
  if (S_ISREG(mode)) return EntryType::kRegular;
  if (S_ISDIR(mode)) return EntryType::kDirectory;
  if (S_ISLNK(mode)) return EntryType::kSymlink;
  if (S_ISFIFO(mode)) return EntryType::kFifo;
  if (S_ISSOCK(mode)) return EntryType::kSocket;
  return EntryType::kDevice;
}

RawEntry Describe(int folder, const dirent64& raw) {
  RawEntry entry{.name = raw.d_name};
  if (raw.d_type != DT_UNKNOWN) {
    entry.type = TypeOfMode(DTTOIF(raw.d_type));
    return entry;
  }
  struct stat status {};
  if (fstatat(folder, raw.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
    entry.type = TypeOfMode(status.st_mode);
  } else {
    entry.error = errno;
  }
  return entry;
}

}  // namespace

absl::Status ReadDirectory(int folder, DirectoryBuffer& buffer,
                           absl::FunctionRef<void(const RawEntry&)> entry,
                           absl::FunctionRef<bool()> go_on) {
  while (go_on()) {
    const ssize_t filled = getdents64(folder, buffer.bytes.data(), buffer.bytes.size());
    if (filled == 0) return absl::OkStatus();
    if (filled < 0 && errno == EINTR) continue;
    if (filled < 0) return absl::ErrnoToStatus(errno, "cannot read all of the folder");
    for (ssize_t at = 0; at < filled;) {
      const auto& raw = *reinterpret_cast<const dirent64*>(buffer.bytes.data() + at);
      at += raw.d_reclen;
      if (std::strcmp(raw.d_name, ".") == 0 || std::strcmp(raw.d_name, "..") == 0) continue;
      entry(Describe(folder, raw));
    }
  }
  return absl::OkStatus();
}

}  // namespace weft::internal
