// SPDX-License-Identifier: Apache-2.0
//
// What a path may lead to besides a history, and what then happens to it.

#include <cstddef>
#include <filesystem>
#include <grp.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tools/scratch_folder.h"
#include "weft/distribution/cost_history.h"
#include "weft/distribution/kind_cost.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tools::ScratchFolder;
using Costs = std::vector<KindCost>;

const Costs& Some() {
  static const Costs& costs =
      *new Costs{{"parse:python", 12, 1834.25, 1200, 2044.5}, {"link", 1, 0.1, 0.1, 0.1}};
  return costs;
}

mode_t ModeOf(const std::string& path) {
  struct stat about = {};
  EXPECT_EQ(lstat(path.c_str(), &about), 0) << path;
  return about.st_mode;
}

// Loading says `code` and the path, gives nothing, and saving leaves alone what is there.
void ExpectLeftAlone(const std::string& path, absl::StatusCode code, const std::string& word) {
  const LoadedCosts loaded = LoadCostHistory(path);
  EXPECT_EQ(loaded.status.code(), code) << loaded.status;
  EXPECT_THAT(std::string(loaded.status.message()), AllOf(HasSubstr(path), HasSubstr(word)));
  EXPECT_THAT(loaded.costs, IsEmpty());
  EXPECT_EQ(SaveCostHistory(path, Some()), loaded.status);
}

// Runs `body` as somebody whom modes of files bind; true if it returns true.
template <class Body>
bool RunUnprivileged(Body body) {
  constexpr uid_t kNobody = 65534;
  const pid_t child = fork();
  if (child == 0) {
    const bool bound = geteuid() != 0 ||
                       (setgroups(0, nullptr) == 0 && setresgid(kNobody, kNobody, kNobody) == 0 &&
                        setresuid(kNobody, kNobody, kNobody) == 0);
    _exit(bound && body() ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

TEST(CostHistoryPlacesTest, AFolderPipeSocketOrDeviceIsNoHistory) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder / "folder");
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  const int opened = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  (folder / "socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(opened, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  for (const char* name : {"folder", "pipe", "socket"}) {
    ExpectLeftAlone(folder / name, absl::StatusCode::kFailedPrecondition, "is no regular file");
  }
  close(opened);
  EXPECT_TRUE(S_ISDIR(ModeOf(folder / "folder")));
  EXPECT_TRUE(S_ISFIFO(ModeOf(folder / "pipe")));
  EXPECT_TRUE(S_ISSOCK(ModeOf(folder / "socket")));
  // Only looked at: code that is wrong must not replace the machine's own.
  EXPECT_TRUE(absl::IsFailedPrecondition(LoadCostHistory("/dev/zero").status));
}

TEST(CostHistoryPlacesTest, AHugeFileIsNotRead) {
  const ScratchFolder folder;
  folder.Write("history", "weft costs 1\n");
  std::filesystem::resize_file(folder / "history", std::size_t{1} << 26);  // sparse
  ExpectLeftAlone(folder / "history", absl::StatusCode::kResourceExhausted, "more than 2097152");
}

TEST(CostHistoryPlacesTest, PathsThatCannotBeAreNamed) {
  const ScratchFolder folder;
  folder.Write("file", "");
  EXPECT_FALSE(LoadCostHistory(folder / "file/history").status.ok());
  EXPECT_FALSE(SaveCostHistory(folder / "file/history", Some()).ok());
  const std::string nul = (folder / "history") + std::string("\0.txt", 5);
  EXPECT_EQ(LoadCostHistory(nul).status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SaveCostHistory(nul, Some()).code(), absl::StatusCode::kInvalidArgument);
  const std::string odd = folder / "no\n\x01/history";
  EXPECT_THAT(std::string(SaveCostHistory(odd, Some()).message()), HasSubstr("no\\n\\x01"));
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_FALSE(LoadCostHistory(folder / "loop").status.ok());
  EXPECT_FALSE(SaveCostHistory(folder / "loop", Some()).ok());
  EXPECT_EQ(folder.CountEntries(), 2);
}

TEST(CostHistoryPlacesTest, WhatMayNotBeReadIsNotReplacedEither) {
  const ScratchFolder folder;
  folder.Write("history", "secret");
  ASSERT_EQ(chmod((folder / "history").c_str(), 0), 0);
  ASSERT_EQ(chmod(folder.path().c_str(), 0777), 0);
  EXPECT_TRUE(RunUnprivileged([&] {
    return absl::IsPermissionDenied(LoadCostHistory(folder / "history").status) &&
           absl::IsPermissionDenied(SaveCostHistory(folder / "history", Some()));
  }));
  EXPECT_EQ(ModeOf(folder / "history") & 0777, 0U);
  EXPECT_EQ(folder.CountEntries(), 1);
}

TEST(CostHistoryPlacesTest, AFolderThatMayNotBeWrittenToKeepsItsHistory) {
  const ScratchFolder folder;
  ASSERT_TRUE(SaveCostHistory(folder / "history", Some()).ok());
  const std::string good = folder.Read("history");
  ASSERT_EQ(chmod((folder / "history").c_str(), 0644), 0);
  ASSERT_EQ(chmod(folder.path().c_str(), 0555), 0);
  EXPECT_TRUE(RunUnprivileged([&] {
    return LoadCostHistory(folder / "history").costs == Some() &&
           absl::IsPermissionDenied(SaveCostHistory(folder / "history", {}));
  }));
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  EXPECT_EQ(folder.Read("history"), good);
}

TEST(CostHistoryPlacesTest, ALinkIsReadThroughAndReplaced) {
  const ScratchFolder folder;
  ASSERT_TRUE(SaveCostHistory(folder / "real", Some()).ok());
  std::filesystem::create_symlink("real", folder / "link");
  EXPECT_EQ(LoadCostHistory(folder / "link").costs, Some());
  ASSERT_TRUE(SaveCostHistory(folder / "link", {}).ok());
  EXPECT_TRUE(S_ISREG(ModeOf(folder / "link")));
  EXPECT_EQ(LoadCostHistory(folder / "real").costs, Some());
  // One that leads to somebody else's file stays with that file.
  folder.Write("notes", "do not lose me\n");
  std::filesystem::create_symlink("notes", folder / "other");
  EXPECT_FALSE(SaveCostHistory(folder / "other", Some()).ok());
  EXPECT_TRUE(S_ISLNK(ModeOf(folder / "other")));
}

TEST(CostHistoryPlacesTest, SomebodyElsesFileStays) {
  const ScratchFolder folder;
  folder.Write("notes", "do not lose me\n");
  ExpectLeftAlone(folder / "notes", absl::StatusCode::kFailedPrecondition, "is no history");
  EXPECT_EQ(folder.Read("notes"), "do not lose me\n");
  EXPECT_EQ(folder.CountEntries(), 1);
}

TEST(CostHistoryPlacesTest, TheHistoryOfALaterVersionStays) {
  const ScratchFolder folder;
  const std::string later = "weft costs 2\nend 29a7927ca7ec406a\n";
  folder.Write("history", later);
  ExpectLeftAlone(folder / "history", absl::StatusCode::kUnimplemented, "version 2");
  EXPECT_EQ(folder.Read("history"), later);
}

TEST(CostHistoryPlacesTest, TheLongestNamesHaveRoomForTheFileBeside) {
  const ScratchFolder folder;
  const std::string path = folder / std::string(255, 'h');
  EXPECT_TRUE(SaveCostHistory(path, Some()).ok());
  EXPECT_EQ(LoadCostHistory(path).costs, Some());
}

}  // namespace
}  // namespace weft
