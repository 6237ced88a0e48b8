// SPDX-License-Identifier: Apache-2.0

#include "weft/sync/progress_snapshot.h"

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(ProgressSnapshotTest, TextNamesEachLevel) {
  const ProgressSnapshot snapshot = {.levels = {{.label = "Chapter", .completed = 3, .total = 7},
                                                {.label = "Section", .completed = 2, .total = 5}}};
  EXPECT_EQ(snapshot.Text(), "Chapter 3/7, Section 2/5 completed");
}

TEST(ProgressSnapshotTest, TextKeepsFailuresApart) {
  const ProgressSnapshot snapshot = {
      .levels = {{.label = "Chapter", .completed = 2, .failed = 1, .total = 7},
                 {.label = "Section", .completed = 2, .total = 5}}};
  EXPECT_EQ(snapshot.Text(), "Chapter 2/7 (1 failed), Section 2/5 completed");
}

TEST(ProgressSnapshotTest, ALevelWithoutATotalIsOnlyCounted) {
  const ProgressSnapshot snapshot = {.levels = {{.label = "Chapter", .completed = 3, .total = 7},
                                                {.label = "Finding sections", .completed = 12}}};
  EXPECT_EQ(snapshot.Text(), "Chapter 3/7, Finding sections: 12");
}

TEST(ProgressSnapshotTest, WhatNothingIsKnownOfIsLeftOutUnlessItIsTheLast) {
  EXPECT_EQ((ProgressSnapshot{.levels = {{.label = "File"}, {.label = "Finding files"}}}).Text(),
            "Finding files: 0");
  EXPECT_EQ((ProgressSnapshot{.levels = {{.label = "File"}}}).Text(), "File: 0");
  EXPECT_EQ(ProgressSnapshot{}.Text(), "");
}

}  // namespace
}  // namespace weft
