// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/state_path.h"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "absl/status/status.h"

#include "weft/sync/terminal_text.h"

namespace weft::tools {
namespace {

bool IsAbsolute(const char* folder) { return folder != nullptr && folder[0] == '/'; }

std::string Below(std::string_view folder, std::string_view name) {
  while (folder.ends_with('/')) folder.remove_suffix(1);
  return std::string(folder) + "/" + std::string(name);
}

}  // namespace

std::optional<std::string> FindStateFile(std::string_view file) {
  return FindStateFile(file, std::getenv("XDG_STATE_HOME"), std::getenv("HOME"));
}

std::optional<std::string> FindStateFile(std::string_view file, const char* state_home,
                                         const char* home) {
  const std::string name = "weft/" + std::string(file);
  if (IsAbsolute(state_home)) return Below(state_home, name);
  if (IsAbsolute(home)) return Below(home, ".local/state/" + name);
  return std::nullopt;
}

absl::Status MakeFoldersAbove(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != path.npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (mkdir(folder.c_str(), S_IRWXU) == 0 || errno == EEXIST) continue;
    return absl::ErrnoToStatus(errno, "cannot make folder '" + MakePrintable(folder) + "'");
  }
  return absl::OkStatus();
}

}  // namespace weft::tools
