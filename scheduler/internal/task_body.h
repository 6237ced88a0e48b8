// SPDX-License-Identifier: Apache-2.0
//
// A task made by Submit: where its callable lies, how it gets the values of its
// dependencies, and what running it means.

#ifndef WEFT_SCHEDULER_INTERNAL_TASK_BODY_H_
#define WEFT_SCHEDULER_INTERNAL_TASK_BODY_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/task_context.h"
#include "weft/core/task_definition.h"
#include "weft/scheduler/internal/callable_traits.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/exception_status.h"

namespace weft::internal {

// What the body of a task sees of it.
//
// Thread safety: as RunningTask.
class RunningBody final : public RunningTask {
 public:
  explicit RunningBody(EngineTask& task) : task_(task) {}

  TaskId id() const override { return IdOf(task_); }
  bool cancel_requested() const override {
    // relaxed, both: a hint to return early; nothing is read on the strength of it.
    const auto word = task_.word.load(std::memory_order_relaxed);
    if ((word & TaskWord::kFinaliser) == 0 &&
        (task_.scope->stopped() || (word & TaskWord::kCancel) != 0)) {
      return true;
    }
    return (word & TaskWord::kHasExtras) != 0 && Engine::IsLate(task_);
  }
  absl::Duration TimeLeft() const override { return Engine::TimeLeft(task_); }
  void Degrade(absl::Status cause) override {
    task_.List();
    Engine::Degrade(task_, std::move(cause));
  }
  void ForgetCost() override { Engine::ForgetCost(task_); }
  CancellationToken Token() override {
    task_.List();
    return Engine::Of(task_).TokenOf(task_);
  }
  absl::Status Continue(void* continuation) override {
    task_.List();
    return Engine::Of(task_).Continue(task_, *static_cast<EngineTask*>(continuation));
  }

 private:
  EngineTask& task_;
};

// Room for a body, and after it for the value: in the task where both fit, otherwise
// where the task says.
//
// Thread safety: as the task.
template <class Body, class Value>
class TaskRoom {
  using Result = std::conditional_t<std::is_void_v<Value>, char, ResultOf<Value>>;
  static_assert(std::is_void_v<Value> || std::is_nothrow_destructible_v<Value>,
                "a task's value lives until its last handle goes: its destructor must not throw");

  struct Outside {
    alignas(Body) alignas(Result) std::byte bytes[std::max(sizeof(Body), sizeof(Result))];
  };

 public:
  static constexpr bool kInside = sizeof(Outside) <= kPayloadSize && alignof(Outside) <= 8;

  template <class... Args>
  static void Make(EngineTask& task, Args&&... args) {
    if constexpr (kInside) {
      ::new (static_cast<void*>(task.payload)) Body{std::forward<Args>(args)...};
    } else {
      auto outside = std::make_unique_for_overwrite<Outside>();
      ::new (static_cast<void*>(outside->bytes)) Body{std::forward<Args>(args)...};
      ::new (static_cast<void*>(task.payload)) Outside*(outside.release());
    }
  }
  static Body& BodyOf(EngineTask& task) { return *std::launder(static_cast<Body*>(At(task))); }
  static Result& ResultIn(EngineTask& task) {
    return *std::launder(static_cast<Result*>(At(task)));
  }
  static void* At(EngineTask& task) {
    if constexpr (kInside) {
      return task.payload;
    } else {
      return PayloadAs<Outside*>(task)->bytes;
    }
  }
  static void Free(EngineTask& task) noexcept {
    if constexpr (!kInside) delete PayloadAs<Outside*>(task);
  }
};

// Whether nobody else can read the value of a task that has completed.
inline bool SoleOwner(const EngineTask& task) {
  return TaskWord::Handles(task.word.load(std::memory_order_acquire)) == 1;
}

// Moves it where nobody else can read it, copies it otherwise, or where it `stays`.
template <class X>
X TakeValue(EngineTask& task, bool stays = false) {
  auto& result = const_cast<absl::StatusOr<X>&>(Engine::ResultIn<X>(task));
  if constexpr (std::is_copy_constructible_v<X>) {
    if (stays || !SoleOwner(task)) return *result;
  }
  return *std::move(result);
}

// The value of a dependency in the form that the parameter asks for, as a tuple of one
// element or none.
template <Pass kPass, class X>
auto ArgumentOf(EngineTask* dependency, [[maybe_unused]] bool stays) {
  if constexpr (kPass == Pass::kNothing) {
    return std::tuple<>();
  } else {
    const ResultOf<X>& result = Engine::ResultIn<X>(*dependency);
    if constexpr (kPass == Pass::kOutcome) {
      return std::tuple<const ResultOf<X>&>(result);
    } else if constexpr (kPass == Pass::kValue) {
      return std::tuple<const X&>(*result);
    } else {
      return std::tuple<X>(TakeValue<X>(*dependency, stays));
    }
  }
}

// The callable F and the dependencies that it takes something of. D: Given<X, moved>.
template <class F, class... D>
struct BoundCall {
  static constexpr auto kPasses = PassesOf<typename ParametersOf<F>::type, D...>();
  static constexpr std::size_t kHeld = [] {
    std::size_t held = 0;
    for (const Pass pass : kPasses) held += pass != Pass::kNothing ? 1 : 0;
    return held;
  }();
  // Of dependency `i` in `held`.
  static constexpr std::size_t PlaceOf(std::size_t i) {
    std::size_t place = 0;
    for (std::size_t k = 0; k < i; ++k) place += kPasses[k] != Pass::kNothing ? 1 : 0;
    return place;
  }

