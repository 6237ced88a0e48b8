// SPDX-License-Identifier: Apache-2.0
//
// Finds the files of a source tree: in parallel, in a fixed order, with git's ignore
// rules, and without leaving anything out in silence.

#ifndef WEFT_INTEGRATIONS_CODEBASE_DISCOVER_FILES_H_
#define WEFT_INTEGRATIONS_CODEBASE_DISCOVER_FILES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/scheduler/task_group.h"

namespace weft {

// Globs are git's ignore patterns without `!`, comments and trimming. One without a slash
// speaks of the name, in any folder ("*.py"); one with a slash of the path below the root
// ("src/*.py", "/setup.py", "src/**/test_*.py"); one that ends with a slash of folders only. A
// folder that matches stands for all that is below it. Braces are ordinary bytes: give two globs.
//
// A file is listed when nothing below leaves it out; each of these can, and none brings back
// what another one left out.
//
// Thread safety: a plain value.
struct DiscoverOptions {
  // Leaves out what the root's .git/info/exclude, the .gitignore of the root and those of the
  // folders below say, with git's precedence. They count without a .git as well. Rules of folders
  // above the root and of git's configuration do not, and being tracked brings nothing back. A
  // repository inside the tree is walked like any folder: the rules above it go on inside. An
  // ignore file over 4 MiB is an error entry, and its rules do not count.
  bool use_ignore_files = true;
  // Lists files and enters folders whose name begins with a dot. `.git` is never listed.
  bool include_hidden = false;
  // Enters folders of other file systems than the root's.
  bool cross_file_systems = false;
  // If any: only what matches one of them.
  std::vector<std::string> include = {};
  // Nothing that matches one of them.
  std::vector<std::string> exclude = {};
  // Called with the number of files and links found in a folder, for each folder that has
  // some, from the worker that read it, also at the same time from several: it must allow
  // that, be quick, and not throw.
  std::function<void(std::int64_t found)> progress = nullptr;
};

enum class DiscoveredType : std::uint8_t {
  kRegular,
  kSymlink,  // listed as git lists it, never followed
};

// Thread safety: a plain value.
struct DiscoveredFile {
  std::string path;  // bytes, relative to the root, '/' between parts
  DiscoveredType type = DiscoveredType::kRegular;

  friend bool operator==(const DiscoveredFile&, const DiscoveredFile&) = default;
};

// Something that could not be read; the rest of the tree was.
//
// Thread safety: a plain value.
struct DiscoveryError {
  std::string path;  // like DiscoveredFile::path; "." is the root
  absl::Status status;
};

// Why something that no rule leaves out is not among the files all the same.
enum class DiscoverySkipReason : std::uint8_t {
  kFifo,
  kSocket,
  kDevice,
  kOtherFileSystem,
  kSymlinkedIgnoreFile,  // a .gitignore that is a link: its rules do not count, as in git
};
std::string_view DiscoverySkipReasonText(DiscoverySkipReason reason);

// Thread safety: a plain value.
struct DiscoverySkip {
  std::string path;
  DiscoverySkipReason reason = DiscoverySkipReason::kFifo;

  friend bool operator==(const DiscoverySkip&, const DiscoverySkip&) = default;
};

// What was found, all lists in byte order of the paths.
//
// Thread safety: a plain value.
struct Discovery {
  std::vector<DiscoveredFile> files;
  std::vector<DiscoveryError> errors;
  std::vector<DiscoverySkip> skipped;
  std::int64_t directories = 0;  // listed, the root included
  // Entries left out by each means; one that is a folder counts once, with all below it.
  std::int64_t ignored = 0;
  std::int64_t hidden = 0;
  std::int64_t filtered = 0;  // by include and exclude
};

// Walks the tree below the directory `root` with one task for each folder, and waits for them.
// Cancelling `group` stops the walk. `root` itself may be a symbolic link.
//
// The list depends on the tree alone, not on the number of workers. What is unreadable, vanishes
// or is replaced during the walk is an error entry. Trees of any depth are walked, also where
// paths are longer than the system takes, with a bounded number of open descriptors (at most a
// quarter of the process's limit, and a few for each worker).
//
// Errors: NotFound, InvalidArgument (not a directory, or a glob that can match nothing),
// PermissionDenied for the root; the reason of the cancel once the group is cancelled;
// FailedPrecondition once its scheduler is shut down.
// Cost: three system calls and one stat for each folder, none for a file, on file systems that
// tell types in listings; memory for the list and about as much again during the walk.
absl::StatusOr<Discovery> DiscoverFiles(TaskGroup& group, const std::string& root,
                                        const DiscoverOptions& options = {});

}  // namespace weft

#endif  // WEFT_INTEGRATIONS_CODEBASE_DISCOVER_FILES_H_
