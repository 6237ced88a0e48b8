// SPDX-License-Identifier: Apache-2.0
//
// Ready tasks that come from outside into the lanes of a run loop.

#ifndef WEFT_TESTS_MODELS_TEST_SHARED_H_
#define WEFT_TESTS_MODELS_TEST_SHARED_H_

#include <cstddef>
#include <functional>
#include <new>
#include <vector>

#include "models/explorer.h"
#include "models/test_graph.h"
#include "weft/distribution/ready_order.h"
#include "weft/scheduler/internal/latch.h"

namespace weft::models {

// Each task runs once, reads what was written before it was added, and sets its latch.
//
// Thread safety: every method from any thread. Destroy it in Finally, or after.
class TestShared final : public internal::Scope<ModelPlatform> {
 public:
  using Ready = internal::Node<ModelPlatform>;
  using Node = internal::StaticNode<ModelPlatform>;
  using Worker = internal::Worker<ModelPlatform>;

  TestShared(TestLoop& pumps, std::size_t size)
      : pumps_(pumps), slab_(pumps.pool.Acquire()), data_(size), ran_(size), done_(size) {
    static constexpr internal::NodeOps<ModelPlatform> kOps = {&Step, nullptr, /*is_task=*/true};
    for (std::size_t i = 0; i < size; ++i) {
      Node& node = *::new (&slab_[i]) Node;
      node.ops = &kOps;
      node.scope = this;
    }
  }
  ~TestShared() {
    for (std::size_t i = 0; i < ran_.size(); ++i) At(i).~Node();
    pumps_.pool.Release(slab_);
  }

  // What a task does besides.
  std::function<void(std::size_t)> body = [](std::size_t) {};

  // As a submission from outside.
  void Submit(std::size_t i, Lane lane) {
    data_[i].Write(1);
    pumps_.loop.AddShared(At(i), lane);
    pumps_.loop.Wake();
  }
  // As a wait from outside.
  void Wait(std::size_t i) {
    pumps_.loop.WakeIfIdle();
    done_[i].Wait();
  }
  // For the end of the model.
  void CheckRan() {
    for (const int times : ran_) Check(times == 1, "every task has run, once");
    Check(pumps_.loop.Quiet(), "every pump has left");
  }

 private:
  static Ready* Step(Ready& node, Worker&) noexcept {
    auto& all = static_cast<TestShared&>(*node.scope);
    const auto i = static_cast<std::size_t>(
        reinterpret_cast<internal::Cell<ModelPlatform>*>(&node) - all.slab_);
    Check(all.data_[i].Read() == 1, "what came before the submission is there");
    ++all.ran_[i];
    all.body(i);
    all.done_[i].Set();
    return nullptr;
  }
  Node& At(std::size_t i) const { return slab_[i].As<Node>(); }

  void HandIn(const internal::ScopeNews&, Worker&) noexcept override {}
  void Foresee(std::int64_t) noexcept override {}

  TestLoop& pumps_;
  const internal::Slab<ModelPlatform> slab_;
  std::vector<ModelPlatform::Plain<int>> data_;
  std::vector<int> ran_;  // not shared, for the model: only one thread runs
  std::vector<internal::Latch<ModelPlatform>> done_;
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_TEST_SHARED_H_
