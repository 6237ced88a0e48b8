// SPDX-License-Identifier: Apache-2.0
//
// The little that core knows of a task that a scheduler holds: enough for TaskContext
// and TaskRef, which must not know the scheduler.

#ifndef WEFT_CORE_INTERNAL_RUNNING_TASK_H_
#define WEFT_CORE_INTERNAL_RUNNING_TASK_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/cancellation.h"
#include "weft/core/task_id.h"

namespace weft::internal {

// A task while its body runs.
//
// Thread safety: every method from any thread.
class RunningTask {
 public:
  virtual TaskId id() const = 0;
  // A hint to return early.
  virtual bool cancel_requested() const = 0;
  // A token that follows this task, made on first use.
  virtual CancellationToken Token() = 0;
  virtual absl::Duration TimeLeft() const = 0;
  // May throw std::bad_alloc.
  virtual void Degrade(absl::Status cause) = 0;
  virtual void ForgetCost() {}
  // `continuation`: of the same scheduler, whose handle the caller holds.
  virtual absl::Status Continue(void* continuation) = 0;

 protected:
  ~RunningTask() = default;
};

// A counted reference to a task whose type only its scheduler knows.
//
// Thread safety: like a plain pointer; distinct copies from distinct threads.
class OpaqueTask {
 public:
  using Count = void (*)(void* task);

  OpaqueTask() = default;
  // `ref` and `unref` count; null `task`: refers to nothing.
  OpaqueTask(void* task, Count ref, Count unref) : task_(task), ref_(ref), unref_(unref) {
    if (task_ != nullptr) ref_(task_);
  }
  OpaqueTask(const OpaqueTask& other) : OpaqueTask(other.task_, other.ref_, other.unref_) {}
  OpaqueTask(OpaqueTask&& other) noexcept
      : task_(std::exchange(other.task_, nullptr)), ref_(other.ref_), unref_(other.unref_) {}
  OpaqueTask& operator=(OpaqueTask other) noexcept {
    std::swap(task_, other.task_);
    std::swap(ref_, other.ref_);
    std::swap(unref_, other.unref_);
    return *this;
  }
  ~OpaqueTask() {
    if (task_ != nullptr) unref_(task_);
  }

  void* get() const { return task_; }

 private:
  void* task_ = nullptr;
  Count ref_ = nullptr;
  Count unref_ = nullptr;
};

}  // namespace weft::internal

#endif  // WEFT_CORE_INTERNAL_RUNNING_TASK_H_
