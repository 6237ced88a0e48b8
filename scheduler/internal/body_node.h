// SPDX-License-Identifier: Apache-2.0
//
// A task made by Submit: the callable, and the dependencies whose values it takes.

#ifndef WEFT_SCHEDULER_INTERNAL_BODY_NODE_H_
#define WEFT_SCHEDULER_INTERNAL_BODY_NODE_H_

#include <array>
#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"

#include "weft/core/internal/manual_storage.h"
#include "weft/core/task_context.h"
#include "weft/scheduler/internal/callable_traits.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/task_node.h"

namespace weft::internal {

template <Pass kPass, class X>
auto ArgumentOf(ResultNode<X>& dependency) {
  if constexpr (kPass == Pass::kNothing) {
    return std::tuple<>();
  } else if constexpr (kPass == Pass::kOutcome) {
    return std::tuple<const ResultOf<X>&>(dependency.engine().EndedResult(dependency));
  } else {
    return std::tuple<const X&>(*dependency.result());
  }
}

// Calls F with dependencies of value types X..., each passed as its parameter asks.
template <class F, class... X, std::size_t... I>
decltype(auto) CallBodyWith(F& function, TaskContext& context,
                            const std::tuple<IntrusivePtr<ResultNode<X>>...>& nodes,
                            std::index_sequence<I...>) {
  using Parameters = typename ParametersOf<F>::type;
  [[maybe_unused]] constexpr auto kPasses = PassesOf<Parameters, X...>();
  if constexpr (TakesContext(Parameters{})) {
    return std::apply(function, std::tuple_cat(std::tuple<TaskContext&>(context),
                                               ArgumentOf<kPasses[I]>(*std::get<I>(nodes))...));
  } else {
    return std::apply(function, std::tuple_cat(ArgumentOf<kPasses[I]>(*std::get<I>(nodes))...));
  }
}

template <class F, class... X>
struct BodyCall {
  static constexpr auto kPasses = PassesOf<typename ParametersOf<F>::type, X...>();
  using Nodes = std::tuple<IntrusivePtr<ResultNode<X>>...>;
  using Return = decltype(CallBodyWith<F, X...>(std::declval<F&>(), std::declval<TaskContext&>(),
                                                std::declval<const Nodes&>(),
                                                std::index_sequence_for<X...>()));
  using Value = typename ValueOfReturn<std::remove_cvref_t<Return>>::type;

  static Return Call(F& function, TaskContext& context, const Nodes& nodes) {
    return CallBodyWith<F, X...>(function, context, nodes, std::index_sequence_for<X...>());
  }
};

// Thread safety: as TaskNode.
template <class F, class... X>
class BodyNode final : public ResultNode<typename BodyCall<F, X...>::Value> {
  using Call = BodyCall<F, X...>;
  using Base = ResultNode<typename Call::Value>;

 public:
  BodyNode(IntrusivePtr<Engine> engine, F function, typename Call::Nodes dependencies)
      : Base(std::move(engine)),
        body_(std::in_place, Body{std::move(function), std::move(dependencies)}) {}

 private:
  struct Body {
    F function;
    typename Call::Nodes dependencies;
  };

  absl::Status Invoke(TaskContext& context) override {
    if constexpr (std::is_void_v<typename Call::Return>) {
      Call::Call(body_.value().function, context, body_.value().dependencies);
      return this->StoreResult(absl::OkStatus());
    } else {
      return this->StoreResult(
          Call::Call(body_.value().function, context, body_.value().dependencies));
    }
  }
  void DestroyCallable() override { body_.Destroy(); }

  ManualStorage<Body> body_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_BODY_NODE_H_
