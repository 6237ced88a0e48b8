// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/parse_text.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::ParseText;
using testing::Repeat;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST(ParseLimitsTest, DefaultsAreThoseThatAreDocumented) {
  const ParseLimits limits;
  EXPECT_EQ(limits.max_file_bytes, 8 * 1024 * 1024);
  EXPECT_EQ(limits.max_depth, 20'000);
  EXPECT_EQ(ParseLimits::kEstimatedBytesPerByte, 36);
  EXPECT_TRUE(limits.Validate().ok());
  // A file that may be read may also be begun.
  EXPECT_LE(limits.EstimatedBytes(limits.max_file_bytes), limits.max_estimated_bytes);
}

TEST(ParseLimitsTest, EachLimitBelowZeroIsRefusedByName) {
  const std::pair<const char*, std::function<void(ParseLimits&)>> cases[] = {
      {"max_file_bytes", [](ParseLimits& l) { l.max_file_bytes = -1; }},
      {"max_depth", [](ParseLimits& l) { l.max_depth = -1; }},
      {"max_operations_base", [](ParseLimits& l) { l.max_operations_base = -1; }},
      {"max_operations_per_byte", [](ParseLimits& l) { l.max_operations_per_byte = -5; }},
      {"max_parse_bytes_base", [](ParseLimits& l) { l.max_parse_bytes_base = -1; }},
      {"max_parse_bytes_per_byte", [](ParseLimits& l) { l.max_parse_bytes_per_byte = -1; }},
      {"max_estimated_bytes", [](ParseLimits& l) { l.max_estimated_bytes = -1; }},
  };
  for (const auto& [name, change] : cases) {
    ParseLimits limits;
    change(limits);
    const absl::Status status = limits.Validate();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(name));
  }
}

TEST(ParseLimitsTest, SumsThatDoNotFitEndAtTheGreatest) {
  ParseLimits limits;
  limits.max_operations_base = kMost;
  limits.max_operations_per_byte = kMost;
  limits.max_parse_bytes_per_byte = kMost;
  limits.max_estimated_bytes = kMost;
  EXPECT_EQ(limits.MaxOperations(1), kMost);
  EXPECT_EQ(limits.MaxParseBytes(3), kMost);
  EXPECT_EQ(limits.EstimatedBytes(kMost), kMost);
}

TEST(ParseLimitsTest, FileOfTheGreatestSizeIsParsedAndOneByteMoreIsNot) {
  const std::string text = "def f(): pass\n";
  ParseLimits limits;
  limits.max_file_bytes = static_cast<std::int64_t>(text.size());
  EXPECT_EQ(ParseText("a.py", text, limits).status, FileStatus::kParsed);

  --limits.max_file_bytes;
  const FileRecord over = ParseText("a.py", text, limits);
  EXPECT_EQ(over.status, FileStatus::kSkipped);
  EXPECT_EQ(over.reason, "size 14 bytes over max_file_bytes 13");
  EXPECT_EQ(over.language, "python");
  EXPECT_EQ(over.bytes, 14);
  EXPECT_THAT(over.symbols, ::testing::IsEmpty());
}

TEST(ParseLimitsTest, ReasonGroupsTheDigitsOfLargeNumbers) {
  const FileRecord record = ParseText("a.py", std::string(9'000'000, '\n'));
  EXPECT_EQ(record.status, FileStatus::kSkipped);
  EXPECT_EQ(record.reason, "size 9,000,000 bytes over max_file_bytes 8,388,608");
}

