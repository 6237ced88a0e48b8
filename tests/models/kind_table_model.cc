// SPDX-License-Identifier: Apache-2.0

#include <cstddef>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/model_platform.h"
#include "weft/distribution/internal/cost_cell.h"
#include "weft/distribution/internal/kind_table.h"

namespace weft::models {
namespace {

using Cell = internal::CostCell<ModelPlatform>;
using Table = internal::KindTable<ModelPlatform, 2>;

constexpr auto kBeginNothing = [](Cell&) {};

TEST(KindTableModel, TwoAddersOfANameAgree) {
  CheckModel({.name = "kind_table_name"}, [](Model& m) {
    Table table;
    Table::Number numbers[2] = {};
    for (Table::Number& mine : numbers) {
      m.Thread([&] {
        mine = table.Find("a", 1);
        if (mine == 0) mine = table.Add("a", 1, kBeginNothing);
        Check(table.NameOf(mine) == "a", "it is whole");
      });
    }
    m.Finally([&] {
      Check(numbers[0] == 1 && numbers[1] == 1, "there is one number");
      Check(table.size() == 1, "there is one entry");
    });
  });
}

TEST(KindTableModel, WhoFindsANameFindsItWhole) {
  CheckModel({.name = "kind_table_find"}, [](Model& m) {
    Table table;
    // Both names begin at the same slot.
    m.Thread([&] {
      table.Add("a", 1, [](Cell& cell) { cell.Begin({"a", 1, 7, 7, 7}); });
      table.Add("b", 5, kBeginNothing);
    });
    m.Thread([&] {
      const Table::Number a = table.Find("a", 1);
      if (a != 0) Check(table.Holds(a) && table.CellOf(a).mean() == 7, "its figures are there");
      const Table::Number b = table.Find("b", 5);
      if (b != 0) Check(table.NameOf(b) == "b" && table.Find("a", 1) == 1, "both are there");
    });
    m.Finally([&] { Check(table.Find("b", 5) == 2, "it is found"); });
  });
}

TEST(KindTableModel, TheSizeTellsOfEntriesThatAreThere) {
  CheckModel({.name = "kind_table_size"}, [](Model& m) {
    Table table;
    m.Thread([&] { table.Add("a", 1, kBeginNothing); });
    m.Thread([&] { table.Add("b", 2, kBeginNothing); });
    m.Thread([&] {
      for (std::size_t i = 1, size = table.size(); i <= size; ++i) {
        const auto number = static_cast<Table::Number>(i);
        const bool is_a = table.NameOf(number) == "a";
        Check(table.Find(is_a ? "a" : "b", is_a ? 1 : 2) == number, "it is found");
      }
    });
    m.Finally([&] { Check(table.size() == 2, "both are there"); });
  });
}

// Who comes when there is no room left still finds what took it.
TEST(KindTableModel, AFullTableStillFindsItsOwn) {
  CheckModel({.name = "kind_table_full"}, [](Model& m) {
    Table table;
    table.Add("a", 1, kBeginNothing);
    Table::Number b[2] = {};
    for (Table::Number& mine : b) {
      m.Thread([&] { mine = table.Add("b", 2, kBeginNothing); });
    }
    m.Thread([&] {
      const Table::Number c = table.Add("c", 3, kBeginNothing);
      Check(c == 0 || c == 2, "there is room for one");
    });
    m.Finally([&] {
      Check(b[0] == b[1] && (b[0] == 0 || b[0] == 2), "one answer for one name");
      Check(table.size() == 2, "it is full");
    });
  });
}

}  // namespace
}  // namespace weft::models
