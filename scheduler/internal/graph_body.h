// SPDX-License-Identifier: Apache-2.0
//
// How a node of a graph keeps a callable, and what running one means.

#ifndef WEFT_SCHEDULER_INTERNAL_GRAPH_BODY_H_
#define WEFT_SCHEDULER_INTERNAL_GRAPH_BODY_H_

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"

#include "weft/core/task_context.h"
#include "weft/scheduler/internal/graph.h"

namespace weft::internal {

// The callable in the node when it fits, otherwise where the node says.
//
// Thread safety: as the node.
template <class F>
struct GraphPayload {
  static constexpr bool kInline = sizeof(F) <= kPayloadSize && alignof(F) <= alignof(std::uint64_t);

  static void Store(GraphNode& node, F function) {
    if constexpr (kInline) {
      ::new (static_cast<void*>(node.payload)) F(std::move(function));
    } else {
      ::new (static_cast<void*>(node.payload)) F*(new F(std::move(function)));
    }
  }
  static F& In(GraphNode& node) {
    if constexpr (kInline) {
      return *std::launder(reinterpret_cast<F*>(node.payload));
    } else {
      return **std::launder(reinterpret_cast<F**>(node.payload));
    }
  }
  static void Destroy(ReadyNode& ready) {
    auto& node = static_cast<GraphNode&>(ready);
    if constexpr (kInline) {
      In(node).~F();
    } else {
      delete &In(node);
    }
  }
  static constexpr bool kTrivial = kInline && std::is_trivially_destructible_v<F>;
};

template <class F>
decltype(auto) CallGraphBody(F& function, GraphNode& node, GraphWorker& worker) {
  if constexpr (std::is_invocable_v<F&, TaskContext&>) {
    TaskContext context(Graph::Of(node).run_task(), worker.slot(), /*attempt=*/1);
    return std::invoke(function, context);
  } else {
    return std::invoke(function);
  }
}

template <class F>
using GraphBodyReturn = decltype(CallGraphBody(std::declval<F&>(), std::declval<GraphNode&>(),
                                               std::declval<GraphWorker&>()));

// A body: void or absl::Status.
template <class F>
struct GraphBodyKind {
  using Return = GraphBodyReturn<F>;
  static_assert(std::is_void_v<Return> || std::is_convertible_v<Return, absl::Status>,
                "the body of a graph node returns void or absl::Status");

  static ReadyNode* Step(ReadyNode& ready, GraphWorker& worker) noexcept {
    auto& node = static_cast<GraphNode&>(ready);
    Graph& graph = Graph::Of(node);
    if (!graph.MayStart(node, worker)) [[unlikely]]
      return graph.EndUnrun(node, worker);
    try {
      F& function = GraphPayload<F>::In(node);
      if constexpr (std::is_void_v<Return>) {
        CallGraphBody(function, node, worker);
      } else {
        absl::Status status = CallGraphBody(function, node, worker);
        if (!status.ok()) [[unlikely]]
          return graph.EndFailed(node, worker, std::move(status));
      }
    } catch (...) {
      return graph.EndThrown(node, worker, std::current_exception());
    }
    return graph.EndCompleted(node, worker);
  }
};

// A condition: the number of the successor that is taken.
template <class F>
struct GraphConditionKind {
  static_assert(std::is_integral_v<GraphBodyReturn<F>>,
                "a condition returns the number of the successor that is taken");

  static ReadyNode* Step(ReadyNode& ready, GraphWorker& worker) noexcept {
    auto& node = static_cast<GraphNode&>(ready);
    Graph& graph = Graph::Of(node);
    if (!graph.MayStart(node, worker)) [[unlikely]]
      return graph.EndUnrun(node, worker);
    std::uint32_t taken = node.successor_count;  // none
    try {
      const auto number =
          +CallGraphBody(GraphPayload<F>::In(node), node, worker);  // + also takes bool
      if (std::in_range<std::uint32_t>(number)) taken = static_cast<std::uint32_t>(number);
    } catch (...) {
      return graph.EndThrown(node, worker, std::current_exception());
    }
    return graph.EndCondition(node, worker, taken);
  }
};

template <template <class> class Kind, class F>
inline constexpr GraphNodeOps kGraphOps = {
    &Kind<F>::Step, GraphPayload<F>::kTrivial ? nullptr : &GraphPayload<F>::Destroy};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_GRAPH_BODY_H_
