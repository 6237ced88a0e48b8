// SPDX-License-Identifier: Apache-2.0
//
// Sorts the arguments of Submit into dependencies with a value and order alone.

#ifndef WEFT_SCHEDULER_INTERNAL_SUBMISSION_H_
#define WEFT_SCHEDULER_INTERNAL_SUBMISSION_H_

#include <array>
#include <cstddef>
#include <new>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/container/inlined_vector.h"

#include "weft/core/task_options.h"
#include "weft/scheduler/internal/callable_traits.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/task_body.h"
#include "weft/scheduler/task.h"

namespace weft::internal {

// The dependency that an argument of type D&& is, in a tuple; none for After.
template <class D>
struct GivenBy;
template <class X>
struct GivenBy<Task<X>> : std::type_identity<std::tuple<Given<X, true>>> {};
template <class X>
struct GivenBy<Task<X>&> : std::type_identity<std::tuple<Given<X, false>>> {};
template <class X>
struct GivenBy<const Task<X>&> : std::type_identity<std::tuple<Given<X, false>>> {};
template <class X>
struct GivenBy<const Task<X>> : std::type_identity<std::tuple<Given<X, false>>> {};
template <class D>
requires std::is_base_of_v<AfterTag, std::remove_cvref_t<D>>
struct GivenBy<D> : std::type_identity<std::tuple<>> {
};

template <class F, class Givens>
struct KindFor;
template <class F, class... G>
struct KindFor<F, std::tuple<G...>> : std::type_identity<BodyKind<F, G...>> {};

template <class F, class... D>
using KindOf =
    typename KindFor<F,
                     decltype(std::tuple_cat(std::declval<typename GivenBy<D>::type>()...))>::type;

using Dependencies = absl::InlinedVector<Dependency, 6>;

// Whether `D` is a handle, or handles, that the caller gave up.
template <class D>
inline constexpr bool kIsGivenUp =
    !std::is_lvalue_reference_v<D> && !std::is_base_of_v<AfterTag, std::remove_cvref_t<D>>;
template <class X>
inline constexpr bool kIsGivenUp<AfterGiven<X>> = true;
template <class... D>
inline constexpr bool kGivesUp = (kIsGivenUp<D> || ...);

template <class After>
requires std::is_base_of_v<AfterTag, After>
void AddDependency(Dependencies& all, const After& after, const Pass*&) {
  for (const auto& task : after.tasks) all.push_back({NodeIn(task), after.run_anyway});
}
template <class X>
void AddDependency(Dependencies& all, const Task<X>& task, const Pass*& pass) {
  all.push_back({task.node().get(), *pass++ == Pass::kOutcome});
}

// The handles that nothing but order needs, added to `given_up`.
template <class References, class D>
void GiveUp(References&, const D&) {}
template <class References, class X>
void GiveUp(References& given_up, AfterGiven<X>& after) {
  given_up.reserve(given_up.size() + after.tasks.size());
  for (Task<X>& task : after.tasks) given_up.push_back(std::move(task).GiveUp());
}

// Puts what the body takes something of into `held`: with kGivenUp the references of
// handles that were given up, otherwise those of the others. D: as in Submit.
template <class D, bool kGivenUp, class After>
requires std::is_base_of_v<AfterTag, After>
void Hold(TaskPtr*&, After&, const Pass*&) {}
template <class D, bool kGivenUp, class X>
void Hold(TaskPtr*& held, Task<X>& task, const Pass*& pass) {
  if (*pass++ == Pass::kNothing) return;
  if constexpr (std::is_lvalue_reference_v<D> == !kGivenUp) {
    *held = kGivenUp ? std::move(task).GiveUp() : task.node();
  }
  ++held;
}
template <class D, bool kGivenUp, class X>
void Hold(TaskPtr*& held, const Task<X>& task, const Pass*& pass) {
  if (*pass++ == Pass::kNothing) return;
  if constexpr (!kGivenUp) *held = task.node();
  ++held;
}

// A task that is not submitted yet: without an owner but us.
//
// Thread safety: one thread.
class NewTask {
 public:
  NewTask(Engine& engine, GroupCore& group) : engine_(engine), task_(&engine.NewTask(group)) {}
  NewTask(const NewTask&) = delete;
  NewTask& operator=(const NewTask&) = delete;
  ~NewTask() {
    if (task_ != nullptr) engine_.GiveBack(*task_);
  }
  EngineTask& operator*() const { return *task_; }
  EngineTask& Release() { return *std::exchange(task_, nullptr); }

