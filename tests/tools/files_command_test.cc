// SPDX-License-Identifier: Apache-2.0
//
// `weft files`, run as a user would.

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "process.h"
#include "scratch_folder.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string NulEnded(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += name + '\0';
  return all;
}

TEST(FilesCommandTest, ListsRelativePathsSortedByBytes) {
  const ScratchFolder tree;
  for (const char* name : {"b.py", "a/z.py", "a.py", "a-b.py", "B.py", "a/a/a.py"}) {
    tree.Write(name, "");
  }
  const ProcessResult result = RunWeft({"files", tree.path()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "B.py\na-b.py\na.py\na/a/a.py\na/z.py\nb.py\n");
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(FilesCommandTest, NulEndsNamesThatHoldAnything) {
  const ScratchFolder tree;
  tree.Write("new\nline.py", "");
  tree.Write("latin\xe9.py", "");
  tree.Write("back\\slash \x1b[31m", "");
  const std::string expected = NulEnded({"back\\slash \x1b[31m", "latin\xe9.py", "new\nline.py"});
  for (const char* option : {"-0", "--null"}) {
    const ProcessResult result = RunWeft({"files", option, tree.path()});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, expected) << option;
  }
  EXPECT_EQ(RunWeft({"files", tree.path()}).out,
            "back\\slash \x1b[31m\nlatin\xe9.py\nnew\nline.py\n")
      << "a pipe gets the bytes";
}

TEST(FilesCommandTest, HiddenAndIgnoredFilesAreLeftOutUnlessAskedFor) {
  const ScratchFolder tree;
  tree.Write(".gitignore", "*.log\n");
  tree.Write("a.log", "");
  tree.Write("a.py", "");
  tree.Write(".hidden/b.py", "");
  EXPECT_EQ(RunWeft({"files", tree.path()}).out, "a.py\n");
  EXPECT_EQ(RunWeft({"files", "--no-ignore", tree.path()}).out, "a.log\na.py\n");
  EXPECT_EQ(RunWeft({"files", "--hidden", tree.path()}).out, ".gitignore\n.hidden/b.py\na.py\n");
  EXPECT_EQ(RunWeft({"files", "--hidden", "--no-ignore", tree.path()}).out,
            ".gitignore\n.hidden/b.py\na.log\na.py\n");
}

TEST(FilesCommandTest, GlobsSelect) {
  const ScratchFolder tree;
  for (const char* name : {"a.py", "a.c", "test/b.py", "lib/c.py"}) tree.Write(name, "");
  EXPECT_EQ(RunWeft({"files", "--include", "*.py", tree.path()}).out,
            "a.py\nlib/c.py\ntest/b.py\n");
  EXPECT_EQ(RunWeft({"files", "--include", "*.py", "--exclude", "test/", tree.path()}).out,
            "a.py\nlib/c.py\n");
  EXPECT_EQ(RunWeft({"files", tree.path(), "--include", "*.py", "--include", "[a,b].c"}).out,
            "a.c\na.py\nlib/c.py\ntest/b.py\n");
}

TEST(FilesCommandTest, LinksAreListedAndNeverFollowed) {
  const ScratchFolder tree;
  tree.Write("dir/a.py", "");
  std::filesystem::create_directory_symlink("..", tree / "dir/up");
  std::filesystem::create_symlink("x", tree / "y");
  std::filesystem::create_symlink("y", tree / "x");
  const ProcessResult result = RunWeft({"files", tree.path()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "dir/a.py\ndir/up\nx\ny\n");
}

TEST(FilesCommandTest, EmptyTreeGivesAnEmptyList) {
  const ScratchFolder tree;
  const ProcessResult result = RunWeft({"files", tree.path()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(FilesCommandTest, TheFolderItRunsInHasAName) {
  const ScratchFolder tree;
  tree.Write("sub/a.py", "");
  EXPECT_EQ(RunWeft({"files", "."}, {.folder = tree / "sub"}).out, "a.py\n");
  EXPECT_EQ(RunWeft({"files", "sub/"}, {.folder = tree.path()}).out, "a.py\n");
  EXPECT_EQ(RunWeft({"files", ".."}, {.folder = tree / "sub"}).out, "sub/a.py\n");
}

TEST(FilesCommandTest, AnUnreadableFolderIsNamedAndTheRestIsListed) {
  const ScratchFolder tree;
  tree.Write("open/a.py", "");
  tree.Write("shut/b.py", "");
  chmod((tree / "shut").c_str(), 0);
  const ProcessResult result = RunWeft({"files", tree.path()}, {.in_child = BecomeUnprivileged});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "open/a.py\n");
  EXPECT_THAT(result.err, AllOf(HasSubstr("shut"), HasSubstr("Permission denied")));
  chmod((tree / "shut").c_str(), 0755);
}

TEST(FilesCommandTest, TroubleInThousandsOfFoldersIsAFewLines) {
  const ScratchFolder tree;
  std::vector<std::string> folders;
  for (int i = 0; i < 300; ++i) {
    folders.push_back(tree / ("d" + std::to_string(i)));
    std::filesystem::create_directory(folders.back());
    chmod(folders.back().c_str(), 0);
  }
  const ProcessResult result = RunWeft({"files", tree.path()}, {.in_child = BecomeUnprivileged});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_LE(std::count(result.err.begin(), result.err.end(), '\n'), 20) << result.err;
  EXPECT_THAT(result.err, HasSubstr("29"));  // how many are not named, however many are
  for (const std::string& folder : folders) chmod(folder.c_str(), 0755);
}

}  // namespace
}  // namespace weft::tools
