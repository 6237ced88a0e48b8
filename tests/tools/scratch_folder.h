// SPDX-License-Identifier: Apache-2.0
//
// A folder that is gone at the end of a test.

#ifndef WEFT_TESTS_TOOLS_SCRATCH_FOLDER_H_
#define WEFT_TESTS_TOOLS_SCRATCH_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "gtest/gtest.h"

namespace weft::tools {

// Thread safety: one thread at a time.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = ::testing::TempDir() + "/weft_tools_XXXXXX";
    path_ = mkdtemp(name.data());
    // Others may look inside, also those whom a test becomes.
    chmod(path_.c_str(), 0755);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  // Makes the folders above as well.
  void Write(std::string_view name, std::string_view text) const {
    const std::filesystem::path file = *this / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  std::string Read(std::string_view name) const {
    std::ifstream file(*this / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  // How many entries lie directly inside, or inside a folder in it.
  std::ptrdiff_t CountEntries(std::string_view folder = ".") const {
    return std::distance(std::filesystem::directory_iterator(*this / folder), {});
  }

 private:
  std::string path_;
};

}  // namespace weft::tools

#endif  // WEFT_TESTS_TOOLS_SCRATCH_FOLDER_H_
