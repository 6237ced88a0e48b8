// SPDX-License-Identifier: Apache-2.0
//
// A folder that stands for the root of a machine's file system: /proc and /sys as a test wants
// them.

#ifndef WEFT_TESTS_DISTRIBUTION_FORGED_FILES_H_
#define WEFT_TESTS_DISTRIBUTION_FORGED_FILES_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace weft::testing {

// Thread safety: one thread.
class ForgedFiles {
 public:
  ForgedFiles() {
    std::string name = ::testing::TempDir() + "/weft_forged_XXXXXX";
    root_ = mkdtemp(name.data());
  }
  ~ForgedFiles() { std::filesystem::remove_all(root_); }
  ForgedFiles(const ForgedFiles&) = delete;
  ForgedFiles& operator=(const ForgedFiles&) = delete;

  const std::string& root() const { return root_; }
  void Write(const std::string& path, std::string_view text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  void Remove(const std::string& path) { std::filesystem::remove_all(root_ + path); }

  // This process is in `group` of a machine that has only cgroup v2.
  void JoinV2(const std::string& group) {
    Write("/proc/self/cgroup", "0::" + group + "\n");
    Write("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  }

 private:
  std::string root_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_DISTRIBUTION_FORGED_FILES_H_
