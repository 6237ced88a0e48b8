// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/directory_walk.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

#include "weft/core/task_context.h"

namespace weft::internal {
namespace {

// Empty folders are many in some trees; they keep no listing.
bool HasNothingToTell(const FolderListing& listing) {
  return listing.entries.empty() && listing.trouble.empty() && listing.ignored == 0 &&
         listing.hidden == 0 && listing.filtered == 0;
}

bool RanOutOfDescriptors(const FolderListing& listing) {
  return std::any_of(listing.trouble.begin(), listing.trouble.end(),
                     [](const auto& trouble) { return IsOutOfDescriptors(trouble.status); });
}

// Puts the listings one behind the other. Each is in order, with folders standing where their
// contents belong, so nothing is left to sort.
class Assembly {
 public:
  Discovery Run(WalkedFolder& root, std::size_t files) {
    result_.files.reserve(files);
    Enter(root, 0);
    while (!open_.empty()) Step();
    const auto by_path = [](const auto& a, const auto& b) { return a.path < b.path; };
    std::stable_sort(result_.errors.begin(), result_.errors.end(), by_path);
    std::stable_sort(result_.skipped.begin(), result_.skipped.end(), by_path);
    return std::move(result_);
  }

 private:
  struct Level {
    WalkedFolder* folder = nullptr;
    std::size_t outer_prefix = 0;  // length of the path above
    std::size_t next_entry = 0;
    std::size_t next_folder = 0;
  };

  void Step() {
    Level& level = open_.back();
    WalkedFolder& folder = *level.folder;
    if (folder.listing == nullptr || level.next_entry == folder.listing->entries.size()) {
      prefix_.resize(level.outer_prefix);
      folder.listing.reset();
      open_.pop_back();
      return;
    }
    const FolderListing::Entry& entry = folder.listing->entries[level.next_entry++];
    const std::string_view name = folder.listing->name(entry);
    if (entry.type == EntryType::kDirectory) {
      const std::size_t outer_prefix = prefix_.size();
      prefix_ += name;
      Enter(folder.folders[level.next_folder++], outer_prefix);
      return;
    }
    DiscoveredFile& file = result_.files.emplace_back();
    file.path.reserve(prefix_.size() + name.size());
    file.path.append(prefix_).append(name);
    if (entry.type == EntryType::kSymlink) file.type = DiscoveredType::kSymlink;
  }

  void Enter(WalkedFolder& folder, std::size_t outer_prefix) {
    open_.push_back({.folder = &folder, .outer_prefix = outer_prefix});
    using Outcome = WalkedFolder::Outcome;
    if (folder.outcome == Outcome::kListed) ++result_.directories;
    if (folder.outcome == Outcome::kFailed) AddError("", folder.failure);
    if (folder.outcome == Outcome::kNotVisited) {
      AddError("", absl::InternalError("not walked: its task did not come to its end"));
    }
    if (folder.outcome == Outcome::kOtherFileSystem) {
      result_.skipped.push_back({Path(""), DiscoverySkipReason::kOtherFileSystem});
    }
    if (folder.listing == nullptr) return;
    for (FolderListing::Trouble& trouble : folder.listing->trouble) {
      if (trouble.status.ok()) {
        result_.skipped.push_back({Path(trouble.name), trouble.skip});
      } else {
        AddError(trouble.name, std::move(trouble.status));
      }
    }
    result_.ignored += folder.listing->ignored;
    result_.hidden += folder.listing->hidden;
    result_.filtered += folder.listing->filtered;
  }

  void AddError(std::string_view name, absl::Status status) {
    result_.errors.push_back({Path(name), std::move(status)});
  }

  // Of an entry of the current folder; of the folder itself if `name` is empty.
  std::string Path(std::string_view name) const {
    std::string path = prefix_;
    path += name;
    if (path.empty()) return ".";
    if (name.empty()) path.pop_back();  // the slash
    return path;
  }

