// SPDX-License-Identifier: Apache-2.0
//
// The named form of a task: what to run, under which name, after what.

#ifndef WEFT_CORE_TASK_DEFINITION_H_
#define WEFT_CORE_TASK_DEFINITION_H_

#include <cstddef>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"

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
    Kind<Stored>::Make(room_, std::forward<F>(callable));
    ops_ = &kOps<Kind<Stored>>;
  }
  TaskFunction(TaskFunction&& other) noexcept : ops_(std::exchange(other.ops_, nullptr)) {
    if (ops_ != nullptr) ops_->move(other.room_, room_);
  }
  TaskFunction& operator=(TaskFunction&& other) noexcept {
    if (this == &other) return *this;
    Reset();  // a throw from here ends the process, as it does from the destructor
    ops_ = std::exchange(other.ops_, nullptr);
    if (ops_ != nullptr) ops_->move(other.room_, room_);
    return *this;
  }
  ~TaskFunction() { Reset(); }

  // False for a default one, a null pointer and an empty std::function.
  explicit operator bool() const { return ops_ != nullptr; }

  // Throws what the callable throws. InvalidArgument when *this is empty.
  absl::Status operator()(TaskContext& context) {
    if (ops_ == nullptr) return absl::InvalidArgumentError("the task's function is empty");
    return ops_->call(room_, context);
  }

  // Destroys the callable and what it captured; throws what their destructors throw.
  void Reset() {
    if (const Ops* const ops = std::exchange(ops_, nullptr)) ops->destroy(room_);
  }

 private:
  // As much as two pointers lies in here, what is larger on the heap.
  static constexpr std::size_t kRoom = 2 * sizeof(void*);

  struct Ops {
    absl::Status (*call)(std::byte* room, TaskContext& context);
    void (*move)(std::byte* from, std::byte* to) noexcept;  // `from` is empty then
    void (*destroy)(std::byte* room);
  };

  template <class F>
  struct Kind {
    static constexpr bool kInside = sizeof(F) <= kRoom && alignof(F) <= alignof(void*) &&
                                    std::is_nothrow_move_constructible_v<F> &&
                                    std::is_nothrow_destructible_v<F>;

    template <class G>
    static void Make(std::byte* room, G&& callable) {
      if constexpr (kInside) {
        ::new (static_cast<void*>(room)) F(std::forward<G>(callable));
      } else {
        ::new (static_cast<void*>(room)) F*(new F(std::forward<G>(callable)));
      }
    }
    static F& In(std::byte* room) {
      if constexpr (kInside) {
        return *std::launder(reinterpret_cast<F*>(room));
      } else {
        return **std::launder(reinterpret_cast<F**>(room));
      }
    }
    static absl::Status Call(std::byte* room, TaskContext& context) {
      if constexpr (std::is_invocable_v<F&, TaskContext&>) {
        return ToStatus([&]() -> decltype(auto) { return std::invoke(In(room), context); });
      } else {
        return ToStatus([&]() -> decltype(auto) { return std::invoke(In(room)); });
      }
    }
    static void Move(std::byte* from, std::byte* to) noexcept {
      if constexpr (kInside) {
        ::new (static_cast<void*>(to)) F(std::move(In(from)));
        In(from).~F();
      } else {
        ::new (static_cast<void*>(to)) F*(&In(from));
      }
    }
    static void Destroy(std::byte* room) {
      if constexpr (kInside) {
        In(room).~F();
      } else {
        delete &In(room);  // frees the memory also where the destructor throws
      }
    }
  };
  template <class K>
  static constexpr Ops kOps = {&K::Call, &K::Move, &K::Destroy};

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

  const Ops* ops_ = nullptr;
  alignas(void*) std::byte room_[kRoom];
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
