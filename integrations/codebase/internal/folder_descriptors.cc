// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/internal/folder_descriptors.h"

#include <algorithm>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace weft::internal {
namespace {

// Levels between folders that OpenAgain leaves kept: few enough that going up one level opens
// few, many enough that the kept ones reach far.
constexpr std::size_t kHopLevels = 64;

}  // namespace

FolderDescriptors::FolderDescriptors(FolderPlace& root, Descriptor descriptor, std::size_t limit)
    : limit_(limit), root_(root) {
  root_.kept = std::make_shared<const Descriptor>(std::move(descriptor));
  root_.newer = &root_;
  root_.older = &root_;
}

absl::StatusOr<std::shared_ptr<const Descriptor>> FolderDescriptors::Open(FolderPlace& folder) {
  if (folder.parent == nullptr) {
    lseek(folder.kept->fd(), 0, SEEK_SET);  // a second attempt begins at the first name again
    return folder.kept;                     // the root's is never given away
  }
  absl::StatusOr<std::shared_ptr<const Descriptor>> parent = OpenAgain(*folder.parent);
  if (!parent.ok()) return parent;
  absl::StatusOr<Descriptor> opened = OpenFolder((*parent)->fd(), std::string(folder.name));
  if (!opened.ok()) return opened.status();
  const absl::StatusOr<FileIdentity> identity = Identify(opened->fd());
  if (!identity.ok()) return identity.status();
  folder.identity = *identity;
  return std::make_shared<const Descriptor>(*std::move(opened));
}

absl::StatusOr<std::shared_ptr<const Descriptor>> FolderDescriptors::OpenAgain(
    FolderPlace& folder) {
  Found at = Nearest(folder);
  std::vector<FolderPlace*> missing;
  for (FolderPlace* p = &folder; p != at.place; p = p->parent) missing.push_back(p);
  while (!missing.empty()) {
    std::string path;
    FolderPlace* place = nullptr;
    for (std::size_t levels = 0; levels < kHopLevels && !missing.empty(); ++levels) {
      if (!path.empty()) {
        if (path.size() + 1 + missing.back()->name.size() > kLongestHop) break;
        path += '/';
      }
      place = missing.back();
      missing.pop_back();
      path += place->name;
    }
    absl::StatusOr<Descriptor> opened = OpenPlace(at.descriptor->fd(), path);
    if (!opened.ok()) return opened.status();
    const absl::StatusOr<FileIdentity> identity = Identify(opened->fd());
    if (!identity.ok()) return identity.status();
    if (*identity != place->identity) {
      return absl::AbortedError("a folder above was replaced during the walk");
    }
    at = {place, std::make_shared<const Descriptor>(*std::move(opened))};
    Keep(*place, at.descriptor);
  }
  return std::move(at.descriptor);
}

FolderDescriptors::Found FolderDescriptors::Nearest(FolderPlace& folder) {
  absl::MutexLock lock(&mu_);
  FolderPlace* place = &folder;
  while (place->kept == nullptr) place = place->parent;
  Found found{place, place->kept};
  if (place != &root_) {
    Unlink(*place);
    place->kept = found.descriptor;
    Link(*place);
  }
  return found;
}

void FolderDescriptors::Keep(FolderPlace& folder, std::shared_ptr<const Descriptor> descriptor) {
  std::shared_ptr<const Descriptor> close_outside;
  absl::MutexLock lock(&mu_);
  if (folder.kept != nullptr) return;  // another task was as far
  folder.kept = std::move(descriptor);
  Link(folder);
  if (kept_ > limit_) close_outside = Unlink(*root_.newer);
}

void FolderDescriptors::Forget(FolderPlace& folder) {
  std::shared_ptr<const Descriptor> close_outside;
  absl::MutexLock lock(&mu_);
  if (&folder != &root_ && folder.kept != nullptr) close_outside = Unlink(folder);
}

void FolderDescriptors::ForgetAll() {
  std::vector<std::shared_ptr<const Descriptor>> close_outside;
  absl::MutexLock lock(&mu_);
  for (FolderPlace* folder = root_.older; folder != &root_;) {
    FolderPlace* const next = folder->older;
    close_outside.push_back(Unlink(*folder));
    folder = next;
  }
}

void FolderDescriptors::Link(FolderPlace& folder) {
  folder.newer = &root_;
  folder.older = root_.older;
  folder.older->newer = &folder;
  root_.older = &folder;
  ++kept_;
}

std::shared_ptr<const Descriptor> FolderDescriptors::Unlink(FolderPlace& folder) {
  folder.newer->older = folder.older;
  folder.older->newer = folder.newer;
  folder.newer = folder.older = nullptr;
  --kept_;
  return std::move(folder.kept);
}

std::size_t FolderDescriptors::DefaultLimit() {
  constexpr std::size_t kLeast = 2;
  constexpr std::size_t kMost = 4096;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kLeast;
  return static_cast<std::size_t>(std::clamp<rlim_t>(limit.rlim_cur / 4, kLeast, kMost));
}

}  // namespace weft::internal
