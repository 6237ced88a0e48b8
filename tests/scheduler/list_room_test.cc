// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/list_room.h"

#include <cstddef>
#include <vector>

#include "gtest/gtest.h"

namespace weft::internal {
namespace {

TEST(ListRoomTest, GrowsByAFactor) {
  std::vector<int> list;
  int grown = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::size_t before = list.capacity();
    MakeRoomAtEnd(list);
    ASSERT_LT(list.size(), list.capacity());
    if (list.capacity() != before) ++grown;
    list.push_back(i);
  }
  EXPECT_LE(grown, 15);
  EXPECT_EQ(list.back(), 99'999);
}

}  // namespace
}  // namespace weft::internal
