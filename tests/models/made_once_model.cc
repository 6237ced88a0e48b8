// SPDX-License-Identifier: Apache-2.0

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/scheduler/internal/made_once.h"

namespace weft::models {
namespace {

struct Made {
  ModelPlatform::Atomic<bool> told{false};
  ModelPlatform::Plain<int> content{1};
};
using Once = internal::MadeOnce<ModelPlatform, Made>;

// As a cancel and the first use of a token.
TEST(MadeOnceModel, WhoAsksAndWhoMakesDoNotMissEachOther) {
  CheckModel({.name = "made_once_asks", .preemptions = 4, .stale = 4}, [](Model& m) {
    Once once;
    ModelPlatform::Atomic<bool> asked{false};
    m.Thread([&] {
      asked.store(true, std::memory_order_seq_cst);
      if (Made* const made = once.get()) made->told.store(true, std::memory_order_relaxed);
    });
    m.Thread([&] {
      Made& made = once.Make();
      if (asked.load(std::memory_order_seq_cst)) made.told.store(true, std::memory_order_relaxed);
    });
    m.Finally([&] { Check(once.get()->told.load(std::memory_order_relaxed), "it was told"); });
  });
}

TEST(MadeOnceModel, TwoMakeTheSame) {
  CheckModel({.name = "made_once_two", .preemptions = 4, .stale = 4}, [](Model& m) {
    Once once;
    Made* made[2] = {};
    for (Made*& mine : made) {
      m.Thread([&] {
        mine = &once.Make();
        Check(mine->content.Read() == 1, "it is whole");
      });
    }
    m.Finally([&] { Check(made[0] == made[1], "there is one"); });
  });
}

}  // namespace
}  // namespace weft::models
