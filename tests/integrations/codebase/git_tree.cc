// SPDX-License-Identifier: Apache-2.0

#include "integrations/codebase/git_tree.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::testing {
namespace {

// A tree that cannot be made is no test: stop at once.
void Check(bool done, std::string_view what) {
  if (done) return;
  std::fprintf(stderr, "%s: %s\n", std::string(what).c_str(), std::strerror(errno));
  std::abort();
}

// Some tests make ten thousands of files and folders: seconds in memory, minutes on a busy disk.
std::string BaseFolder() {
  const char* chosen = std::getenv("TMPDIR");
  if (chosen != nullptr) return chosen;
  return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

std::vector<std::string> Environment() {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with("GIT_") && !text.starts_with("XDG_") && !text.starts_with("LC_")) {
      result.emplace_back(text);
    }
  }
  result.insert(result.end(), {"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
                               "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"});
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::string ReadAll(int fd) {
  std::string text;
  std::array<char, 65536> buffer{};
  ssize_t got;
  while ((got = read(fd, buffer.data(), buffer.size())) != 0) {
    if (got < 0 && errno == EINTR) continue;
    Check(got >= 0, "read");
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

GitTree::GitTree() {
  root_ = BaseFolder() + "/weft-tree-XXXXXX";
  Check(mkdtemp(root_.data()) != nullptr, root_);
  Check(chmod(root_.c_str(), 0755) == 0, root_);
}

GitTree::~GitTree() {
  if (deep_) {
    OutputOf({"rm", "-rf", root_}, "/");  // knows how to take down what no path reaches
    return;
  }
  std::error_code error;
  std::filesystem::remove_all(root_, error);
  EXPECT_FALSE(error) << root_ << ": " << error.message();
}

void GitTree::MakeFoldersAbove(std::string_view path) {
  for (std::size_t at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1)) {
    Folder(path.substr(0, at));
  }
}

void GitTree::Folder(std::string_view path) {
  if (mkdir(Path(path).c_str(), 0755) == 0 || errno == EEXIST) return;
  Check(errno == ENOENT, Path(path));
  MakeFoldersAbove(path);
  Check(mkdir(Path(path).c_str(), 0755) == 0, Path(path));
}

void GitTree::File(std::string_view path, std::string_view text) {
  const auto make = [&] {
    return open(Path(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  };
  int fd = make();
  if (fd < 0) {
    MakeFoldersAbove(path);
    fd = make();
  }
  Check(fd >= 0, Path(path));
  Check(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()), Path(path));
  close(fd);
}

void GitTree::Symlink(std::string_view path, const std::string& target) {
  MakeFoldersAbove(path);
  Check(symlink(target.c_str(), Path(path).c_str()) == 0, Path(path));
}

void GitTree::Fifo(std::string_view path) {
  MakeFoldersAbove(path);
  Check(mkfifo(Path(path).c_str(), 0644) == 0, Path(path));
}

void GitTree::Repository(std::string_view exclude) {
  for (const char* folder : {".git", ".git/objects", ".git/refs", ".git/info"}) Folder(folder);
  File(".git/HEAD", "ref: refs/heads/main\n");
  File(".git/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
  if (!exclude.empty()) File(".git/info/exclude", exclude);
}

void GitTree::Deep(int levels, const std::string& name, bool comb) {
  deep_ = true;
  int at = open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  Check(at >= 0, root_);
  const auto file = [](int folder, const char* path) {
    const int fd = openat(folder, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    Check(fd >= 0, path);
    close(fd);
  };
  for (int level = 0; level < levels; ++level) {
    if (comb) {
      Check(mkdirat(at, "side", 0755) == 0, "side");
      file(at, "side/file");
    }
    Check(mkdirat(at, name.c_str(), 0755) == 0, name);
    const int next = openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    Check(next >= 0, name);
    close(std::exchange(at, next));
  }
  file(at, "leaf");
  close(at);
}

std::string OutputOf(const std::vector<std::string>& command, const std::string& folder) {
  std::array<int, 2> ends{};
  Check(pipe2(ends.data(), O_CLOEXEC) == 0, "pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  std::vector<std::string> arguments = command;
  std::vector<std::string> environment = Environment();
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, command[0].c_str(), &actions, nullptr,
                                 Pointers(arguments).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  EXPECT_EQ(error, 0) << command[0] << ": " << std::strerror(error);
  std::string output = ReadAll(ends[0]);
  close(ends[0]);
  int status = 0;
  if (error == 0) Check(waitpid(pid, &status, 0) == pid, "waitpid");
  EXPECT_EQ(status, 0) << ::testing::PrintToString(command);
  return output;
}

std::vector<std::string> GitFiles(const std::string& root) {
  std::vector<std::string> names =
      SplitNul(OutputOf({"git", "-c", "core.excludesFile=", "-c", "core.untrackedCache=false",
                         "ls-files", "-z", "--cached", "--others", "--exclude-standard"},
                        root));
  std::sort(names.begin(), names.end());
  return names;
}

bool GitIsAtLeast(int major, int minor) {
  const std::string text = OutputOf({"git", "--version"}, "/");
  int found_major = 0;
  int found_minor = 0;
  EXPECT_EQ(std::sscanf(text.c_str(), "git version %d.%d", &found_major, &found_minor), 2) << text;
  return std::pair(found_major, found_minor) >= std::pair(major, minor);
}

std::vector<std::string> SplitNul(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = text.find('\0');
    names.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return names;
}

absl::StatusOr<Discovery> TryDiscover(const std::string& root, const DiscoverOptions& options,
                                      int workers) {
  SchedulerOptions scheduler_options;
  scheduler_options.config.parallel = workers > 0;
  scheduler_options.config.num_workers = std::max(workers, 1);
  const auto scheduler = TaskScheduler::Create(std::move(scheduler_options));
  if (!scheduler.ok()) return scheduler.status();
  TaskGroup group(**scheduler);
  return DiscoverFiles(group, root, options);
}

Discovery Discover(const std::string& root, const DiscoverOptions& options, int workers) {
  absl::StatusOr<Discovery> discovery = TryDiscover(root, options, workers);
  EXPECT_TRUE(discovery.ok()) << discovery.status();
  return discovery.ok() ? *std::move(discovery) : Discovery{};
}

std::vector<std::string> PathsOf(const Discovery& discovery) {
  std::vector<std::string> paths;
  for (const DiscoveredFile& file : discovery.files) paths.push_back(file.path);
  return paths;
}

std::string Show(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += "  '" + absl::CHexEscape(name) + "'\n";
  return text;
}

void ExpectAsUnprivileged(const std::function<std::string()>& body) {
  std::array<int, 2> ends{};
  Check(pipe2(ends.data(), O_CLOEXEC) == 0, "pipe");
  const pid_t pid = fork();
  Check(pid >= 0, "fork");
  if (pid == 0) {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0) {
      Check(setgroups(0, nullptr) == 0, "setgroups");
      Check(setresgid(kNobody, kNobody, kNobody) == 0, "setresgid");
      Check(setresuid(kNobody, kNobody, kNobody) == 0, "setresuid");
    }
    const std::string failure = body() + "\n";
    Check(write(ends[1], failure.data(), failure.size()) == static_cast<ssize_t>(failure.size()),
          "write");
    _exit(0);
  }
  close(ends[1]);
  EXPECT_EQ(ReadAll(ends[0]), "\n");  // not even a line: it did not come to its end
  close(ends[0]);
  int status = 0;
  Check(waitpid(pid, &status, 0) == pid, "waitpid");
  EXPECT_EQ(status, 0);
}

}  // namespace weft::testing
