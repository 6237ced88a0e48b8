// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/parallel_file_processor.h"

namespace weft {
namespace {

constexpr std::size_t kKeptBuffer = std::size_t{1} << 20;

}  // namespace

absl::StatusOr<ParallelFileProcessor> ParallelFileProcessor::Open(const std::string& root,
                                                                  FileProcessorOptions options) {
  absl::StatusOr<internal::FileTree> tree = internal::FileTree::Open(root);
  if (!tree.ok()) return tree.status();
  return ParallelFileProcessor(std::move(*tree), std::move(options));
}

FileContent ParallelFileProcessor::Read(const std::string& path, std::string& buffer) const {
  if (buffer.capacity() > kKeptBuffer) buffer = std::string();
  FileContent content;
  content.path = path;
  content.status = tree_.Read(path, options_.max_file_bytes, buffer, content.size);
  if (content.status.ok()) content.bytes = buffer;
  return content;
}

absl::Status ParallelFileProcessor::WithPath(const std::string& path, const absl::Status& status) {
  const absl::string_view text = status.message();
  return absl::Status(status.code(), path + ": " + std::string(text.data(), text.size()));
}

}  // namespace weft
