// SPDX-License-Identifier: Apache-2.0

#include "weft/core/parallel_processing_config.h"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

absl::Status ReadError(std::string_view json) {
  const absl::StatusOr<ParallelProcessingConfig> read = ParallelProcessingConfig::FromJson(json);
  return read.ok() ? absl::OkStatus() : read.status();
}

void ExpectRefused(std::string_view json, const testing::Matcher<std::string>& message) {
  const absl::Status status = ReadError(json);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json.substr(0, 200);
  EXPECT_THAT(Message(status), message) << json.substr(0, 200);
  EXPECT_LT(status.message().size(), 400U) << "a message must stay readable";
}

TEST(ParallelProcessingConfigTest, DefaultsAreTheDocumentedOnesAndValid) {
  const ParallelProcessingConfig config;
  EXPECT_EQ(config.num_workers, 0);
  EXPECT_EQ(config.max_memory_percent, 75);
  EXPECT_EQ(config.batch_size, 100);
  EXPECT_EQ(config.critical_path_priority, 10);
  EXPECT_TRUE(config.enable_work_stealing);
  EXPECT_EQ(config.min_task_size, 1);
  EXPECT_EQ(config.max_tasks_in_flight, 1000);
  EXPECT_TRUE(config.parallel);
  EXPECT_TRUE(config.Validate().ok());
}

TEST(ParallelProcessingConfigTest, ValidateNamesKeyValueAndRange) {
  const std::vector<std::pair<ParallelProcessingConfig, std::string>> cases = {
      {{.num_workers = -1},
       "num_workers: -1 is not allowed; it must be a whole number from 0 to 1024"},
      {{.num_workers = 1025}, "num_workers: 1025 "},
      {{.max_memory_percent = 0}, "max_memory_percent: 0 "},
      {{.max_memory_percent = 101}, "from 1 to 100"},
      {{.batch_size = 0}, "batch_size: 0 "},
      {{.critical_path_priority = -1}, "critical_path_priority: -1 "},
      {{.min_task_size = 0}, "min_task_size: 0 "},
      {{.max_tasks_in_flight = 0}, "max_tasks_in_flight: 0 "},
  };
  for (const auto& [config, text] : cases) {
    const absl::Status status = config.Validate();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(Message(status), HasSubstr(text));
  }
}

TEST(ParallelProcessingConfigTest, KeyWithoutEffectIsUnimplementedByName) {
  const std::vector<std::pair<ParallelProcessingConfig, std::string>> cases = {
      {{.batch_size = 10}, "batch_size"},
  };
  for (const auto& [config, key] : cases) {
    const absl::Status status = config.Validate();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << key;
    EXPECT_THAT(Message(status), AllOf(HasSubstr(key), HasSubstr("leave it at")));
  }
}

TEST(ParallelProcessingConfigTest, KeysWithAnEffectPassValidate) {
  EXPECT_TRUE((ParallelProcessingConfig{.num_workers = 1}.Validate().ok()));
  EXPECT_TRUE((ParallelProcessingConfig{.max_memory_percent = 50}.Validate().ok()));
  EXPECT_TRUE((ParallelProcessingConfig{.num_workers = 1024}.Validate().ok()));
  EXPECT_TRUE((ParallelProcessingConfig{.critical_path_priority = 0}.Validate().ok()));
  EXPECT_TRUE((ParallelProcessingConfig{.min_task_size = 2}.Validate().ok()));
  EXPECT_TRUE((ParallelProcessingConfig{.max_tasks_in_flight = 10}.Validate().ok()));
  EXPECT_TRUE((ParallelProcessingConfig{.parallel = false}.Validate().ok()));
  EXPECT_TRUE((ParallelProcessingConfig{.enable_work_stealing = false}.Validate().ok()));
}

TEST(ParallelProcessingConfigTest, RangeIsJudgedBeforeMissingEffect) {
  const ParallelProcessingConfig config{.batch_size = 10, .max_tasks_in_flight = -3};
  EXPECT_EQ(config.Validate().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ParallelProcessingConfigTest, EmptyObjectGivesTheDefaults) {
  const auto read = ParallelProcessingConfig::FromJson(" {}\n");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, ParallelProcessingConfig());
}

