// SPDX-License-Identifier: Apache-2.0
//
// A pool whose threads are threads of the model, and items that know how often they were called.

#ifndef WEFT_TESTS_MODELS_TEST_POOL_H_
#define WEFT_TESTS_MODELS_TEST_POOL_H_

#include <cstddef>
#include <functional>
#include <utility>

#include "models/explorer.h"
#include "weft/distribution/ready_order.h"
#include "weft/scheduler/internal/pool_core.h"

namespace weft::models {

// Its caller sees what was written before it was added, and who waits for its end what it wrote.
// What is counted is not shared, for the model: only one thread runs.
//
// Thread safety: as PoolItem.
struct TestItem : internal::PoolItem {
  explicit TestItem(std::function<void()> does = [] {}) : body(std::move(does)) { call = &Call; }
  static void Call(internal::PoolItem& item, bool run) noexcept {
    auto& self = static_cast<TestItem&>(item);
    Check(self.data.Read() == 1, "what came before it was added is there");
    ++(run ? self.ran : self.dropped);
    if (run) self.body();
    self.data.Write(2);
  }
  bool Ended() const { return data.Read() == 2; }

  std::function<void()> body;
  ModelPlatform::Plain<int> data{0};
  int ran = 0;
  int dropped = 0;
};

// For who has shut down.
inline void CheckRanOnce(const TestItem& item) {
  Check(item.ran == 1 && item.dropped == 0, "it has run, once");
  Check(item.Ended(), "and who shuts down sees what it did");
}
// `taken`: what the pool said of it.
inline void CheckCalledIfTaken(const TestItem& item, bool taken) {
  Check(item.ran + item.dropped == (taken ? 1 : 0), "it was called once if it was taken");
  if (taken) Check(item.Ended(), "and who shuts down sees that");
}

// Two who go on only when both are there.
class Meeting {
 public:
  void First() {
    first_.Unpark();
    second_.Park();
  }
  void Second() {
    second_.Unpark();
    first_.Park();
  }

 private:
  ModelPlatform::Parker first_;
  ModelPlatform::Parker second_;
};

// Thread safety: as PoolCore. Destroy it in Finally, or after.
class TestPool final : public internal::PoolHost<ModelPlatform, ModelPlatform::Plain<int>> {
 public:
  using Core = internal::PoolCore<ModelPlatform, ModelPlatform::Plain<int>>;
  using Taken = Core::Taken;
  using Resized = Core::Resized;
  using WhenFull = Core::WhenFull;

  TestPool(Model& m, int width, std::size_t most_queued = 8)
      : core(width, most_queued, *this), model_(m) {
    Check(core.Open(), "there is a first thread");
  }

  // As many of the next starts fail.
  int failing_starts = 0;
  std::function<void(int)> pump = [](int) {};

  // From outside.
  bool Add(TestItem& item, WhenFull when_full = WhenFull::kTake) {
    item.data.Write(1);
    return core.Enqueue(item, Lane::kNormal, when_full) == Taken::kYes;
  }
  int AddOnThread(TestItem& item) {
    return model_.Thread([this, &item] { Check(Add(item), "it is taken"); });
  }
  void CheckAllHaveEnded() const {
    Check(core.figures().threads == 0 && joined_ == made_, "no thread is left");
    Check(core.figures().queued == 0, "nothing is left in the queue");
  }

  Core core;

 private:
  bool Start(Worker& worker) noexcept override {
    if (failing_starts > 0) {
      --failing_starts;
      return false;
    }
    ++made_;
    worker.thread.Write(model_.Thread([this, &worker] {
      core.Work(worker);
      core.Leave(worker);
    }));
    return true;
  }
  void Join(Worker& worker) noexcept override {
    model_.Join(worker.thread.Read());
    ++joined_;
  }
  void RunPump(int slot) noexcept override { pump(slot); }

  Model& model_;
  int made_ = 0;  // as the counts of an item
  int joined_ = 0;
};

}  // namespace weft::models

#endif  // WEFT_TESTS_MODELS_TEST_POOL_H_
