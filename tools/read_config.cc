// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/read_config.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/parallel_processing_config.h"
#include "weft/sync/terminal_text.h"
#include "weft/tools/command_line.h"

namespace weft::tools {
namespace {

// Far more than a config can need; /dev/zero must not fill the memory.
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0) return absl::ErrnoToStatus(errno, "cannot be opened");
  std::string text;
  std::array<char, 4096> block;
  ssize_t size = 0;
  do {
    size = read(file, block.data(), block.size());
    if (size > 0) text.append(block.data(), static_cast<std::size_t>(size));
  } while ((size > 0 && text.size() <= kMostBytes) || (size < 0 && errno == EINTR));
  const int error = size < 0 ? errno : 0;
  close(file);
  if (error != 0) return absl::ErrnoToStatus(error, "cannot be read");
  if (text.size() > kMostBytes) {
    return absl::InvalidArgumentError("is larger than 1 MiB, which no configuration is");
  }
  return text;
}

absl::Status InFile(const std::string& path, const absl::Status& why) {
  return absl::Status(why.code(),
                      "--config '" + MakePrintable(path) + "': " + std::string(why.message()));
}

}  // namespace

absl::StatusOr<ParallelProcessingConfig> ReadConfig(const AnalyzeArguments& arguments) {
  ParallelProcessingConfig config;
  if (arguments.config_file.has_value()) {
    const std::string& path = *arguments.config_file;
    const absl::StatusOr<std::string> text = ReadWholeFile(path);
    if (!text.ok()) return InFile(path, text.status());
    const auto read = ParallelProcessingConfig::FromJson(*text);
    if (!read.ok()) return InFile(path, read.status());
    const absl::Status valid = read->Validate();
    if (!valid.ok()) return InFile(path, valid);
    config = *read;
  }
  if (arguments.jobs.has_value()) {
    config.num_workers = *arguments.jobs;
    config.parallel = true;
  }
  if (arguments.sequential) config.parallel = false;
  return config;
}

}  // namespace weft::tools
