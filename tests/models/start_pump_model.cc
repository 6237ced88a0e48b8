// SPDX-License-Identifier: Apache-2.0

#include <cstddef>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/test_graph.h"
#include "models/test_shared.h"

namespace weft::models {
namespace {

// Two submit while a pump cannot be started: it gives its slot back, and whoever waits
// afterwards brings one.
TEST(StartPumpModel, WhoWaitsFindsWhatAFailedStartLeft) {
  CheckModel(WithPumps("start_fails"), [](Model& m) {
    TestLoop pumps(m, 1);
    pumps.failing_starts = 1;
    TestShared tasks(pumps, 2);
    int adders[2] = {};
    for (const std::size_t i : {0u, 1u}) {
      adders[i] = m.Thread([&, i] { tasks.Submit(i, Lane::kNormal); });
    }
    for (const int adder : adders) m.Join(adder);
    for (const std::size_t i : {0u, 1u}) tasks.Wait(i);
    m.Finally([&] { tasks.CheckRan(); });
  });
}

// The same while the pump that another submission has brought runs and leaves.
TEST(StartPumpModel, TheSlotServesAgain) {
  Options options = WithPumps("start_again");
  options.stale = 0;  // with two, 4.1 million schedules and 40 seconds
  CheckModel(options, [](Model& m) {
    TestLoop pumps(m, 2);
    TestShared tasks(pumps, 2);
    tasks.Submit(0, Lane::kNormal);
    pumps.failing_starts = 1;
    const int adder = m.Thread([&] { tasks.Submit(1, Lane::kNormal); });
    tasks.Wait(0);
    m.Join(adder);
    tasks.Wait(1);
    m.Finally([&] { tasks.CheckRan(); });
  });
}

}  // namespace
}  // namespace weft::models
