// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/reason_groups.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "records.h"
#include "weft/integrations/codebase/file_record.h"

namespace weft::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

FileRecord Skipped(std::string path, std::string reason) {
  return MakeRecord(std::move(path), FileStatus::kSkipped, std::move(reason));
}

TEST(ReasonGroupsTest, OneReasonIsShownAsItIs) {
  const std::vector<FileRecord> files = {Skipped("a", "binary"), Skipped("b", "binary")};
  EXPECT_THAT(GroupReasons(files, FileStatus::kSkipped),
              ElementsAre(ReasonGroup{"binary", 2, {"a", "b"}}));
}

TEST(ReasonGroupsTest, ReasonsThatDifferInFiguresAreOneGroup) {
  const std::vector<FileRecord> files = {
      Skipped("a", "9,000,000 bytes, over 8.5 M"),
      Skipped("b", "8500001 bytes, over 8.5 M"),
      Skipped("c", "9,000,000 bytes, over 8.5 M"),
      Skipped("d", "7 bytes, over 8.5 M"),
      Skipped("e", "binary"),
  };
  EXPECT_THAT(GroupReasons(files, FileStatus::kSkipped),
              ElementsAre(ReasonGroup{"N bytes, over 8.5 M", 4, {"a", "b", "c"}},
                          ReasonGroup{"binary", 1, {"e"}}));
}

TEST(ReasonGroupsTest, OnlyTheStatusAskedForCounts) {
  const std::vector<FileRecord> files = {Skipped("a", "binary")};
  EXPECT_THAT(GroupReasons(files, FileStatus::kFailed), IsEmpty());
}

TEST(ReasonGroupsTest, FiguresAtTheEdges) {
  const std::vector<FileRecord> files = {Skipped("a", "1,"), Skipped("b", "2,")};
  EXPECT_THAT(GroupReasons(files, FileStatus::kSkipped),
              ElementsAre(ReasonGroup{"N,", 2, {"a", "b"}}));
}

TEST(ReasonGroupsTest, ControlCharactersInReasonsAreHarmless) {
  const std::vector<FileRecord> files = {Skipped("a", "x \x1a 5"), Skipped("b", "x 1 5"),
                                         Skipped("c", "\x1a")};
  EXPECT_THAT(GroupReasons(files, FileStatus::kSkipped),
              ElementsAre(ReasonGroup{"x N 5", 2, {"a", "b"}}, ReasonGroup{"\x1a", 1, {"c"}}));
}

TEST(ReasonGroupsTest, EqualCountsAreInTheOrderOfTheText) {
  const std::vector<FileRecord> files = {Skipped("a", "z"), Skipped("b", "y"), Skipped("c", "x"),
                                         Skipped("d", "x")};
  EXPECT_THAT(GroupReasons(files, FileStatus::kSkipped),
              ElementsAre(ReasonGroup{"x", 2, {"c", "d"}}, ReasonGroup{"y", 1, {"b"}},
                          ReasonGroup{"z", 1, {"a"}}));
}

}  // namespace
}  // namespace weft::tools