  Discovery result_;
  std::vector<Level> open_;
  std::string prefix_;
};

}  // namespace

DirectoryWalk::DirectoryWalk(TaskGroup& group, Descriptor root, FileIdentity root_identity,
                             WalkOptions options)
    : group_(group),
      options_(std::move(options)),
      descriptors_(root_, std::move(root), options_.kept_descriptors),
      scratch_(group.scheduler(), [] { return std::make_unique<ListingScratch>(); }) {
  root_.identity = root_identity;
}

void DirectoryWalk::Start() { Submit(root_); }

void DirectoryWalk::Submit(WalkedFolder& folder) {
  group_.Submit({.kind = "list folder"}, [self = shared_from_this(), &folder](TaskContext& task) {
    self->Visit(task, folder);
  });
}

void DirectoryWalk::Visit(TaskContext& task, WalkedFolder& folder) {
  if (task.cancelled()) return;
  if (options_.before_open && folder.parent != nullptr) options_.before_open(folder.name);
  bool done = false;
  {
    absl::ReaderMutexLock crowd(&crowd_);
    done = TryVisit(task, folder, Attempt::kFirst);
  }
  if (!done) {
    absl::WriterMutexLock alone(&crowd_);
    descriptors_.ForgetAll();
    TryVisit(task, folder, Attempt::kLast);
  }
  if (folder.parent != nullptr) ParentOpened(static_cast<WalkedFolder&>(*folder.parent));
  const std::uint32_t count = folder.listing == nullptr ? 0 : folder.listing->folders;
  for (std::uint32_t i = 0; i < count; ++i) Submit(folder.folders[i]);
}

bool DirectoryWalk::TryVisit(TaskContext& task, WalkedFolder& folder, Attempt attempt) {
  using Outcome = WalkedFolder::Outcome;
  const absl::StatusOr<std::shared_ptr<const Descriptor>> opened = descriptors_.Open(folder);
  if (!opened.ok()) {
    if (attempt == Attempt::kFirst && IsOutOfDescriptors(opened.status())) return false;
    folder.outcome = Outcome::kFailed;
    folder.failure = opened.status();
    return true;
  }
  if (!options_.cross_file_systems && folder.identity.device != root_.identity.device) {
    folder.outcome = Outcome::kOtherFileSystem;
    return true;
  }
  FolderContext context = ContextOf(folder);
  auto listing = std::make_unique<FolderListing>(
      ListFolder((*opened)->fd(), folder.parent == nullptr, options_.listing, context,
                 *scratch_.Get(task), [&task] { return !task.cancelled(); }));
  if (attempt == Attempt::kFirst && RanOutOfDescriptors(*listing)) return false;
  if (HasNothingToTell(*listing)) {
    folder.outcome = Outcome::kListed;
    return true;
  }
  if (listing->folders > 0) {
    folder.context = std::move(context);
    MakeFolders(folder, *listing);
    descriptors_.Keep(folder, *opened);
  }
  // relaxed: read when all tasks have ended.
  files_.fetch_add(listing->files, std::memory_order_relaxed);
  const auto found = static_cast<std::int64_t>(listing->files);
  // Last: where memory ran out above, the folder counts as not visited.
  folder.listing = std::move(listing);
  folder.outcome = Outcome::kListed;
  if (options_.found && found > 0) options_.found(found);
  return true;
}

FolderContext DirectoryWalk::ContextOf(const WalkedFolder& folder) const {
  if (folder.parent == nullptr) return options_.root_context;
  const auto& parent = static_cast<const WalkedFolder&>(*folder.parent);
  return EnterFolder(parent.context, folder.name, folder.context.included);
}

void DirectoryWalk::MakeFolders(WalkedFolder& folder, const FolderListing& listing) {
  auto block = std::make_unique<WalkedFolder[]>(listing.folders);
  WalkedFolder* next = block.get();
  for (const FolderListing::Entry& entry : listing.entries) {
    if (entry.type != EntryType::kDirectory) continue;
    next->parent = &folder;
    next->name = listing.name(entry);
    next->name.remove_suffix(1);
    next->context.included = entry.included;
    ++next;
  }
  folder.folders = block.get();
  // relaxed: the tasks that count it down are submitted later.
  folder.unopened.store(listing.folders, std::memory_order_relaxed);
  absl::MutexLock lock(&mu_);
  blocks_.push_back(std::move(block));
}

void DirectoryWalk::ParentOpened(WalkedFolder& parent) {
  // relaxed: only the count matters; what it guards has a lock of its own.
  if (parent.unopened.fetch_sub(1, std::memory_order_relaxed) == 1) descriptors_.Forget(parent);
}

Discovery DirectoryWalk::TakeResult() {
  return Assembly().Run(root_, files_.load(std::memory_order_relaxed));
}

}  // namespace weft::internal
