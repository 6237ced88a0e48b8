// SPDX-License-Identifier: Apache-2.0
//
// What DiscoverFiles lists, in which order, and what it says about the rest.

#include "weft/integrations/codebase/discover_files.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/git_tree.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Names = std::vector<std::string>;

Names List(const GitTree& tree, const DiscoverOptions& options = {}) {
  const Discovery discovery = Discover(tree.root(), options);
  EXPECT_THAT(discovery.errors, IsEmpty());
  return PathsOf(discovery);
}

TEST(DiscoverFilesTest, PathsAreInByteOrderWhateverTheFolders) {
  GitTree tree;
  for (const char* path : {"a/b", "a.c", "a-b/x", "a0", "a/b.c/x", "a/b0", "A", "a\x01", "b",
                           "a/\xff", "a/\x7f/x", "a!/y"}) {
    tree.File(path);
  }
  const Names names = List(tree);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end())) << Show(names);
  EXPECT_THAT(names, ElementsAre("A", "a\x01", "a!/y", "a-b/x", "a.c", "a/b", "a/b.c/x", "a/b0",
                                 "a/\x7f/x", "a/\xff", "a0", "b"));
}

TEST(DiscoverFilesTest, NamesAreBytes) {
  GitTree tree;
  const Names names = {"\n",      "\t\x1b[31m",   " ",      "\"quote\"",           "-rf",
                       "\\",      "\x80\xfe\xff", "a/\xc3", std::string(255, 'n'), "*",
                       "\xc3\xa9"};
  for (const std::string& name : names) tree.File(name);
  Names sorted = names;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(List(tree), sorted);
}

TEST(DiscoverFilesTest, ListDoesNotDependOnTheWorkers) {
  GitTree tree;
  tree.File(".gitignore", "*.7\n");
  for (int i = 0; i < 400; ++i) {
    tree.File(std::to_string(i % 7) + "/" + std::to_string(i % 31) + "/" + std::to_string(i) + "." +
              std::to_string(i % 10));
  }
  const Discovery inlined = Discover(tree.root(), {}, 0);
  EXPECT_EQ(inlined.files.size(), 360u);
  EXPECT_EQ(inlined.ignored, 40);
  for (const int workers : {1, 2, 8}) {
    const Discovery parallel = Discover(tree.root(), {}, workers);
    EXPECT_EQ(parallel.files, inlined.files) << workers << " workers";
    EXPECT_EQ(parallel.directories, inlined.directories);
    EXPECT_EQ(parallel.ignored, inlined.ignored);
  }
}

TEST(DiscoverFilesTest, ProgressCountsEachFileOnce) {
  GitTree tree;
  tree.File(".gitignore", "*.o\n");
  for (const char* path : {"a", "b", "empty/only.o", "sub/c", "sub/deep/d", "sub/deep/e.o"}) {
    tree.File(path);
  }
  for (const int workers : {0, 1, 8}) {
    absl::Mutex mutex;
    std::multiset<std::int64_t> told;
    const DiscoverOptions options = {.progress = [&](std::int64_t found) {
      absl::MutexLock lock(&mutex);
      told.insert(found);
    }};
    EXPECT_EQ(Discover(tree.root(), options, workers).files.size(), 4u);
    EXPECT_THAT(told, ElementsAre(1, 1, 2))
        << workers << " workers: one for each folder with files";
  }
}

TEST(DiscoverFilesTest, EmptyTreeIsAnEmptyList) {
  GitTree tree;
  tree.Folder("a/b");
  const Discovery discovery = Discover(tree.root());
  EXPECT_THAT(discovery.files, IsEmpty());
  EXPECT_THAT(discovery.errors, IsEmpty());
  EXPECT_EQ(discovery.directories, 3);
}

TEST(DiscoverFilesTest, HiddenNamesAreLeftOutUnlessAskedFor) {
  GitTree tree;
  for (const char* path : {".a", "b", "c/.d/e", "c/f", ".git/config"}) tree.File(path);
  const Discovery discovery = Discover(tree.root());
  EXPECT_THAT(PathsOf(discovery), ElementsAre("b", "c/f"));
  EXPECT_EQ(discovery.hidden, 2);
  EXPECT_THAT(List(tree, {.include_hidden = true}), ElementsAre(".a", "b", "c/.d/e", "c/f"));
}

TEST(DiscoverFilesTest, RootMayBeALinkAndMayBeSpelledFreely) {
  GitTree tree;
  tree.File("real/sub/a");
  tree.Symlink("link", "real");
  for (const char* root : {"real", "link", "real/", "real/sub/..", "./link/."}) {
    EXPECT_THAT(PathsOf(Discover(tree.Path(root))), ElementsAre("sub/a")) << root;
  }
}