TEST(ParallelProcessingConfigTest, ReadsSomeKeysAndKeepsTheOtherDefaults) {
  const auto read = ParallelProcessingConfig::FromJson(R"({"parallel": false, "num_workers": 3})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, (ParallelProcessingConfig{.num_workers = 3, .parallel = false}));
}

TEST(ParallelProcessingConfigTest, WritesEveryKeyInOrder) {
  EXPECT_EQ(ParallelProcessingConfig().ToJson(),
            "{\n"
            "  \"num_workers\": 0,\n"
            "  \"max_memory_percent\": 75,\n"
            "  \"batch_size\": 100,\n"
            "  \"critical_path_priority\": 10,\n"
            "  \"enable_work_stealing\": true,\n"
            "  \"min_task_size\": 1,\n"
            "  \"max_tasks_in_flight\": 1000,\n"
            "  \"parallel\": true\n"
            "}\n");
}

TEST(ParallelProcessingConfigTest, RoundTripIsEqual) {
  constexpr std::uint32_t kSeed = 20240611;
  std::mt19937 random(kSeed);
  const auto draw = [&random](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  for (int round = 0; round < 1000; ++round) {
    const ParallelProcessingConfig config{
        .num_workers = draw(0, 1024),
        .max_memory_percent = draw(1, 100),
        .batch_size = draw(1, 1'000'000),
        .critical_path_priority = draw(0, 1000),
        .enable_work_stealing = draw(0, 1) == 1,
        .min_task_size = draw(1, 1'000'000),
        .max_tasks_in_flight = draw(1, 1'000'000),
        .parallel = draw(0, 1) == 1,
    };
    const auto read = ParallelProcessingConfig::FromJson(config.ToJson());
    ASSERT_TRUE(read.ok()) << read.status() << " seed " << kSeed << " round " << round;
    ASSERT_EQ(*read, config) << config.ToJson() << " seed " << kSeed << " round " << round;
  }
}

TEST(ParallelProcessingConfigTest, UnknownKeyIsNamedAndTheKnownOnesListed) {
  ExpectRefused(R"({"num_worker": 2})",
                AllOf(HasSubstr("unknown key 'num_worker'"), HasSubstr("num_workers"),
                      HasSubstr("max_tasks_in_flight"), HasSubstr("parallel")));
  ExpectRefused(R"({"": 2})", HasSubstr("unknown key ''"));
  ExpectRefused(R"({"a\nb": 2})", HasSubstr(R"(unknown key 'a\nb')"));
  ExpectRefused(R"({"Num_workers": 2})", HasSubstr("unknown key"));
}

TEST(ParallelProcessingConfigTest, WrongTypesAreRefusedByKey) {
  for (const char* value :
       {"null", "\"2\"", "[2]", "[]", "{}", "true", "2.5", "2.0", "2e0", "-0.0", "1e300"}) {
    ExpectRefused(std::string("{\"num_workers\": ") + value + "}",
                  AllOf(HasSubstr("num_workers: "), HasSubstr("a whole number from 0 to 1024")));
  }
  for (const char* value : {"null", "\"true\"", "[]", "{}", "0", "1", "1.5"}) {
    ExpectRefused(std::string("{\"parallel\": ") + value + "}",
                  AllOf(HasSubstr("parallel: "), HasSubstr("true or false")));
  }
}

TEST(ParallelProcessingConfigTest, OutOfRangeIsRefusedWithTheValue) {
  ExpectRefused(R"({"num_workers": 1025})", HasSubstr("num_workers: 1025 is not allowed"));
  ExpectRefused(R"({"num_workers": -1})", HasSubstr("num_workers: -1 "));
  ExpectRefused(R"({"max_memory_percent": 0})", HasSubstr("from 1 to 100"));
  // Beyond int, beyond int64, beyond uint64: no wrap-around into the range.
  ExpectRefused(R"({"num_workers": 4294967298})", HasSubstr("4294967298"));
  ExpectRefused(R"({"num_workers": 18446744073709551615})", HasSubstr("18446744073709551615"));
  ExpectRefused(R"({"num_workers": 18446744073709551618})", HasSubstr("18446744073709551618"));
  ExpectRefused(R"({"num_workers": -9223372036854775808})", HasSubstr("-9223372036854775808"));
}

TEST(ParallelProcessingConfigTest, KeyGivenTwiceIsRefused) {
  ExpectRefused(R"({"num_workers": 1, "num_workers": 1})",
                HasSubstr("'num_workers' is given twice"));
  ExpectRefused(R"({"parallel": true, "batch_size": 7, "parallel": true})",
                HasSubstr("'parallel' is given twice"));
  ExpectRefused(R"({"parallel": true, "\u0070arallel": true})",
                HasSubstr("'parallel' is given twice"));
}

TEST(ParallelProcessingConfigTest, OnlyAnObjectIsAConfig) {
  for (const char* json :
       {"[]", "1", "-1", "1.5", "true", "null", "\"{}\"", "[{\"num_workers\": 1}]"}) {
    ExpectRefused(json, HasSubstr("must be one JSON object"));
  }
}

TEST(ParallelProcessingConfigTest, MalformedTextIsRefusedWithItsPosition) {
  ExpectRefused("", HasSubstr("malformed JSON at line 1, column 1: the text ends too early"));
  ExpectRefused("{", HasSubstr("line 1, column 2: the text ends too early"));
  ExpectRefused("{\n  \"num_workers\": 1,\n  oops\n}", HasSubstr("line 3, column 3: near"));
  ExpectRefused("{\"num_workers\": 1,}", HasSubstr("line 1, column 19"));
  ExpectRefused("{} {}", HasSubstr("line 1, column 4"));
  ExpectRefused("{\"num_workers\": 01}", HasSubstr("malformed JSON at line 1, column "));
  ExpectRefused("{'num_workers': 1}", HasSubstr("malformed JSON at line 1, column 2"));
  ExpectRefused("{\"num_workers\": 1e999}", HasSubstr("malformed JSON"));
  ExpectRefused("// no comments\n{}", HasSubstr("malformed JSON at line 1"));
  ExpectRefused("{\"\xff\": 1}", HasSubstr("malformed JSON at line 1, column 3"));
  // A parser that takes NUL for the end would drop the rest unseen.
  ExpectRefused(std::string_view("{}\0 {\"num_workers\": 5}", 22),
                HasSubstr("malformed JSON at line 1, column 3"));
}

TEST(ParallelProcessingConfigTest, DeepAndLongInputsAreSafeAndAnsweredShortly) {
  constexpr std::size_t kMany = 1'000'000;
  ExpectRefused(std::string(kMany, '['), HasSubstr("must be one JSON object"));
  ExpectRefused("{\"num_workers\": " + std::string(kMany, '['), HasSubstr("num_workers: an array"));
  std::string nested;
  for (std::size_t level = 0; level < kMany; ++level) nested += "{\"parallel\":";
  ExpectRefused(nested, HasSubstr("parallel: an object"));
  ExpectRefused("{\"" + std::string(kMany, 'k') + "\": 1}", HasSubstr("unknown key 'kkk"));
  ExpectRefused("{\"num_workers\": " + std::string(kMany, '9') + "}", HasSubstr("malformed"));
  ExpectRefused(std::string(kMany, '\n') + "?", HasSubstr("line 1000001, column 1"));
}

// Every cut of a valid text is refused or reads as the same config: a half-written
// file never becomes other settings.
TEST(ParallelProcessingConfigTest, NoPrefixReadsAsAnotherConfig) {
  const ParallelProcessingConfig config{.num_workers = 12, .batch_size = 345, .parallel = false};
  const std::string json = config.ToJson();
  for (std::size_t size = 0; size < json.size(); ++size) {
    const auto read = ParallelProcessingConfig::FromJson(std::string_view(json).substr(0, size));
    if (read.ok()) {
      EXPECT_EQ(*read, config) << size;
    } else {
      EXPECT_THAT(Message(read.status()), HasSubstr("malformed")) << size;
    }
  }
}

// Any single damaged byte gives a config in range or a refusal, never a crash.
TEST(ParallelProcessingConfigTest, DamagedBytesNeverEscapeTheRanges) {
  constexpr std::uint32_t kSeed = 77;
  std::mt19937 random(kSeed);
  const std::string json = ParallelProcessingConfig().ToJson();
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = json;
    const int times = 1 + static_cast<int>(random() % 3);
    for (int i = 0; i < times; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random() & 0xffU);
    }
    const auto read = ParallelProcessingConfig::FromJson(damaged);
    if (!read.ok()) continue;
    EXPECT_NE(read->Validate().code(), absl::StatusCode::kInvalidArgument)
        << "seed " << kSeed << " round " << round << "\n"
        << damaged;
  }
}

}  // namespace
}  // namespace weft
