// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/table.h"

#include "gtest/gtest.h"

namespace weft::tools {
namespace {

TEST(TableTest, AlignsFiguresToTheRight) {
  Table table({"Language", "Files", "Size"});
  table.AddRow({"c", "1,234", "1.5 KiB"});
  table.AddRow({"typescript", "7", ""});
  EXPECT_EQ(table.Format(),
            "Language    Files     Size\n"
            "c           1,234  1.5 KiB\n"
            "typescript      7\n");
}

}  // namespace
}  // namespace weft::tools