TEST(DiscoverFilesTest, UnusableRootsAreNamedWithTheReason) {
  GitTree tree;
  tree.File("file");
  tree.Symlink("loop", "loop");
  const auto status = [](const std::string& root) { return TryDiscover(root).status(); };
  EXPECT_TRUE(absl::IsNotFound(status(tree.Path("missing\n"))));
  EXPECT_THAT(std::string(status(tree.Path("missing\n")).message()), HasSubstr("missing\\n"));
  EXPECT_TRUE(absl::IsInvalidArgument(status(tree.Path("file"))));
  EXPECT_THAT(std::string(status(tree.Path("file")).message()), HasSubstr("not a directory"));
  EXPECT_TRUE(absl::IsInvalidArgument(status(tree.Path("loop"))));
  EXPECT_TRUE(absl::IsInvalidArgument(status("")));
  EXPECT_TRUE(absl::IsInvalidArgument(status(std::string("a\0b", 3))));
  EXPECT_TRUE(absl::IsInvalidArgument(status(tree.Path(std::string(5000, 'x')))));
}

TEST(DiscoverFilesTest, WhatIsNoFileIsCountedAndNotListed) {
  GitTree tree;
  tree.Fifo("d/fifo");
  tree.Fifo("d/.hidden");
  tree.Fifo("d/other.x");
  tree.File("d/file");
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = tree.Path("socket");
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(fd);

  const Discovery discovery = Discover(tree.root(), {.exclude = {"*.x"}});
  EXPECT_THAT(PathsOf(discovery), ElementsAre("d/file"));
  EXPECT_THAT(discovery.skipped,
              ElementsAre(DiscoverySkip{"d/fifo", DiscoverySkipReason::kFifo},
                          DiscoverySkip{"socket", DiscoverySkipReason::kSocket}));
  EXPECT_EQ(DiscoverySkipReasonText(discovery.skipped[0].reason), "a FIFO");
}

TEST(DiscoverFilesTest, AFifoAsIgnoreFileDoesNotBlock) {
  GitTree tree;
  tree.Fifo(".gitignore");
  tree.Fifo(".git/info/exclude");
  tree.File("a");
  const Discovery discovery = Discover(tree.root());
  EXPECT_THAT(PathsOf(discovery), ElementsAre("a"));
  ASSERT_EQ(discovery.errors.size(), 1u);  // of the other, hidden, nobody asked
  EXPECT_EQ(discovery.errors[0].path, ".git/info/exclude");
}

TEST(DiscoverFilesTest, IgnoreFileBeyondTheLimitIsAnError) {
  GitTree tree;
  tree.File("d/.gitignore", std::string((std::size_t{4} << 20) + 1, '#'));
  tree.File("e/.gitignore", std::string((std::size_t{4} << 20) - 3, '#') + "\na\n");
  tree.File("d/a");
  tree.File("e/a");
  const Discovery discovery = Discover(tree.root());
  EXPECT_THAT(PathsOf(discovery), ElementsAre("d/a"));
  ASSERT_EQ(discovery.errors.size(), 1u);
  EXPECT_EQ(discovery.errors[0].path, "d/.gitignore");
  EXPECT_TRUE(absl::IsResourceExhausted(discovery.errors[0].status));
}

TEST(DiscoverGlobsTest, GlobWithoutASlashSpeaksOfTheNameAnywhere) {
  GitTree tree;
  for (const char* path : {"a.py", "a.pyc", "d/b.py", "d/e/c.py", "d/e/c.c"}) tree.File(path);
  EXPECT_THAT(List(tree, {.include = {"*.py"}}), ElementsAre("a.py", "d/b.py", "d/e/c.py"));
  EXPECT_THAT(List(tree, {.exclude = {"*.py"}}), ElementsAre("a.pyc", "d/e/c.c"));
  EXPECT_THAT(List(tree, {.include = {"*.c", "a.*"}}), ElementsAre("a.py", "a.pyc", "d/e/c.c"));
}

TEST(DiscoverGlobsTest, GlobWithASlashSpeaksOfThePath) {
  GitTree tree;
  for (const char* path : {"a.py", "d/b.py", "d/e/c.py", "x/d/b.py"}) tree.File(path);
  EXPECT_THAT(List(tree, {.include = {"/*.py"}}), ElementsAre("a.py"));
  EXPECT_THAT(List(tree, {.include = {"./a.py"}}), ElementsAre("a.py"));
  EXPECT_THAT(List(tree, {.include = {"d/*.py"}}), ElementsAre("d/b.py"));
  EXPECT_THAT(List(tree, {.include = {"d/**/*.py"}}), ElementsAre("d/b.py", "d/e/c.py"));
  EXPECT_THAT(List(tree, {.include = {"**/d/b.py"}}), ElementsAre("d/b.py", "x/d/b.py"));
  EXPECT_THAT(List(tree, {.exclude = {"d/**"}}), ElementsAre("a.py", "x/d/b.py"));
  EXPECT_THAT(List(tree, {.exclude = {"**/e/"}}), ElementsAre("a.py", "d/b.py", "x/d/b.py"));
}

