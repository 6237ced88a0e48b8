// SPDX-License-Identifier: Apache-2.0

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/scheduler/internal/failed_starts.h"

namespace weft::models {
namespace {

// One who waits, and those who make work for which they cannot have a worker.
struct World {
  // Makes work, fails to start a worker, and tells who waits unless that one knows.
  void Start() {
    work.fetch_add(1, std::memory_order_seq_cst);
    if (failed.Add() && listed.load(std::memory_order_seq_cst)) parker.Unpark();
  }
  // Until so much work has been done.
  void Wait(int enough) {
    listed.store(true, std::memory_order_seq_cst);
    for (int done = 0; done < enough;) {
      if (failed.AnyUnanswered()) {
        failed.Answer([&] { done += work.exchange(0, std::memory_order_seq_cst); });
      } else {
        parker.Park();
      }
    }
  }

  internal::FailedStarts<ModelPlatform> failed;
  ModelPlatform::Atomic<int> work{0};
  ModelPlatform::Atomic<bool> listed{false};
  ModelPlatform::Parker parker;
};

TEST(FailedStartsModel, WhoWaitsTriesAgain) {
  CheckModel({.name = "failed_starts_one", .preemptions = 4}, [](Model& m) {
    World world;
    m.Thread([&] { world.Start(); });
    m.Thread([&] { world.Wait(1); });
    m.Finally([] {});
  });
}

TEST(FailedStartsModel, AlsoForThoseThatFailMeanwhile) {
  CheckModel({.name = "failed_starts_two"}, [](Model& m) {
    World world;
    m.Thread([&] { world.Start(); });
    m.Thread([&] { world.Start(); });
    m.Thread([&] { world.Wait(2); });
    m.Finally([] {});
  });
}

// Another thread answers, too, for what it has tried itself.
TEST(FailedStartsModel, AnAnswerIsForWhatWasTried) {
  CheckModel({.name = "failed_starts_answers"}, [](Model& m) {
    World world;
    ModelPlatform::Atomic<int> done{0};
    m.Thread([&] { world.Start(); });
    m.Thread([&] { world.Start(); });
    m.Thread([&] {
      world.failed.Answer([&] {
        done.store(world.work.exchange(0, std::memory_order_seq_cst), std::memory_order_relaxed);
      });
    });
    m.Finally([&] {
      Check(world.failed.AnyUnanswered() || done.load(std::memory_order_relaxed) == 2,
            "what is answered was tried after it had failed");
    });
  });
}

}  // namespace
}  // namespace weft::models
