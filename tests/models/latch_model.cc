// SPDX-License-Identifier: Apache-2.0

#include <memory>
#include <mutex>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "weft/scheduler/internal/latch.h"

namespace weft::models {
namespace {

using Latch = internal::Latch<ModelPlatform>;

TEST(LatchModel, WaiterSeesWhatWasDoneAndMayDestroy) {
  CheckModel({.name = "latch_destroy", .preemptions = 4, .stale = 4}, [](Model& m) {
    auto latch = std::make_unique<Latch>();
    ModelPlatform::Plain<int> data{0};
    m.Thread([&, set = latch.get()] {
      data.Write(1);
      set->Set();
    });
    m.Thread([&] {
      latch->Wait();
      latch.reset();
      Check(data.Read() == 1, "what came before Set is visible");
    });
    m.Finally([] {});
  });
}

TEST(LatchModel, EveryWaiterIsWoken) {
  CheckModel({.name = "latch_all", .preemptions = 3}, [](Model& m) {
    Latch latch;
    ModelPlatform::Plain<int> data{0};
    for (int waiter = 0; waiter < 2; ++waiter) {
      m.Thread([&] {
        latch.Wait();
        Check(data.Read() == 1, "what came before Set is visible");
      });
    }
    m.Thread([&] {
      data.Write(1);
      latch.Set();
    });
    m.Finally([] {});
  });
}

TEST(LatchModel, WhoFindsItSetSeesWhatWasDone) {
  CheckModel({.name = "latch_is_set", .preemptions = 4, .stale = 4}, [](Model& m) {
    Latch latch;
    ModelPlatform::Plain<int> data{0};
    m.Thread([&] {
      data.Write(1);
      latch.Set();
    });
    m.Thread([&] {
      if (latch.IsSet()) Check(data.Read() == 1, "what came before Set is visible");
    });
    m.Finally([] {});
  });
}

TEST(LatchModel, ServesOneRunAfterAnother) {
  CheckModel({.name = "latch_again", .preemptions = 3}, [](Model& m) {
    Latch latch;
    for (int run = 0; run < 2; ++run) {
      latch.Reset();
      ModelPlatform::Plain<int> data{0};
      const int setter = m.Thread([&] {
        data.Write(run);
        latch.Set();
      });
      latch.Wait();
      Check(data.Read() == run, "this run's, not the last one's");
      m.Join(setter);
    }
    m.Finally([] {});
  });
}

// Who waits with a parker that others unpark, too, may destroy the latch and the parker as
// soon as it is set.
TEST(LatchModel, GuestIsUnparkedByOthersToo) {
  CheckModel({.name = "latch_guest", .preemptions = 3}, [](Model& m) {
    auto latch = std::make_unique<Latch>();
    auto parker = std::make_unique<ModelPlatform::Parker>();
    ModelPlatform::Lock listed;  // as WaiterList: whoever unparks finds the parker in a list
    bool in_list = true;
    auto data = std::make_unique<ModelPlatform::Plain<int>>();
    m.Thread([&, set = latch.get(), write = data.get()] {
      write->Write(1);
      set->Set();
    });
    m.Thread([&] {
      std::lock_guard lock(listed);
      if (in_list) parker->Unpark();
    });
    m.Thread([&] {
      while (!latch->WaitOr(*parker)) {
      }
      Check(data->Read() == 1, "what came before Set is visible");
      {
        std::lock_guard lock(listed);
        in_list = false;
      }
      latch.reset();
      parker.reset();
    });
    m.Finally([] {});
  });
}

}  // namespace
}  // namespace weft::models
