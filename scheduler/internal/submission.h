// SPDX-License-Identifier: Apache-2.0
//
// Sorts the arguments of Submit into dependencies with a value and order alone.

#ifndef WEFT_SCHEDULER_INTERNAL_SUBMISSION_H_
#define WEFT_SCHEDULER_INTERNAL_SUBMISSION_H_

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "weft/core/task_options.h"
#include "weft/scheduler/internal/body_node.h"
#include "weft/scheduler/internal/callable_traits.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/task.h"

namespace weft::internal {

template <class F>
concept NotOptions = !std::is_convertible_v<F, TaskOptions>;

template <class X>
std::tuple<IntrusivePtr<ResultNode<X>>> ValueNode(const Task<X>& task) {
  return {task.typed_node()};
}
inline std::tuple<> ValueNode(const AfterTasks&) { return {}; }

template <class F, class Nodes>
struct BodyFor;
template <class F, class... X>
struct BodyFor<F, std::tuple<IntrusivePtr<ResultNode<X>>...>> {
  using Call = BodyCall<F, X...>;
  using Node = BodyNode<F, X...>;
};

template <class F, class... D>
using BodyOf = BodyFor<F, decltype(std::tuple_cat(ValueNode(std::declval<const D&>())...))>;

inline void AddDependency(Dependencies& all, const AfterTasks& after, const Pass*&) {
  for (const AnyTask& task : after.tasks) all.push_back({task.node(), false});
}
template <class X>
void AddDependency(Dependencies& all, const Task<X>& task, const Pass*& pass) {
  all.push_back({task.node(), *pass++ == Pass::kOutcome});
}

template <class F, class... D>
auto SubmitBody(Engine& engine, GroupCore& group, const TaskOptions& options, F function,
                const D&... dependencies) {
  using Body = BodyOf<F, D...>;
  auto node = MakeCounted<typename Body::Node>(IntrusivePtr<Engine>(&engine), std::move(function),
                                               std::tuple_cat(ValueNode(dependencies)...));
  Dependencies all;
  [[maybe_unused]] const Pass* pass = Body::Call::kPasses.data();
  (AddDependency(all, dependencies, pass), ...);
  engine.Submit(group, node, std::move(all), options);
  return Task<typename Body::Call::Value>(std::move(node));
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_SUBMISSION_H_