 private:
  Engine& engine_;
  EngineTask* task_;
};

// What the options ask for, and a body of this kind cannot give; null: nothing.
template <class Kind>
const char* WrongWith(const TaskOptions& options) {
  if (Kind::Body::kTakesValues && options.finaliser) {
    return "finaliser: it runs however its dependencies end, and so can take outcomes (const "
           "absl::StatusOr<X>&) of them, not values";
  }
  if (Kind::Body::kRunsOnce && options.retry.retries()) {
    return "retry: the body takes a value by moving that cannot be copied, and so can run only "
           "once; take it by const reference";
  }
  return nullptr;
}

// Throws std::bad_alloc.
template <class F, class... D>
EngineTask& SubmitNew(Engine& engine, GroupCore& group, const TaskOptions* options, bool detached,
                      F& function, D&&... dependencies) {
  using Kind = KindOf<F, D...>;
  NewTask fresh(engine, group);
  if constexpr (sizeof...(D) == 0) {
    Kind::Room::Make(*fresh, std::move(function));
    EngineTask& task = fresh.Release();
    task.ops = &kTaskOps<Kind>;
    engine.SubmitReady(group, task, options, detached);
    return task;
  } else {
    Dependencies all;
    // The body, which has the others, may go while they are still being looked at.
    absl::InlinedVector<TaskPtr, kGivesUp<D...> ? sizeof...(D) : 1> given_up;
    [[maybe_unused]] const Pass* pass = Kind::Body::kPasses.data();
    (AddDependency(all, dependencies, pass), ...);
    if (options != nullptr && options->finaliser) {
      for (Dependency& dependency : all) dependency.run_anyway = true;
    }
    (GiveUp(given_up, dependencies), ...);
    if constexpr (Kind::Body::kHeld == 0) {
      Kind::Room::Make(*fresh, std::move(function));
    } else {
      std::array<TaskPtr, Kind::Body::kHeld> held;
      TaskPtr* next = held.data();
      pass = Kind::Body::kPasses.data();
      // Copies first: the same handle may be among those that are given up.
      (Hold<D, false>(next, dependencies, pass), ...);
      next = held.data();
      pass = Kind::Body::kPasses.data();
      (Hold<D, true>(next, dependencies, pass), ...);
      if constexpr (kGivesUp<D...>) given_up.insert(given_up.end(), held.begin(), held.end());
      Kind::Room::Make(*fresh, std::move(function), std::move(held));
    }
    EngineTask& task = fresh.Release();
    task.ops = &kTaskOps<Kind>;
    if (const char* const wrong = options == nullptr ? nullptr : WrongWith<Kind>(*options)) {
      engine.Refuse(group, task, absl::InvalidArgumentError(wrong), detached);
      return task;
    }
    engine.Submit(group, task, all, given_up, options, detached);
    return task;
  }
}

template <class F, class... D>
EngineTask& SubmitBody(Engine& engine, GroupCore& group, const TaskOptions* options, bool detached,
                       F function, D&&... dependencies) {
  if (engine.Forked()) [[unlikely]]
    return engine.StandInFor(group, detached);
  try {
    return SubmitNew<F, D...>(engine, group, options, detached, function,
                              std::forward<D>(dependencies)...);
  } catch (const std::bad_alloc&) {
    return engine.StandInFor(group, detached);
  }
}

// Tasks without dependencies, of one kind, that are submitted together: those that have a
// body by then, when this goes.
//
// Thread safety: one thread.
template <class Kind>
class NewTasks {
 public:
  static constexpr std::size_t kMost = 128;

  NewTasks(Engine& engine, GroupCore& group, const TaskOptions* options, bool detached)
      : engine_(engine), group_(group), options_(options), detached_(detached) {}
  NewTasks(const NewTasks&) = delete;
  NewTasks& operator=(const NewTasks&) = delete;
  ~NewTasks() { Flush(); }

  // Throws std::bad_alloc, and what the move of the function does.
  template <class F>
  EngineTask& Add(F& function) {
    if (made_ == taken_) {
      Flush();
      made_ = 0;
      taken_ = engine_.NewTasks(group_, tasks_);
      if (taken_ == 0) throw std::bad_alloc();
    }
    EngineTask& task = *tasks_[made_];
    Kind::Room::Make(task, std::move(function));
    task.ops = &kTaskOps<Kind>;
    ++made_;
    return task;
  }

 private:
  void Flush() noexcept {
    const std::span<EngineTask* const> all(tasks_);
    if (made_ > 0) engine_.SubmitAllReady(group_, all.first(made_), options_, detached_);
    for (EngineTask* const task : all.subspan(made_, taken_ - made_)) engine_.GiveBack(*task);
    taken_ = made_;
  }

  Engine& engine_;
  GroupCore& group_;
  const TaskOptions* const options_;
  const bool detached_;
  std::array<EngineTask*, kMost> tasks_;
  std::size_t taken_ = 0;  // of those
  std::size_t made_ = 0;   // of those
};

// `taken(task)` is called with each before it can run, in the order of the functions.
template <class F, class Taken>
void SubmitBodies(Engine& engine, GroupCore& group, const TaskOptions* options, bool detached,
                  std::span<F> functions, Taken taken) {
  std::size_t done = 0;
  try {
    if (!engine.Forked()) {
      NewTasks<KindOf<F>> fresh(engine, group, options, detached);
      for (F& function : functions) {
        taken(fresh.Add(function));
        ++done;
      }
    }
  } catch (const std::bad_alloc&) {  // as if there were no memory for the rest
  }
  for (; done < functions.size(); ++done) taken(engine.StandInFor(group, detached));
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_SUBMISSION_H_