TEST(DiscoverGlobsTest, FolderStandsForWhatIsBelowIt) {
  GitTree tree;
  for (const char* path : {"src/a", "src/d/b", "x/src/c", "srcs", "y/src2/d"}) tree.File(path);
  EXPECT_THAT(List(tree, {.include = {"src"}}), ElementsAre("src/a", "src/d/b", "x/src/c"));
  EXPECT_THAT(List(tree, {.include = {"/src/"}}), ElementsAre("src/a", "src/d/b"));
  EXPECT_THAT(List(tree, {.include = {"src*"}, .exclude = {"d"}}),
              ElementsAre("src/a", "srcs", "x/src/c"));  // exclude wins: y/src2/d too
  EXPECT_THAT(List(tree, {.exclude = {"src/"}}), ElementsAre("srcs", "y/src2/d"));
}

TEST(DiscoverGlobsTest, NothingBringsBackWhatAnotherMeansLeavesOut) {
  GitTree tree;
  tree.File(".gitignore", "*.o\n");
  for (const char* path : {"a.o", "b.c", ".d.c"}) tree.File(path);
  EXPECT_THAT(List(tree, {.include = {"*.o", "*.c"}}), ElementsAre("b.c"));
  EXPECT_THAT(List(tree, {.use_ignore_files = false, .include = {"*.o"}}), ElementsAre("a.o"));
  EXPECT_THAT(List(tree, {.use_ignore_files = false, .exclude = {"*.o"}}), ElementsAre("b.c"));
}

TEST(DiscoverGlobsTest, FoldersInWhichNothingCanMatchAreNotEntered) {
  GitTree tree;
  for (const char* path : {"a/b/c", "x/y/z", "a/q/r"}) tree.File(path);
  const Discovery excluded = Discover(tree.root(), {.exclude = {"x"}});
  EXPECT_EQ(excluded.directories, 4);  // the root, a, a/b, a/q
  EXPECT_EQ(excluded.filtered, 1);
  const Discovery included = Discover(tree.root(), {.include = {"/a/b/*"}});
  EXPECT_EQ(included.directories, 3);  // the root, a, a/b
}

TEST(DiscoverGlobsTest, GlobsThatCannotWorkAreRefusedByName) {
  GitTree tree;
  for (const std::string glob :
       {"", "!a", "[a", "a\\", "a//b", "../a", "a/./b", "/", "[[:foo:]]"}) {
    const absl::Status include = TryDiscover(tree.root(), {.include = {"ok", glob}}).status();
    EXPECT_TRUE(absl::IsInvalidArgument(include)) << glob << include;
    EXPECT_THAT(std::string(include.message()), HasSubstr("include glob '"));
    const absl::Status exclude = TryDiscover(tree.root(), {.exclude = {glob}}).status();
    EXPECT_TRUE(absl::IsInvalidArgument(exclude)) << glob << exclude;
    EXPECT_THAT(std::string(exclude.message()), HasSubstr("exclude glob '"));
  }
  for (const std::string glob : {"#a", "\\!a", "a ", "{a}", "[!]]"}) {
    EXPECT_TRUE(TryDiscover(tree.root(), {.include = {glob}}).ok()) << glob;
  }
}

TEST(DiscoverCancelTest, CancelledGroupIsTheStatus) {
  GitTree tree;
  tree.File("a");
  for (const bool parallel : {false, true}) {
    SchedulerOptions options;
    options.config.parallel = parallel;
    const auto scheduler = TaskScheduler::Create(std::move(options));
    ASSERT_TRUE(scheduler.ok());
    TaskGroup group(**scheduler);
    group.Cancel(absl::CancelledError("enough"));
    const absl::Status status = DiscoverFiles(group, tree.root()).status();
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("enough"));
  }
}

TEST(DiscoverGroupTest, OneGroupMayDiscoverTwice) {
  GitTree tree;
  tree.File("a/x");
  tree.File("b/y");
  const auto scheduler = TaskScheduler::Create({});
  ASSERT_TRUE(scheduler.ok());
  TaskGroup group(**scheduler);
  const auto first = DiscoverFiles(group, tree.Path("a"));
  const auto second = DiscoverFiles(group, tree.Path("b"));
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  EXPECT_THAT(PathsOf(*first), ElementsAre("x"));
  EXPECT_THAT(PathsOf(*second), ElementsAre("y"));
}

TEST(DiscoverGroupTest, WaitsForTheWalkAloneAlsoInsideATask) {
  GitTree tree;
  tree.File("a/x");
  const auto scheduler = TaskScheduler::Create({});
  ASSERT_TRUE(scheduler.ok());
  TaskGroup group(**scheduler);
  const auto inside = group.Submit([&] { return DiscoverFiles(group, tree.root()); });
  ASSERT_TRUE(inside.Get().ok()) << inside.Get().status();
  EXPECT_THAT(PathsOf(*inside.Get()), ElementsAre("a/x"));
}

TEST(DiscoverGroupTest, ASchedulerThatIsShutDownIsAnError) {
  GitTree tree;
  tree.File("x");
  const auto scheduler = TaskScheduler::Create({});
  ASSERT_TRUE(scheduler.ok());
  TaskGroup group(**scheduler);
  ASSERT_TRUE((*scheduler)->Shutdown().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(DiscoverFiles(group, tree.root()).status()));
}

}  // namespace
}  // namespace weft::testing
