// SPDX-License-Identifier: Apache-2.0
//
// The named form of a task: what to run, under which name, after what.

#ifndef WEFT_CORE_TASK_DEFINITION_H_
#define WEFT_CORE_TASK_DEFINITION_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "weft/core/internal/manual_storage.h"
#include "weft/core/task_context.h"
#include "weft/core/task_options.h"
#include "weft/core/task_ref.h"

namespace weft {

class TaskFunction;

namespace internal {

template <class F>
concept TaskBody =
    !std::is_same_v<std::remove_cvref_t<F>, TaskFunction> &&
    (std::is_invocable_v<std::decay_t<F>&> || std::is_invocable_v<std::decay_t<F>&, TaskContext&>);

template <class F>
concept HasNull = requires(const F& callable) {
  callable == nullptr;
};
}  // namespace internal

// Any callable that returns void or absl::Status, with or without a TaskContext&
// as its parameter. Move-only callables are welcome.
//
// Thread safety: called once, by the worker that runs the task.
class TaskFunction {
 public:
  TaskFunction() = default;
  template <internal::TaskBody F>
  TaskFunction(F&& callable) {  // NOLINT: converts as std::function does
    using Stored = std::decay_t<F>;
    if constexpr (internal::HasNull<Stored>) {
      if (callable == nullptr) return;
    }
    holder_ = std::make_unique<Holder<Stored>>(std::forward<F>(callable));
  }

  // False for a default one, a null pointer and an empty std::function.
  explicit operator bool() const { return holder_ != nullptr; }

  // Throws what the callable throws. InvalidArgument when *this is empty.
  absl::Status operator()(TaskContext& context) {
    if (holder_ == nullptr) return absl::InvalidArgumentError("the task's function is empty");
    return holder_->Call(context);
  }

  // Destroys the callable and what it captured; throws what their destructors throw.
  void Reset() {
    if (const std::unique_ptr<HolderBase> holder = std::move(holder_)) holder->Destroy();
  }

 private:
  struct HolderBase {
    virtual ~HolderBase() = default;
    virtual absl::Status Call(TaskContext& context) = 0;
    virtual void Destroy() = 0;
  };

  template <class F>
  struct Holder final : HolderBase {
    explicit Holder(F&& callable) : storage(std::in_place, std::move(callable)) {}
    explicit Holder(const F& callable) : storage(std::in_place, callable) {}

    absl::Status Call(TaskContext& context) override {
      if constexpr (std::is_invocable_v<F&, TaskContext&>) {
        return ToStatus([&]() -> decltype(auto) { return std::invoke(storage.value(), context); });
      } else {
        return ToStatus([&]() -> decltype(auto) { return std::invoke(storage.value()); });
      }
    }
    void Destroy() override { storage.Destroy(); }

    internal::ManualStorage<F> storage;
  };

  template <class F>
  static absl::Status ToStatus(F call) {
    using R = std::invoke_result_t<F>;
    static_assert(std::is_void_v<R> || std::is_convertible_v<R, absl::Status>,
                  "a TaskFunction returns void or absl::Status; use TaskGroup::Submit for values");
    if constexpr (std::is_void_v<R>) {
      call();
      return absl::OkStatus();
    } else {
      return call();
    }
  }

  std::unique_ptr<HolderBase> holder_;
};

// What becomes of a task when a dependency fails, is cancelled or is skipped.
enum class DependencyPolicy {
  kSkip,       // it is Skipped, and so are those that depend on it
  kRunAnyway,  // it runs when all dependencies have ended, however they ended
};

// Thread safety: a plain value, handed over whole.
struct TaskDefinition {
  std::string id = {};  // unique in its group while the name lives; empty = no name
  TaskFunction function = {};
  std::vector<TaskRef> dependencies = {};
  DependencyPolicy on_failed_dependency = DependencyPolicy::kSkip;
  TaskOptions options = {};
};

}  // namespace weft

#endif  // WEFT_CORE_TASK_DEFINITION_H_
