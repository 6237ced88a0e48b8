// SPDX-License-Identifier: Apache-2.0
//
// Trees that are too deep, too wide, forbidden, or change while they are walked.

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/git_tree.h"
#include "weft/integrations/codebase/discover_files.h"
#include "weft/integrations/codebase/internal/directory_walk.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Lowers the number of open files for as long as it lives.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t limit) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit lower{limit, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
  }
  ~DescriptorLimit() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

// Open files that are not ours to close.
class Occupied {
 public:
  // Leaves `free` descriptors below the limit.
  explicit Occupied(std::size_t free) {
    for (int fd; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) fds_.push_back(fd);
    for (; free > 0; --free) {
      close(fds_.back());
      fds_.pop_back();
    }
  }
  ~Occupied() {
    for (const int fd : fds_) close(fd);
  }

 private:
  std::vector<int> fds_;
};

// A walk that calls `before_open` for each folder but the root.
Discovery WalkWith(const std::string& root, std::function<void(std::string_view)> before_open) {
  SchedulerOptions scheduler_options;
  scheduler_options.config.parallel = false;
  const auto scheduler = TaskScheduler::Create(std::move(scheduler_options));
  EXPECT_TRUE(scheduler.ok());
  TaskGroup group(**scheduler);
  internal::WalkOptions options;
  options.kept_descriptors = 2;
  options.before_open = std::move(before_open);
  absl::StatusOr<internal::Descriptor> folder = internal::OpenRoot(root);
  EXPECT_TRUE(folder.ok());
  const auto identity = internal::Identify(folder->fd());
  EXPECT_TRUE(identity.ok());
  const auto walk = std::make_shared<internal::DirectoryWalk>(group, *std::move(folder), *identity,
                                                              std::move(options));
  walk->Start();
  EXPECT_TRUE(group.Wait().ok());
  return walk->TakeResult();
}

