// SPDX-License-Identifier: Apache-2.0
//
// One walk: a task for each folder, and the tree of listings that they leave.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIRECTORY_WALK_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIRECTORY_WALK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/integrations/codebase/discover_files.h"
#include "weft/integrations/codebase/internal/folder_descriptors.h"
#include "weft/integrations/codebase/internal/folder_listing.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/worker_local.h"

namespace weft::internal {

struct WalkOptions {
  ListingOptions listing;
  FolderContext root_context;
  bool cross_file_systems = false;
  std::size_t kept_descriptors = 0;
  std::function<void(std::int64_t files)> found;           // in one folder; may be empty
  std::function<void(std::string_view name)> before_open;  // for tests of races; may be empty
};

// A folder that was seen. Its task alone writes to it, before it submits those of its
// sub-folders; the rest is read when all tasks have ended.
struct WalkedFolder : FolderPlace {
  enum class Outcome : std::uint8_t { kNotVisited, kListed, kFailed, kOtherFileSystem };

  FolderContext context;                   // when listed; before, only `included` counts
  std::unique_ptr<FolderListing> listing;  // null: nothing in it, and nothing to tell
  absl::Status failure;                    // kFailed
  WalkedFolder* folders = nullptr;         // those of the listing, in its order
  std::atomic<std::uint32_t> unopened{0};  // of those
  Outcome outcome = Outcome::kNotVisited;
};

// Kept alive by its tasks, so that a caller may give up waiting.
//
// Thread safety: Start once; TakeResult once, when the group has come to rest.
class DirectoryWalk : public std::enable_shared_from_this<DirectoryWalk> {
 public:
  DirectoryWalk(TaskGroup& group, Descriptor root, FileIdentity root_identity, WalkOptions options);

  void Start();
  Discovery TakeResult();

 private:
  void Submit(WalkedFolder& folder);
  void Visit(TaskContext& task, WalkedFolder& folder);
  // False, by the first attempt alone: there were not enough descriptors, and nothing has
  // happened.
  enum class Attempt { kFirst, kLast };
  bool TryVisit(TaskContext& task, WalkedFolder& folder, Attempt attempt);
  FolderContext ContextOf(const WalkedFolder& folder) const;
  void MakeFolders(WalkedFolder& folder, const FolderListing& listing);
  void ParentOpened(WalkedFolder& folder);

  TaskGroup& group_;
  const WalkOptions options_;
  WalkedFolder root_;
  FolderDescriptors descriptors_;
  WorkerLocal<std::unique_ptr<ListingScratch>> scratch_;
  std::atomic<std::size_t> files_{0};

  // Shared by visits; one that ran out of descriptors takes it whole and so has all those to
  // itself that other visits would hold.
  absl::Mutex crowd_;

  absl::Mutex mu_;
  // Apart from the tree, so that freeing a deep one takes no stack.
  std::vector<std::unique_ptr<WalkedFolder[]>> blocks_ ABSL_GUARDED_BY(mu_);
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_DIRECTORY_WALK_H_
