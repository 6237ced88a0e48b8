// SPDX-License-Identifier: Apache-2.0
//
// Names a task for those that depend on it.

#ifndef WEFT_CORE_TASK_REF_H_
#define WEFT_CORE_TASK_REF_H_

#include <string>
#include <string_view>
#include <utility>

#include "weft/core/internal/running_task.h"

namespace weft {

// A dependency: the handle of a task (the fast path) or a name in the same group,
// also one that is yet to be scheduled.
//
// Thread safety: a plain value.
class TaskRef {
 public:
  TaskRef(std::string name) : name_(std::move(name)) {}  // NOLINT: names convert
  TaskRef(std::string_view name) : name_(name) {}        // NOLINT
  TaskRef(const char* name) : name_(name) {}             // NOLINT
  explicit TaskRef(internal::OpaqueTask task) : is_name_(false), task_(std::move(task)) {}

  // Empty when this refers to a handle.
  const std::string& name() const { return name_; }
  bool is_name() const { return is_name_; }
  // The scheduler's. Null when this refers to a name, or to an empty handle.
  void* task() const { return task_.get(); }

 private:
  std::string name_;
  bool is_name_ = true;
  internal::OpaqueTask task_;
};

}  // namespace weft

#endif  // WEFT_CORE_TASK_REF_H_