  F function;
  [[no_unique_address]] std::conditional_t<kHeld == 0, std::tuple<>, std::array<TaskPtr, kHeld>>
      held = {};

  EngineTask* Held(std::size_t i) {
    if constexpr (kHeld == 0) {
      return nullptr;
    } else {
      return kPasses[i] == Pass::kNothing ? nullptr : held[PlaceOf(i)].get();
    }
  }
  template <std::size_t... I>
  decltype(auto) CallWith(TaskContext* context, bool again, std::index_sequence<I...>) {
    if constexpr (TakesContext(typename ParametersOf<F>::type{})) {
      return std::apply(
          function, std::tuple_cat(std::tuple<TaskContext&>(*context),
                                   ArgumentOf<kPasses[I], typename D::Value>(Held(I), again)...));
    } else {
      return std::apply(
          function, std::tuple_cat(ArgumentOf<kPasses[I], typename D::Value>(Held(I), again)...));
    }
  }
  // `again`: it may be called once more.
  decltype(auto) Call(TaskContext* context, bool again) {
    return CallWith(context, again, std::index_sequence_for<D...>());
  }
  // A value that must be moved, and that others can still read: why the body cannot run.
  absl::Status CheckMoves() {
    absl::Status shared;
    [[maybe_unused]] std::size_t i = 0;
    [[maybe_unused]] const auto check = [&]<class X, bool kMoved>(Given<X, kMoved>) {
      if constexpr (!std::is_void_v<X>) {
        if constexpr (!std::is_copy_constructible_v<X>) {
          if (kPasses[i] == Pass::kMoved && !SoleOwner(*Held(i))) {
            shared = absl::FailedPreconditionError(
                "the value of a dependency cannot be moved: other handles or tasks can still "
                "read it");
          }
        }
      }
      ++i;
    };
    (check(D{}), ...);
    return shared;
  }
  static constexpr bool Has(Pass wanted) {
    for (const Pass pass : kPasses) {
      if (pass == wanted) return true;
    }
    return false;
  }
  static constexpr bool kMoves = Has(Pass::kMoved);
  static constexpr bool kTakesValues = kMoves || Has(Pass::kValue);
  // It takes something that cannot be had a second time.
  static constexpr bool kRunsOnce = [] {
    [[maybe_unused]] std::size_t i = 0;
    bool once = false;
    [[maybe_unused]] const auto look = [&]<class X, bool kMoved>(Given<X, kMoved>) {
      if constexpr (!std::is_void_v<X>) {
        once = once || (kPasses[i] == Pass::kMoved && !std::is_copy_constructible_v<X>);
      }
      ++i;
    };
    (look(D{}), ...);
    return once;
  }();
};

// Thread safety: as the task.
template <class F, class... D>
struct BodyKind {
  using Body = BoundCall<F, D...>;
  using Return = decltype(std::declval<Body&>().Call(nullptr, false));
  using Value = typename ValueOfReturn<std::remove_cvref_t<Return>>::type;
  using Room = TaskRoom<Body, Value>;
  static constexpr bool kHasValue = !std::is_void_v<Value>;
  using Result = ResultOf<Value>;

