// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/state_path.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <sys/stat.h>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "scratch_folder.h"

namespace weft::tools {
namespace {

using ::testing::HasSubstr;

mode_t ModeOf(const std::string& path) {
  struct stat about = {};
  EXPECT_EQ(stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 07777;
}

TEST(StatePathTest, TheStateFolderComesFirst) {
  EXPECT_EQ(FindStateFile("costs", "/state", "/home/a"), "/state/weft/costs");
  EXPECT_EQ(FindStateFile("costs", "/state", nullptr), "/state/weft/costs");
}

TEST(StatePathTest, WithoutOneItIsBelowTheHomeFolder) {
  EXPECT_EQ(FindStateFile("costs", nullptr, "/home/a"), "/home/a/.local/state/weft/costs");
  EXPECT_EQ(FindStateFile("costs", "", "/home/a"), "/home/a/.local/state/weft/costs");
}

TEST(StatePathTest, PathsThatAreNotAbsoluteAreIgnored) {
  for (const char* relative : {"state", "./state", "../state", "~/state", " /state"}) {
    EXPECT_EQ(FindStateFile("costs", relative, "/home/a"), "/home/a/.local/state/weft/costs");
    EXPECT_EQ(FindStateFile("costs", relative, relative), std::nullopt);
    EXPECT_EQ(FindStateFile("costs", "/state", relative), "/state/weft/costs");
  }
}

TEST(StatePathTest, WithNeitherThereIsNoPlace) {
  EXPECT_EQ(FindStateFile("costs", nullptr, nullptr), std::nullopt);
  EXPECT_EQ(FindStateFile("costs", "", ""), std::nullopt);
}

TEST(StatePathTest, SlashesAtTheEndAreNotDoubled) {
  EXPECT_EQ(FindStateFile("costs", "/state//", nullptr), "/state/weft/costs");
  EXPECT_EQ(FindStateFile("costs", "/", nullptr), "/weft/costs");
  EXPECT_EQ(FindStateFile("costs", nullptr, "/"), "/.local/state/weft/costs");
}

// Gives a variable of the process back at the end of a test.
//
// Thread safety: one thread at a time, and no other that looks at variables.
class KeptVariable {
 public:
  explicit KeptVariable(const char* name) : name_(name) {
    const char* const value = std::getenv(name);
    if (value != nullptr) value_ = value;
  }
  KeptVariable(const KeptVariable&) = delete;
  KeptVariable& operator=(const KeptVariable&) = delete;
  ~KeptVariable() {
    if (value_.has_value()) {
      setenv(name_, value_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* const name_;
  std::optional<std::string> value_;
};

TEST(StatePathTest, TheVariablesAreThoseOfTheProcess) {
  const KeptVariable home("HOME");
  const KeptVariable state_home("XDG_STATE_HOME");
  ASSERT_EQ(setenv("HOME", "/somebody", 1), 0);
  ASSERT_EQ(unsetenv("XDG_STATE_HOME"), 0);
  EXPECT_EQ(FindStateFile("costs"), "/somebody/.local/state/weft/costs");
  ASSERT_EQ(setenv("XDG_STATE_HOME", "/elsewhere", 1), 0);
  EXPECT_EQ(FindStateFile("costs"), "/elsewhere/weft/costs");
}

TEST(StatePathTest, MissingFoldersAreMadeForTheirOwnerAlone) {
  const ScratchFolder folder;
  const std::string path = folder / "a/b/weft/costs";
  const mode_t mask = umask(0);
  EXPECT_TRUE(MakeFoldersAbove(path).ok());
  EXPECT_TRUE(MakeFoldersAbove(path).ok()) << "again";
  umask(mask);
  for (const char* made : {"a", "a/b", "a/b/weft"}) EXPECT_EQ(ModeOf(folder / made), 0700U);
  EXPECT_EQ(ModeOf(folder.path()), 0755U) << "one that is there keeps its mode";
  struct stat about = {};
  EXPECT_NE(stat(path.c_str(), &about), 0) << "the file itself is not made";
}

TEST(StatePathTest, AFolderThatCannotBeMadeIsNamed) {
  const ScratchFolder folder;
  folder.Write("file", "");
  const absl::Status status = MakeFoldersAbove(folder / "file/weft/costs");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("folder '" + (folder / "file/weft") + "'"));
}

TEST(StatePathTest, ANameWithoutAFolderNeedsNone) { EXPECT_TRUE(MakeFoldersAbove("costs").ok()); }

}  // namespace
}  // namespace weft::tools
