// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/json_destination.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/sync/terminal_text.h"
#include "weft/tools/interrupt_watch.h"
#include "weft/tools/output.h"

namespace weft::tools {
namespace {

constexpr std::string_view kStandardOutput = "standard output";

// The names by which Linux offers descriptors of this process as files.
std::optional<int> ReadDescriptorName(std::string_view name) {
  if (name == "-" || name == "/dev/stdout") return STDOUT_FILENO;
  if (name == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!name.starts_with(folder)) continue;
    const std::string_view digits = name.substr(folder.size());
    int number = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size() && number >= 0) {
      return number;
    }
  }
  return std::nullopt;
}

absl::Status CannotWrite(const std::string& shown_name, int error) {
  return absl::ErrnoToStatus(error, "cannot write to " + shown_name);
}

bool IsStandardOutput(const struct stat& file) {
  struct stat out = {};
  return S_ISREG(file.st_mode) && fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == file.st_dev &&
         out.st_ino == file.st_ino;
}

// Follows links, so that a rename replaces the file and not the link to it.
std::string ResolveLinks(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? real.get() : path;
}

// Opens a new file next to `path` and says how it is called. The mode is that of any
// new file, which mkstemp would not give.
int MakeFileBeside(const std::string& path, std::string& name) {
  constexpr int kTries = 100;  // names left behind by others are few
  std::random_device random;
  int file = -1;
  for (int i = 0; i < kTries; ++i) {
    name = path + ".weft-" + std::to_string(random());
    file = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST) break;
  }
  return file;
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

absl::StatusOr<JsonDestination> JsonDestination::Find(const std::string& name) {
  JsonDestination found;
  found.shown_name_ = "'" + MakePrintable(name) + "'";
  struct stat file = {};
  const std::optional<int> descriptor = ReadDescriptorName(name);
  const bool exists = !descriptor.has_value() && stat(name.c_str(), &file) == 0;
  if (descriptor.has_value() || (exists && IsStandardOutput(file))) {
    found.descriptor_ = descriptor.value_or(STDOUT_FILENO);
    if (found.is_standard_output()) found.shown_name_ = kStandardOutput;
    return found;
  }
  if (!exists && (errno != ENOENT || name.empty())) return CannotWrite(found.shown_name_, errno);
  if (exists && S_ISDIR(file.st_mode)) return CannotWrite(found.shown_name_, EISDIR);
  found.replaces_ = !exists || S_ISREG(file.st_mode);
  found.path_ = exists ? ResolveLinks(name) : name;
  if (exists) found.mode_ = file.st_mode & 07777;
  // A file is replaced by way of its folder; anything else is opened itself. Asked
  // before the work starts, so that no analysis is thrown away at its end.
  if (exists && access(found.path_.c_str(), W_OK) != 0) {
    return CannotWrite(found.shown_name_, errno);
  }
  const std::string folder = FolderOf(found.path_);
  if (found.replaces_ && access(folder.c_str(), W_OK) != 0) {
    return CannotWrite(found.shown_name_ + ": folder '" + MakePrintable(folder) + "'", errno);
  }
  return found;
}

absl::Status JsonDestination::Write(Writer write, InterruptWatch& watch) const {
  if (descriptor_ >= 0) return WriteToDescriptor(descriptor_, write);
  return replaces_ ? WriteAndRename(write, watch) : WriteDirectly(write);
}

absl::Status JsonDestination::WriteToDescriptor(int descriptor, Writer write) const {
  Output output(descriptor, shown_name_);
  write(output);
  return output.Flush();
}

absl::Status JsonDestination::WriteDirectly(Writer write) const {
  const int file = open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0) return CannotWrite(shown_name_, errno);
  absl::Status status = WriteToDescriptor(file, write);
  if (close(file) != 0 && status.ok()) status = CannotWrite(shown_name_, errno);
  return status;
}

absl::Status JsonDestination::WriteAndRename(Writer write, InterruptWatch& watch) const {
  std::string temporary;
  const int file = MakeFileBeside(path_, temporary);
  if (file < 0) return CannotWrite("'" + MakePrintable(temporary) + "'", errno);
  watch.RemoveOnAbort(temporary);
  absl::Status status = WriteToDescriptor(file, write);
  // Some file systems tell only here that the disk is full.
  if (status.ok() && fsync(file) != 0) status = CannotWrite(shown_name_, errno);
  if (status.ok() && mode_.has_value() && fchmod(file, *mode_) != 0) {
    status = CannotWrite(shown_name_, errno);
  }
  if (close(file) != 0 && status.ok()) status = CannotWrite(shown_name_, errno);
  if (status.ok() && watch.interrupted()) status = watch.token().reason();
  if (status.ok() && rename(temporary.c_str(), path_.c_str()) != 0) {
    status = CannotWrite(shown_name_, errno);
  }
  if (!status.ok()) unlink(temporary.c_str());
  watch.RemoveOnAbort("");
  return status;
}

}  // namespace weft::tools
