// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_GROUP_CURSOR_H_
#define WEFT_SCHEDULER_INTERNAL_GROUP_CURSOR_H_

#include "absl/base/thread_annotations.h"

#include "weft/core/internal/ref_counted.h"
#include "weft/scheduler/internal/engine.h"

namespace weft::internal {

// A walk along an engine's groups that holds no lock between two steps, and needs no
// memory. Groups that come meanwhile are left out, those that go are stepped over.
//
// Thread safety: one thread.
class Engine::GroupCursor {
 public:
  explicit GroupCursor(Engine& engine) ABSL_LOCKS_EXCLUDED(engine.mu_);
  GroupCursor(const GroupCursor&) = delete;
  GroupCursor& operator=(const GroupCursor&) = delete;
  ~GroupCursor() ABSL_LOCKS_EXCLUDED(engine_.mu_);

  // Null after the last.
  IntrusivePtr<GroupCore> Next() ABSL_LOCKS_EXCLUDED(engine_.mu_);

  // For this cursor and those behind it in the list. Under the engine's lock.
  void StepOver(const GroupCore& gone);

 private:
  Engine& engine_;
  GroupCore* next_ = nullptr;     // guarded by engine_.mu_
  GroupCursor* after_ = nullptr;  // the same: the engine's list of cursors
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_GROUP_CURSOR_H_
