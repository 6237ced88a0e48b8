// SPDX-License-Identifier: Apache-2.0
//
// What a callable takes and returns, so that Submit can hand each dependency over
// in the form that its parameter asks for.

#ifndef WEFT_SCHEDULER_INTERNAL_CALLABLE_TRAITS_H_
#define WEFT_SCHEDULER_INTERNAL_CALLABLE_TRAITS_H_

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/task_context.h"
#include "weft/core/task_options.h"
#include "weft/scheduler/internal/task_ptr.h"

namespace weft::internal {

// So that a call that begins with options is told apart.
template <class F>
concept NotOptions = !std::is_convertible_v<F, TaskOptions>;

template <class... P>
struct TypeList {
  static constexpr bool kKnown = true;
};
// A generic or overloaded callable: its parameters cannot be listed.
struct UnknownTypes {
  static constexpr bool kKnown = false;
};

template <class Signature>
struct ParametersOfCall;
template <class C, class R, class... P>
struct ParametersOfCall<R (C::*)(P...)> : std::type_identity<TypeList<P...>> {};
template <class C, class R, class... P>
struct ParametersOfCall<R (C::*)(P...) const> : std::type_identity<TypeList<P...>> {};
template <class C, class R, class... P>
struct ParametersOfCall<R (C::*)(P...) noexcept> : std::type_identity<TypeList<P...>> {};
template <class C, class R, class... P>
struct ParametersOfCall<R (C::*)(P...) const noexcept> : std::type_identity<TypeList<P...>> {};
template <class C, class R, class... P>
struct ParametersOfCall<R (C::*)(P...)&> : std::type_identity<TypeList<P...>> {};
template <class C, class R, class... P>
struct ParametersOfCall<R (C::*)(P...) const&> : std::type_identity<TypeList<P...>> {};

template <class F>
concept HasCallOperator = requires {
  &F::operator();
};

template <class F>
struct ParametersOf : std::type_identity<UnknownTypes> {};
template <HasCallOperator F>
struct ParametersOf<F> : ParametersOfCall<decltype(&F::operator())> {};
template <class R, class... P>
struct ParametersOf<R (*)(P...)> : std::type_identity<TypeList<P...>> {};
template <class R, class... P>
struct ParametersOf<R (*)(P...) noexcept> : std::type_identity<TypeList<P...>> {};

// How a dependency reaches the body.
enum class Pass {
  kValue,    // const X&: the body is skipped unless the dependency completed
  kMoved,    // X: the same, and the value is moved out of its task
  kOutcome,  // const StatusOr<X>& (Status for a task without value): it runs anyway
  kNothing,  // a task without value: order, and skip
};

// A dependency with the value type X. kMoved: its handle was given up.
template <class X, bool kMoved>
struct Given {
  using Value = X;
};

template <class... P>
constexpr bool TakesContext(TypeList<P...>) {
  if constexpr (sizeof...(P) == 0) {
    return false;
  } else {
    return std::is_same_v<std::tuple_element_t<0, std::tuple<P...>>, TaskContext&>;
  }
}
constexpr bool TakesContext(UnknownTypes) { return false; }

template <class X, class... P>
constexpr bool TakesOutcomeAt(TypeList<P...>, std::size_t position) {
  const std::array<bool, sizeof...(P) + 1> matches = {
      std::is_same_v<std::remove_cvref_t<P>, ResultOf<X>>..., false};
  return position < sizeof...(P) && matches[position];
}
template <class X>
constexpr bool TakesOutcomeAt(UnknownTypes, std::size_t) {
  return false;
}

// Whether a value that may be moved is taken by value there, or by X&&.
template <class... P>
constexpr bool TakesValueAt(TypeList<P...>, std::size_t position) {
  const std::array<bool, sizeof...(P) + 1> matches = {!std::is_lvalue_reference_v<P>..., false};
  return position < sizeof...(P) && matches[position];
}
constexpr bool TakesValueAt(UnknownTypes, std::size_t) { return true; }

// One Pass for each dependency D, which is a Given<X, moved>.
template <class Parameters, class... D>
constexpr std::array<Pass, sizeof...(D)> PassesOf() {
  std::array<Pass, sizeof...(D)> passes{};
  std::size_t position = TakesContext(Parameters{}) ? 1 : 0;
  [[maybe_unused]] std::size_t dependency = 0;
  [[maybe_unused]] const auto place = [&]<class X, bool kMoved>(Given<X, kMoved>) {
    const bool moved = kMoved && TakesValueAt(Parameters{}, position);
    passes[dependency] = TakesOutcomeAt<X>(Parameters{}, position) ? Pass::kOutcome
                         : std::is_void_v<X>                       ? Pass::kNothing
                         : moved                                   ? Pass::kMoved
                                                                   : Pass::kValue;
    if (passes[dependency++] != Pass::kNothing) ++position;
  };
  (place(D{}), ...);
  return passes;
}

// The value type of a task whose body returns R.
template <class R>
struct ValueOfReturn : std::type_identity<std::decay_t<R>> {};
template <>
struct ValueOfReturn<void> : std::type_identity<void> {};
template <>
struct ValueOfReturn<absl::Status> : std::type_identity<void> {};
template <class T>
struct ValueOfReturn<absl::StatusOr<T>> : std::type_identity<T> {};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_CALLABLE_TRAITS_H_
