// SPDX-License-Identifier: Apache-2.0
//
// The open folders of a walk: a bounded number of them, whatever the depth or the order in
// which folders are visited.

#ifndef WEFT_INTEGRATIONS_CODEBASE_INTERNAL_FOLDER_DESCRIPTORS_H_
#define WEFT_INTEGRATIONS_CODEBASE_INTERNAL_FOLDER_DESCRIPTORS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "weft/integrations/codebase/internal/descriptor.h"

namespace weft::internal {

// A folder's place in the tree, as far as opening it needs to know.
struct FolderPlace {
  FolderPlace* parent = nullptr;  // null: the root
  std::string_view name;
  FileIdentity identity;  // set when it was first opened

 private:
  friend class FolderDescriptors;
  std::shared_ptr<const Descriptor> kept;
  FolderPlace* newer = nullptr;
  FolderPlace* older = nullptr;
};

// Keeps the folders whose sub-folders are still to be opened; beyond `limit` the one unused for
// longest is closed. A folder that is needed again is opened anew from the nearest one that is
// kept, on the way down, and refused if it is no longer the same.
//
// Thread safety: every method from any thread. A place must stay until Forget or destruction.
// Cost: one lock; opening anew takes time in proportion to the levels below the nearest kept
// folder, and leaves folders on the way kept, so that walking back up a deep tree stays cheap.
class FolderDescriptors {
 public:
  // `root` is never closed.
  FolderDescriptors(FolderPlace& root, Descriptor descriptor, std::size_t limit);

  // Opens `folder` for listing and sets its identity.
  absl::StatusOr<std::shared_ptr<const Descriptor>> Open(FolderPlace& folder)
      ABSL_LOCKS_EXCLUDED(mu_);

  // The folder will be asked for by the opening of its sub-folders, or will not any more.
  void Keep(FolderPlace& folder, std::shared_ptr<const Descriptor> descriptor)
      ABSL_LOCKS_EXCLUDED(mu_);
  void Forget(FolderPlace& folder) ABSL_LOCKS_EXCLUDED(mu_);
  void ForgetAll() ABSL_LOCKS_EXCLUDED(mu_);

  // A quarter of what the process may open, but some in any case.
  static std::size_t DefaultLimit();

 private:
  struct Found {
    FolderPlace* place = nullptr;
    std::shared_ptr<const Descriptor> descriptor;
  };
  Found Nearest(FolderPlace& folder) ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::shared_ptr<const Descriptor>> OpenAgain(FolderPlace& folder);
  void Link(FolderPlace& folder) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::shared_ptr<const Descriptor> Unlink(FolderPlace& folder) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::size_t limit_;
  FolderPlace& root_;
  absl::Mutex mu_;
  // A ring through root_; the newest kept folder is root_.older.
  std::size_t kept_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_CODEBASE_INTERNAL_FOLDER_DESCRIPTORS_H_