TEST(DiscoverDepthTest, ThousandLevelsWithFewDescriptors) {
  GitTree tree;
  tree.Deep(1'000, "d");
  for (const int workers : {0, 1, 8}) {
    const DescriptorLimit limit(64);
    const Discovery discovery = Discover(tree.root(), {}, workers);
    EXPECT_THAT(discovery.errors, IsEmpty());
    EXPECT_THAT(discovery.files, SizeIs(1));
    EXPECT_EQ(discovery.directories, 1'001);
  }
}

// Its path has 200 kB; Linux takes 4 kB.
TEST(DiscoverDepthTest, PathsLongerThanTheSystemTakes) {
  GitTree tree;
  tree.Deep(1'000, std::string(199, 'n'));
  const DescriptorLimit limit(64);
  const Discovery discovery = Discover(tree.root());
  EXPECT_THAT(discovery.errors, IsEmpty());
  ASSERT_THAT(discovery.files, SizeIs(1));
  EXPECT_EQ(discovery.files[0].path.size(), 200'004u);
}

// On the way back up every level still has a folder to open, long after its own was closed:
// opening each from the root would take 50 million steps.
TEST(DiscoverDepthTest, CombOfTenThousandLevelsWithFewDescriptors) {
  GitTree tree;
  tree.Deep(10'000, "d", /*comb=*/true);
  for (const int workers : {0, 2}) {
    const DescriptorLimit limit(64);
    const Discovery discovery = Discover(tree.root(), {}, workers);
    EXPECT_THAT(discovery.errors, IsEmpty());
    EXPECT_THAT(discovery.files, SizeIs(10'001));
    EXPECT_EQ(discovery.directories, 20'001);
  }
}

TEST(DiscoverDepthTest, DeepTreeUnderRulesThatReachEverywhere) {
  GitTree tree;
  tree.File(".gitignore", "**/d/x\nd/**/side/\n/a/b/c\n!e\n");
  tree.Deep(2'000, "d", /*comb=*/true);
  const Discovery discovery = Discover(tree.root());
  EXPECT_THAT(discovery.files, SizeIs(2));  // the leaf, and side/file of the root
  EXPECT_EQ(discovery.ignored, 1'999);
}

TEST(DiscoverWidthTest, ManyEntriesInOneFolder) {
  GitTree tree;
  for (int i = 0; i < 50'000; ++i) tree.File(std::to_string(i));
  const Discovery discovery = Discover(tree.root());
  EXPECT_THAT(discovery.files, SizeIs(50'000));
  EXPECT_TRUE(std::is_sorted(discovery.files.begin(), discovery.files.end(),
                             [](const auto& a, const auto& b) { return a.path < b.path; }));
}

TEST(DiscoverDescriptorsTest, WideTreeWithFewDescriptorsAndManyWorkers) {
  GitTree tree;
  for (int i = 0; i < 3'000; ++i) {
    tree.File(std::to_string(i % 10) + "/" + std::to_string(i % 100) + "/" + std::to_string(i) +
              "/file");
  }
  tree.File("3/.gitignore", "13/\n");
  const DescriptorLimit limit(64);
  const Occupied occupied(4);  // for eight workers not enough to be in the middle at once
  const Discovery discovery = Discover(tree.root(), {}, 8);
  EXPECT_THAT(discovery.errors, IsEmpty());
  EXPECT_THAT(discovery.files, SizeIs(2'970));
}

TEST(DiscoverDescriptorsTest, NoDescriptorLeftIsAnErrorForEachFolder) {
  GitTree tree;
  tree.File("a");
  tree.File("d/b");
  tree.File("d/e/c");
  Discovery discovery;
  {
    const DescriptorLimit limit(64);
    const Occupied occupied(1);  // for the root
    discovery = Discover(tree.root(), {}, 0);
  }
  EXPECT_THAT(PathsOf(discovery), ElementsAre("a"));
  ASSERT_THAT(discovery.errors, SizeIs(1));
  EXPECT_EQ(discovery.errors[0].path, "d");
  EXPECT_TRUE(absl::IsResourceExhausted(discovery.errors[0].status)) << discovery.errors[0].status;
}

TEST(DiscoverPermissionTest, ForbiddenEntriesAreErrorsAndTheRestIsListed) {
  GitTree tree;
  tree.File("open/a");
  tree.File("closed/b");
  tree.File("list-only/c/d");  // its names can be read, what is below cannot be opened
  tree.File("rules/.gitignore", "*.x\n");
  tree.File("rules/e.x");
  ASSERT_EQ(chmod(tree.Path("closed").c_str(), 0), 0);
  ASSERT_EQ(chmod(tree.Path("list-only").c_str(), 0744), 0);
  ASSERT_EQ(chmod(tree.Path("rules/.gitignore").c_str(), 0), 0);
  ExpectAsUnprivileged([&]() -> std::string {
    const auto discovery = TryDiscover(tree.root(), {}, 0);
    if (!discovery.ok()) return discovery.status().ToString();
    std::string found;
    for (const DiscoveredFile& file : discovery->files) found += file.path + " ";
    for (const DiscoveryError& error : discovery->errors) {
      found += error.path + (absl::IsPermissionDenied(error.status) ? " denied " : " ?? ");
    }
    const std::string expected =
        "open/a rules/e.x closed denied list-only/c denied rules/.gitignore denied ";
    return found == expected ? "" : found;
  });
  ASSERT_EQ(chmod(tree.Path("closed").c_str(), 0755), 0);
}

TEST(DiscoverPermissionTest, ForbiddenRootIsThePermissionStatusWithItsPath) {
  GitTree tree;
  tree.Folder("closed");
  ASSERT_EQ(chmod(tree.Path("closed").c_str(), 0), 0);
  ExpectAsUnprivileged([&]() -> std::string {
    const absl::Status status = TryDiscover(tree.Path("closed"), {}, 0).status();
    const bool right = absl::IsPermissionDenied(status) &&
                       std::string(status.message()).find("/closed'") != std::string::npos;
    return right ? "" : status.ToString();
  });
}

TEST(DiscoverChangeTest, VanishedFolderIsAnErrorEntry) {
  GitTree tree;
  for (const char* path : {"a/x", "b/y", "c/z"}) tree.File(path);
  const Discovery discovery = WalkWith(tree.root(), [&](std::string_view name) {
    if (name == "b") OutputOf({"rm", "-r", tree.Path("b")}, "/");
  });
  EXPECT_THAT(PathsOf(discovery), ElementsAre("a/x", "c/z"));
  ASSERT_THAT(discovery.errors, SizeIs(1));
  EXPECT_EQ(discovery.errors[0].path, "b");
  EXPECT_TRUE(absl::IsNotFound(discovery.errors[0].status)) << discovery.errors[0].status;
}

TEST(DiscoverChangeTest, FolderReplacedByALinkOrAFifoIsNotEntered) {
  GitTree outside;
  outside.File("secret");
  GitTree tree;
  for (const char* path : {"a/x", "b/y", "c/z"}) tree.File(path);
  const Discovery discovery = WalkWith(tree.root(), [&](std::string_view name) {
    if (name != "b" && name != "c") return;
    OutputOf({"rm", "-r", tree.Path(name)}, "/");
    if (name == "b") {
      tree.Symlink(name, outside.root());
    } else {
      tree.Fifo(name);
    }
  });
  EXPECT_THAT(PathsOf(discovery), ElementsAre("a/x"));
  ASSERT_THAT(discovery.errors, SizeIs(2));
  EXPECT_EQ(discovery.errors[0].path, "b");
  EXPECT_TRUE(absl::IsAborted(discovery.errors[0].status)) << discovery.errors[0].status;
  EXPECT_EQ(discovery.errors[1].path, "c");
}

// With two kept descriptors "a/b" must be opened again for its sub-folders, and by then another
// folder, or a link out of the tree, has its name.
TEST(DiscoverChangeTest, FolderAboveReplacedDuringTheWalkIsNoticed) {
  for (const bool by_link : {false, true}) {
    GitTree outside;
    outside.File("1/secret");
    GitTree tree;
    for (const char* folder : {"a/b", "k/l", "m/n", "o/p", "q/r"}) {
      for (int i = 0; i < 3; ++i) tree.File(folder + ("/" + std::to_string(i)) + "/file");
    }
    int replaced = 0;
    const Discovery discovery = WalkWith(tree.root(), [&](std::string_view name) {
      if (name != "r" || replaced++ > 0) return;
      OutputOf({"mv", tree.Path("a/b"), tree.Path("a/.moved")}, "/");
      if (by_link) {
        tree.Symlink("a/b", outside.root());
      } else {
        tree.File("a/b/1/other");
      }
    });
    EXPECT_EQ(replaced, 1);
    EXPECT_THAT(discovery.files, SizeIs(12));
    ASSERT_THAT(discovery.errors, SizeIs(3));
    for (const DiscoveryError& error : discovery.errors) {
      EXPECT_THAT(error.path, ::testing::StartsWith("a/b/"));
      EXPECT_TRUE(absl::IsAborted(error.status)) << error.status;
    }
  }
}

TEST(DiscoverChangeTest, DeletedFolderThatIsStillOpenIsReadAsEmpty) {
  GitTree tree;
  tree.File("gone/x");
  absl::StatusOr<internal::Descriptor> gone = internal::OpenRoot(tree.Path("gone"));
  ASSERT_TRUE(gone.ok());
  OutputOf({"rm", "-r", tree.Path("gone")}, "/");
  internal::FolderContext context;
  const auto scratch = std::make_unique<internal::ListingScratch>();
  const internal::FolderListing listing =
      internal::ListFolder(gone->fd(), false, {}, context, *scratch, [] { return true; });
  EXPECT_THAT(listing.entries, IsEmpty());
  ASSERT_THAT(listing.trouble, SizeIs(1));
  EXPECT_TRUE(absl::IsNotFound(listing.trouble[0].status)) << listing.trouble[0].status;
}

TEST(DiscoverChangeTest, StoppedListingEndsSoon) {
  GitTree tree;
  for (int i = 0; i < 5'000; ++i) tree.File("a-name-of-some-length-" + std::to_string(i));
  absl::StatusOr<internal::Descriptor> root = internal::OpenRoot(tree.root());
  ASSERT_TRUE(root.ok());
  internal::FolderContext context;
  const auto scratch = std::make_unique<internal::ListingScratch>();
  int asked = 0;
  const internal::FolderListing listing = internal::ListFolder(
      root->fd(), true, {}, context, *scratch, [&asked] { return asked++ == 0; });
  EXPECT_GT(listing.entries.size(), 0u);
  EXPECT_LT(listing.entries.size(), 5'000u);
}

TEST(DiscoverFileSystemTest, OtherFileSystemsAreSkippedUnlessAskedFor) {
  GitTree tree;
  tree.File("a");
  tree.Folder("mounted");
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {  // with a name space of its own for mounts
    constexpr int kCannotMount = 77;
    if (unshare(CLONE_NEWNS) != 0) _exit(kCannotMount);
    if (mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(kCannotMount);
    if (mount("weft", tree.Path("mounted").c_str(), "tmpfs", 0, nullptr) != 0) _exit(kCannotMount);
    tree.File("mounted/b");
    const Discovery kept = Discover(tree.root(), {}, 0);
    const Discovery crossed = Discover(tree.root(), {.cross_file_systems = true}, 0);
    const bool right =
        PathsOf(kept) == std::vector<std::string>{"a"} && kept.skipped.size() == 1 &&
        kept.skipped[0] == DiscoverySkip{"mounted", DiscoverySkipReason::kOtherFileSystem} &&
        PathsOf(crossed) == std::vector<std::string>{"a", "mounted/b"} && crossed.skipped.empty();
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "may not mount here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace weft::testing