TEST(ParseLimitsTest, EstimatedBytesAreThirtySixTimesTheSize) {
  const std::string text(1'000, '\n');
  ParseLimits limits;
  limits.max_estimated_bytes = 36'000;
  limits.max_parse_bytes_base = 0;
  limits.max_parse_bytes_per_byte = 0;
  // Begun, and then stopped by what the tree may take.
  EXPECT_THAT(ParseText("a.py", text, limits).reason, HasSubstr("max_parse_bytes"));

  limits = {};
  limits.max_estimated_bytes = 35'999;
  const FileRecord over = ParseText("a.py", text, limits);
  EXPECT_EQ(over.status, FileStatus::kSkipped);
  EXPECT_THAT(over.reason, HasSubstr("36,000"));
  EXPECT_THAT(over.reason, HasSubstr("max_estimated_bytes 35,999"));
}

TEST(ParseLimitsTest, BracketsAreCountedBeforeTheGrammarSeesThem) {
  ParseLimits limits;
  limits.max_depth = 10;
  limits.max_operations_base = limits.max_operations_per_byte = 0;
  const FileRecord record = ParseText("a.js", Repeat("[", 11) + Repeat("]", 11), limits);
  EXPECT_EQ(record.status, FileStatus::kSkipped);
  EXPECT_EQ(record.reason, "nesting over max_depth 10 levels");
}

TEST(ParseLimitsTest, DepthIsAlsoThatOfTheTree) {
  const auto nested_ifs = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i)
      text += std::string(static_cast<std::size_t>(i), ' ') + "if a:\n";
    return text + std::string(static_cast<std::size_t>(depth), ' ') + "pass\n";
  };
  ParseLimits limits;
  limits.max_depth = 30;
  EXPECT_EQ(ParseText("a.py", nested_ifs(5), limits).status, FileStatus::kParsed);
  const FileRecord record = ParseText("a.py", "def f(): pass\n" + nested_ifs(40), limits);
  EXPECT_EQ(record.status, FileStatus::kSkipped);
  EXPECT_THAT(record.reason, HasSubstr("max_depth 30"));
  EXPECT_THAT(record.symbols, ::testing::IsEmpty());
}

TEST(ParseLimitsTest, OperationsGrowWithTheSizeOfTheFile) {
  const std::string text = Repeat("def f(a): return [a, a + 1, {a: a}]\n", 1'000);
  ParseLimits limits;
  limits.max_operations_base = 0;
  EXPECT_EQ(ParseText("a.py", text, limits).status, FileStatus::kParsed);

  limits.max_operations_per_byte = 0;
  limits.max_operations_base = 1'000;
  const FileRecord record = ParseText("a.py", text, limits);
  EXPECT_EQ(record.status, FileStatus::kSkipped);
  EXPECT_THAT(record.reason, HasSubstr("max_operations 1,000"));
  EXPECT_THAT(record.symbols, ::testing::IsEmpty());
}

TEST(ParseLimitsTest, MemoryOfTheTreeIsBounded) {
  const std::string text = Repeat("def f(a): return [a, a + 1, {a: a}]\n", 1'000);
  ParseLimits limits;
  limits.max_parse_bytes_base = 100'000;
  limits.max_parse_bytes_per_byte = 0;
  const FileRecord record = ParseText("a.py", text, limits);
  EXPECT_EQ(record.status, FileStatus::kSkipped);
  EXPECT_THAT(record.reason, HasSubstr("max_parse_bytes 100,000"));
}

// The same verdict every time, at the very step where it changes.
TEST(ParseLimitsTest, EdgeOfALimitIsSharp) {
  const std::string text = Repeat("def f(a): return [a, a + 1]\n", 200);
  const auto parsed = [&](std::int64_t operations) {
    ParseLimits limits;
    limits.max_operations_base = operations;
    limits.max_operations_per_byte = 0;
    return ParseText("a.py", text, limits).status == FileStatus::kParsed;
  };
  std::int64_t too_few = 0;
  std::int64_t enough = 10'000'000;
  ASSERT_FALSE(parsed(too_few));
  ASSERT_TRUE(parsed(enough));
  while (enough - too_few > 1) {
    const std::int64_t middle = too_few + (enough - too_few) / 2;
    (parsed(middle) ? enough : too_few) = middle;
  }
  for (int i = 0; i < 5; ++i) {
    ParseText("a.rs", Repeat("fn f() { let x = ; }\n", 100 * i));  // others between
    EXPECT_FALSE(parsed(too_few));
    EXPECT_TRUE(parsed(enough));
  }
}

}  // namespace
}  // namespace weft