  static ReadyNode* Step(ReadyNode& node, EngineWorker& worker) noexcept {
    auto& task = static_cast<EngineTask&>(node);
    return Engine::Begin(task, worker) ? RunAs(task, worker, /*drop=*/true, /*special=*/false)
                                       : nullptr;
  }
  // Any task, after Begin or where that is not needed.
  [[gnu::noinline]] static ReadyNode* Run(EngineTask& task, EngineWorker& worker,
                                          bool drop) noexcept {
    return RunAs(task, worker, drop, /*special=*/OpsOf(task).special == &OpsOf(task));
  }

  // Made twice: Step, which most tasks take, has no room for what it does not need.
  [[gnu::always_inline]] static inline ReadyNode* RunAs(EngineTask& task, EngineWorker& worker,
                                                        bool drop, bool special) noexcept {
    const Engine::Attempt attempt =
        special ? Engine::BeginAttempt(task, worker) : Engine::Attempt{};
    const auto outer = worker.BeginBody(task);
    absl::Status status;
    std::exception_ptr thrown;
    std::optional<std::conditional_t<kHasValue, Result, std::monostate>> result;
    try {
      if constexpr (Body::kMoves) status = Room::BodyOf(task).CheckMoves();
      if (!Body::kMoves || status.ok()) {
        RunningBody running(task);
        TaskContext context(running, worker.slot(), attempt.number);
        if constexpr (std::is_void_v<Return>) {
          Room::BodyOf(task).Call(&context, attempt.may_follow);
        } else if constexpr (kHasValue) {
          result.emplace(Room::BodyOf(task).Call(&context, attempt.may_follow));
          if (!result->ok()) status = result->status();
        } else {
          status = Room::BodyOf(task).Call(&context, attempt.may_follow);
        }
      }
    } catch (...) {
      thrown = std::current_exception();
      status = StatusOfException(thrown);
    }
    if (special && Engine::EndAttempt(task, worker, attempt, outer, drop, status)) return nullptr;
    if constexpr (!std::is_trivially_destructible_v<Body>) Engine::DestroyRunBody(task, status);
    if constexpr (kHasValue) {
      if (status.ok()) [[likely]] {
        try {
          ::new (Room::At(task)) Result(*std::move(result));
        } catch (...) {
          thrown = std::current_exception();
          status = StatusOfException(thrown);
        }
      }
    } else if constexpr (!Room::kInside) {
      if (status.ok()) Room::Free(task);
    }
    worker.EndBody(outer);
    if (status.ok()) [[likely]] {
      return special ? Engine::EndSpecial(task, worker, drop)
                     : Engine::EndCompleted(task, worker, drop);
    }
    return Engine::EndFailed(task, worker, drop, std::move(status), std::move(thrown));
  }

  static void DestroyBody(EngineTask& task) {
    Body& body = Room::BodyOf(task);
    if constexpr (std::is_same_v<F, TaskFunction>) {  // whose destructor may not throw
      struct Last {
        Body& body;
        ~Last() { body.~Body(); }
      } last{body};
      body.function.Reset();
    } else {
      body.~Body();
    }
  }
  static const void* ValueOf(EngineTask& task) noexcept { return &Room::ResultIn(task); }
  static void DestroyValue(EngineTask& task) noexcept {
    if constexpr (kHasValue) Room::ResultIn(task).~Result();
    Room::Free(task);
  }
  static void* MakeError(const absl::Status& error) { return new Result(error); }
  static void DestroyError(void* made) noexcept { delete static_cast<Result*>(made); }
};

template <class Kind>
inline constexpr TaskOps kSpecialTaskOps = {{&Engine::StepSpecial, nullptr, true},
                                            &Kind::Run,
                                            &Kind::DestroyBody,
                                            &Kind::Room::Free,
                                            Kind::kHasValue ? &Kind::ValueOf : nullptr,
                                            Kind::kHasValue ? &Kind::DestroyValue : nullptr,
                                            &Kind::MakeError,
                                            &Kind::DestroyError,
                                            &kSpecialTaskOps<Kind>};
template <class Kind>
inline constexpr TaskOps kTaskOps = {{&Kind::Step, nullptr, true},
                                     &Kind::Run,
                                     &Kind::DestroyBody,
                                     &Kind::Room::Free,
                                     Kind::kHasValue ? &Kind::ValueOf : nullptr,
                                     Kind::kHasValue ? &Kind::DestroyValue : nullptr,
                                     &Kind::MakeError,
                                     &Kind::DestroyError,
                                     &kSpecialTaskOps<Kind>};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TASK_BODY_H_
