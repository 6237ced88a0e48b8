// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_FAIL_FAST_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_FAIL_FAST_H_

#include <new>
#include <string>

#include "absl/status/status.h"

#include "weft/scheduler/internal/engine.h"

namespace weft::internal {

// A group whose first failure cancels the rest takes no more tasks from the moment on at which
// that failure is known, and so before anybody can see it; what depends on the failed task is
// skipped for that; the others are cancelled after it.
//
// Thread safety: one thread.
class Engine::FailFast {
 public:
  // Before the end of `failed`.
  FailFast(Engine& engine, EngineTask& failed, const absl::Status& status) noexcept
      : engine_(engine) {
    auto& group = static_cast<GroupCore&>(*failed.scope);
    if (!group.fail_fast() || group.stopped()) return;
    try {
      why_ = absl::CancelledError("another task of the group failed: '" + NameOf(failed) +
                                  "': " + std::string(status.message()));
    } catch (const std::bad_alloc&) {
      why_ = engine.group_cancelled_;
    }
    if (group.BeginCancel(why_)) group_ = IntrusivePtr<GroupCore>(&group);
  }
  FailFast(const FailFast&) = delete;
  FailFast& operator=(const FailFast&) = delete;
  ~FailFast() {
    if (!group_) return;
    engine_.CancelTasks(*group_, why_);
    group_->CancelToken(why_);
  }

 private:
  Engine& engine_;
  IntrusivePtr<GroupCore> group_;  // to be cancelled
  absl::Status why_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_FAIL_FAST_H_
