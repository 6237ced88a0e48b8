// SPDX-License-Identifier: Apache-2.0

#include <optional>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/model_platform.h"
#include "weft/distribution/internal/cost_cell.h"
#include "weft/distribution/kind_cost.h"

namespace weft::models {
namespace {

using Cell = internal::CostCell<ModelPlatform>;

TEST(CostCellModel, EachRunIsInTheMeanOnce) {
  CheckModel({.name = "cost_cell_two", .preemptions = 3}, [](Model& m) {
    Cell cell;
    for (const double cost : {10.0, 100.0}) {
      m.Thread([&cell, cost] { cell.Observe(cost); });
    }
    m.Finally([&] {
      std::optional<KindCost> cost = cell.Read();
      Check(cost.has_value() && cost->count == 2, "both are counted");
      Check(cost->min == 10 && cost->max == 100, "both are in the bounds");
      // 10 and then 100 replaces it; 100 and then 10 averages.
      Check(cost->mean == 100 || cost->mean == 55, "both are in the mean");
    });
  });
}

TEST(CostCellModel, WhatIsReadIsSound) {
  CheckModel({.name = "cost_cell_read"}, [](Model& m) {
    Cell cell;
    for (const double cost : {10.0, 15.0}) {
      m.Thread([&cell, cost] { cell.Observe(cost); });
    }
    m.Thread([&] {
      std::optional<KindCost> cost = cell.Read();
      if (!cost.has_value()) return;
      cost->kind = "kind";
      Check(IsSound(*cost), "the mean lies between the bounds");
    });
    m.Finally([&] { Check(cell.Read()->count == 2, "both are counted"); });
  });
}

}  // namespace
}  // namespace weft::models
