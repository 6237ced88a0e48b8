// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/task_group.h"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "weft/core/cancellation.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {

namespace {

std::int64_t BoundOf(const GroupOptions& options) {
  return options.max_pending_tasks > 0 ? options.max_pending_tasks
                                       : internal::PendingBound<internal::StdPlatform>::kNone;
}

}  // namespace

TaskGroup::TaskGroup(TaskScheduler& scheduler, internal::Engine& engine,
                     const GroupOptions& options)
    : scheduler_(scheduler),
      engine_(engine),
      core_(engine_.AddGroup({.fail_fast = options.fail_fast,
                              .deadline = engine.DeadlineIn(options.timeout),
                              .max_pending = BoundOf(options),
                              .refuses = options.when_full == WhenFull::kRefuse,
                              .progress = options.progress.part()})) {
  if (core_->progress() != nullptr) core_->progress()->Hold();
}

TaskGroup::TaskGroup(TaskScheduler& scheduler, GroupOptions options)
    : TaskGroup(scheduler, *scheduler.engine_, options) {
  if (!options.cancellation.can_be_cancelled()) return;
  cancelled_from_outside_ = std::make_unique<CancellationCallback>(
      options.cancellation, [this, token = options.cancellation] { Cancel(token.reason()); });
}

TaskGroup::~TaskGroup() {
  cancelled_from_outside_.reset();  // no Cancel comes after this
  engine_.EndGroup(*core_);
  // In a forked child somebody may have the tracker's lock for ever.
  if (core_->progress() != nullptr && !engine_.Forked()) core_->progress()->Release();
}

absl::StatusOr<Task<>> TaskGroup::Schedule(TaskDefinition definition) {
  return internal::OrOutOfMemory([&]() -> absl::StatusOr<Task<>> {
    internal::TaskPtr node;
    absl::Status scheduled = engine_.Schedule(*core_, {&definition, 1}, {&node, 1});
    if (!scheduled.ok()) return scheduled;
    return Task<>(std::move(node));
  });
}

absl::StatusOr<std::vector<Task<>>> TaskGroup::ScheduleBatch(
    std::vector<TaskDefinition> definitions) {
  return internal::OrOutOfMemory([&]() -> absl::StatusOr<std::vector<Task<>>> {
    std::vector<internal::TaskPtr> nodes(definitions.size());
    std::vector<Task<>> tasks;
    tasks.reserve(definitions.size());
    absl::Status scheduled = engine_.Schedule(*core_, definitions, nodes);
    if (!scheduled.ok()) return scheduled;
    for (internal::TaskPtr& node : nodes) tasks.emplace_back(std::move(node));
    return tasks;
  });
}

void TaskGroup::Seal() { engine_.Seal(*core_); }

void TaskGroup::Cancel(absl::Status why) { engine_.CancelGroup(*core_, std::move(why)); }

RunSummary TaskGroup::Wait(absl::Time deadline) {
  return engine_.Summarise(*core_, engine_.Wait({.group = core_.get()}, deadline));
}

RunSummary TaskGroup::Summary() const { return engine_.Summarise(*core_, absl::OkStatus()); }

absl::StatusOr<Task<>> TaskGroup::Find(std::string_view name) const {
  auto node = engine_.FindNamed(*core_, name);
  if (!node.ok()) return node.status();
  return Task<>(*std::move(node));
}

absl::Status TaskGroup::Release(std::string_view name) { return engine_.ReleaseName(*core_, name); }

}  // namespace weft
