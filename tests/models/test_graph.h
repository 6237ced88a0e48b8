// SPDX-License-Identifier: Apache-2.0
//
// A graph of numbered nodes, and a run loop whose pumps are threads of the model.

#ifndef WEFT_TESTS_MODELS_TEST_GRAPH_H_
#define WEFT_TESTS_MODELS_TEST_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "models/explorer.h"
#include "weft/scheduler/internal/graph_core.h"
#include "weft/scheduler/internal/latch.h"
#include "weft/scheduler/internal/node.h"
#include "weft/scheduler/internal/node_pool.h"
#include "weft/scheduler/internal/root_queue.h"
#include "weft/scheduler/internal/run_loop.h"

namespace weft::internal {

// Full deques, full slabs and the end of looking are as likely as anything else.
template <>
struct EngineShape<models::ModelPlatform> {
  static constexpr std::uint32_t kSlabNodes = 8;
  static constexpr std::uint32_t kChunkNodes = 32;
  static constexpr std::size_t kMaxChunks = 2;
  static constexpr std::size_t kDequeCapacity = 2;
  static constexpr int kSearchRounds = 1;
  static constexpr int kSearchRoundsFed = 1;
  static constexpr std::uint32_t kCalmAfter = 1;
  static constexpr int kMaxReplacements = 1;
  static constexpr std::uint32_t kCacheBatch = 2;
};

}  // namespace weft::internal

namespace weft::models {

// The bounds of a model with a TestLoop.
inline Options WithPumps(const std::string& name) {
  Options options;
  options.name = name;
  options.idle_pauses = 1;  // a pump that finds nothing leaves
  return options;
}

// Each node reads what its predecessors wrote in this run, then writes, once.
//
// Thread safety: as internal::GraphCore.
class TestGraph final : public internal::GraphCore<ModelPlatform> {
 public:
  using Ready = internal::Node<ModelPlatform>;
  using Node = internal::StaticNode<ModelPlatform>;
  using Worker = internal::Worker<ModelPlatform>;
  using Pool = internal::NodePool<ModelPlatform>;
  using Cell = internal::Cell<ModelPlatform>;
  using Edges = std::vector<std::pair<std::size_t, std::size_t>>;

  static constexpr std::size_t kNone = ~std::size_t{0};

  TestGraph(Pool& pool, std::size_t size, const Edges& edges)
      : pool_(pool), slab_(pool.Acquire()), results_(size), before_(size), after_(size) {
    FollowStopFlag(&stop_);
    for (std::size_t i = 0; i < size; ++i) ::new (&slab_[i]) Node;
    for (const auto& [from, to] : edges) {
      after_[from].push_back(&At(to));
      before_[to].push_back(from);
    }
    static constexpr internal::NodeOps<ModelPlatform> kOps = {&Step, nullptr};
    for (std::size_t i = 0; i < size; ++i) {
      Node& node = At(i);
      node.ops = &kOps;
      node.scope = this;
      node.successors = after_[i].data();
      node.successor_count = static_cast<std::uint32_t>(after_[i].size());
      node.in_degree = static_cast<std::uint32_t>(before_[i].size());
      Pool::JoinOf(node).store(node.in_degree, std::memory_order_relaxed);
      if (node.in_degree == 0) roots_.push_back(&node);
    }
  }
  ~TestGraph() {
    for (std::size_t i = 0; i < results_.size(); ++i) At(i).~Node();
    pool_.Release(slab_);
  }

  // From now on this node fails.
  void Fail(std::size_t node) { failing_ = node; }

  // From now on this node blocks until `other` has run, and tells the loop, or not.
  void Await(std::size_t node, std::size_t other, bool tells) {
    blocking_ = node;
    awaited_ = other;
    tells_ = tells;
  }

  // Runs it once, as one of the threads of `loop`.
  void Run(internal::RunLoop<ModelPlatform>& loop) {
    ++run_;
    ran_ = 0;
    ResetCounts();
    done_.Reset();
    event_.Reset();
    range_.next = roots_.data();
    range_.end = roots_.data() + roots_.size();
    Expect(static_cast<std::int64_t>(results_.size()));
    loop.Offer(range_);
    loop.TakePart(done_);
    done_.Wait();
  }

  // After a Run: how many bodies ran, and whether node `i` was among them.
  std::size_t ran() const { return ran_; }
  bool Ran(std::size_t i) const { return results_[i].Read() == run_; }

 private:
  static Ready* Step(Ready& node, Worker& worker) noexcept {
    return static_cast<TestGraph&>(*node.scope).StepNode(static_cast<Node&>(node), worker);
  }
  Node& At(std::size_t i) const { return slab_[i].As<Node>(); }
  Node* StepNode(Node& node, Worker& worker) {
    if (!MayStart(node, worker)) return EndUnrun(node, worker);
    const auto i = static_cast<std::size_t>(reinterpret_cast<Cell*>(&node) - slab_);
    for (const std::size_t predecessor : before_[i]) {
      Check(results_[predecessor].Read() == run_, "predecessors have run, and are seen");
    }
    Check(results_[i].Read() != run_, "a node runs once");
    results_[i].Write(run_);
    ++ran_;
    if (i == awaited_) event_.Set();
    if (i == blocking_) {
      if (tells_) worker.loop().Block(worker.slot());
      event_.Wait();
      if (tells_) worker.loop().Unblock();
    }
    if (i == failing_) return EndOtherwise(node, worker, internal::GraphEnd::kFailed);
    return EndCompleted(node, worker);
  }
  void OnQuiet(Worker&) noexcept override { done_.Set(); }

  Pool& pool_;
  const internal::Slab<ModelPlatform> slab_;
  std::vector<ModelPlatform::Plain<int>> results_;  // the last run of each
  std::vector<std::vector<std::size_t>> before_;
  std::vector<std::vector<Node*>> after_;
  std::vector<Node*> roots_;
  internal::RootRange<ModelPlatform> range_;
  internal::Latch<ModelPlatform> done_;
  ModelPlatform::Atomic<bool> stop_{false};
  int run_ = 0;
  std::size_t ran_ = 0;  // not shared, for the model: only one thread runs
  std::size_t failing_ = kNone;
  std::size_t blocking_ = kNone;
  std::size_t awaited_ = kNone;
  bool tells_ = false;
  internal::Latch<ModelPlatform> event_;  // node `awaited_` has run
};

// A run loop whose pumps are threads of the model.
//
// Thread safety: as internal::RunLoop. Destroy it in Finally, or after.
class TestLoop final : public internal::RunLoopHost {
 public:
  TestLoop(Model& model, int width) : TestLoop(model, width, width) {}
  TestLoop(Model& model, int width, int max_width)
      : model_(model),
        loop(width, max_width, internal::ReadyOrder::kDepthFirst, /*steals=*/true, pool, *this) {}

  // So many pumps cannot be started. Not shared, for the model: only one thread runs.
  int failing_starts = 0;

  bool StartPump(int slot) noexcept override {
    if (failing_starts > 0) {
      --failing_starts;
      return false;
    }
    model_.Thread([this, slot] { loop.Drain(slot); });
    return true;
  }
  void OnSlot(int) noexcept override {}

 private:
  Model& model_;

 public:
  TestGraph::Pool pool;
  internal::RunLoop<ModelPlatform> loop;
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_TEST_GRAPH_H_
