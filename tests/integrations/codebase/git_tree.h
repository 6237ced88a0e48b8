// SPDX-License-Identifier: Apache-2.0
//
// Real trees in a temporary folder, and git's opinion about them.

#ifndef WEFT_TESTS_INTEGRATIONS_CODEBASE_GIT_TREE_H_
#define WEFT_TESTS_INTEGRATIONS_CODEBASE_GIT_TREE_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/integrations/codebase/discover_files.h"

namespace weft::testing {

// A folder of its own that goes with the object. Paths are relative to it; folders on the way
// are made.
//
// Thread safety: one thread at a time.
class GitTree {
 public:
  GitTree();
  GitTree(const GitTree&) = delete;
  GitTree& operator=(const GitTree&) = delete;
  ~GitTree();

  const std::string& root() const { return root_; }
  std::string Path(std::string_view path) const { return root_ + "/" + std::string(path); }

  void Folder(std::string_view path);
  void File(std::string_view path, std::string_view text = "");
  void Symlink(std::string_view path, const std::string& target);
  void Fifo(std::string_view path);
  // What git needs to take the folder for a repository; `exclude` is for .git/info/exclude.
  void Repository(std::string_view exclude = "");
  // A chain of `levels` folders called `name`, whatever the length of their path, and a file
  // "leaf" in the last; with `comb`, also a folder "side" with a file in each.
  void Deep(int levels, const std::string& name, bool comb = false);

 private:
  void MakeFoldersAbove(std::string_view path);

  std::string root_;
  bool deep_ = false;
};

// The process's output; a failure to run it, or an exit code other than 0, fails the test.
std::string OutputOf(const std::vector<std::string>& command, const std::string& folder);

// All that git knows or would add, sorted: nothing is tracked, and no configuration of this
// machine counts.
std::vector<std::string> GitFiles(const std::string& root);

// At least major.minor?
bool GitIsAtLeast(int major, int minor);

// Names that end with a NUL each.
std::vector<std::string> SplitNul(std::string_view text);

// DiscoverFiles with `workers` threads, or without any (0). Fails the test on an error status.
Discovery Discover(const std::string& root, const DiscoverOptions& options = {}, int workers = 2);
absl::StatusOr<Discovery> TryDiscover(const std::string& root, const DiscoverOptions& options = {},
                                      int workers = 2);
std::vector<std::string> PathsOf(const Discovery& discovery);

// For messages: bytes that a terminal would not show are escaped, one name a line.
std::string Show(const std::vector<std::string>& names);

// Runs `body` in a child process without privileges, which ordinary permissions hold for, and
// expects that it returns an empty text; what it returns is the failure.
void ExpectAsUnprivileged(const std::function<std::string()>& body);

}  // namespace weft::testing

#endif  // WEFT_TESTS_INTEGRATIONS_CODEBASE_GIT_TREE_H_
