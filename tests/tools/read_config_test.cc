// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/read_config.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "scratch_folder.h"
#include "weft/core/parallel_processing_config.h"
#include "weft/tools/command_line.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

absl::StatusOr<ParallelProcessingConfig> Read(const std::string& path) {
  AnalyzeArguments arguments;
  arguments.config_file = path;
  return ReadConfig(arguments);
}

void ExpectRefused(const std::string& path, const std::string& text) {
  const auto read = Read(path);
  EXPECT_FALSE(read.ok());
  EXPECT_THAT(std::string(read.status().message()),
              AllOf(HasSubstr("--config '" + path + "'"), HasSubstr(text)));
}

TEST(ReadConfigTest, WithoutAnythingTheDefaultsHold) {
  EXPECT_EQ(ReadConfig({}).value(), ParallelProcessingConfig{});
}

TEST(ReadConfigTest, CommandLineWinsOverTheFile) {
  const ScratchFolder folder;
  folder.Write("c.json", R"({"num_workers": 3, "parallel": false})");
  AnalyzeArguments arguments;
  arguments.config_file = folder / "c.json";
  EXPECT_EQ(ReadConfig(arguments).value(),
            (ParallelProcessingConfig{.num_workers = 3, .parallel = false}));
  arguments.jobs = 5;
  EXPECT_EQ(ReadConfig(arguments).value(), (ParallelProcessingConfig{.num_workers = 5}));
  arguments.jobs.reset();
  arguments.sequential = true;
  EXPECT_FALSE(ReadConfig(arguments)->parallel);
}

TEST(ReadConfigTest, EveryMistakeNamesTheFile) {
  const ScratchFolder folder;
  folder.Write("unknown.json", R"({"workers": 3})");
  folder.Write("range.json", R"({"num_workers": 5000})");
  folder.Write("later.json", R"({"batch_size": 7})");
  folder.Write("torn.json", R"({"num_workers": )");
  ExpectRefused(folder / "unknown.json", "unknown key 'workers'");
  ExpectRefused(folder / "range.json", "from 0 to 1024");
  ExpectRefused(folder / "later.json", "batch_size");
  ExpectRefused(folder / "torn.json", "line 1");
  ExpectRefused(folder / "missing.json", "No such file");
  ExpectRefused(folder.path(), "Is a directory");
  ExpectRefused("/dev/zero", "larger than 1 MiB");
}

}  // namespace
}  // namespace weft::tools
