// SPDX-License-Identifier: Apache-2.0
//
// `weft analyze`, run as a user would: where the document goes, what a person sees, and
// what the options change.

#include <algorithm>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "analyze_run.h"
#include "process.h"
#include "scratch_folder.h"

namespace weft::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// -- where it goes ---------------------------------------------------------------

TEST(AnalyzeCommandTest, JsonOnStandardOutputIsAlone) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  for (const char* name : {"-", "/dev/stdout", "/dev/fd/1"}) {
    const ProcessResult result = RunWeft({"analyze", tree.path(), "--json", name});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(ParseJson(result.out)["totals"]["files"], 1) << name;
    EXPECT_THAT(result.err, IsEmpty()) << name;
  }
}

TEST(AnalyzeCommandTest, JsonFileIsWholeAndAlone) {
  const ScratchFolder tree;
  tree.Write("src/a.py", "x = 1\n");
  const ProcessResult result =
      RunWeft({"analyze", "src", "--json", "out.json"}, {.folder = tree.path()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("python"));
  EXPECT_EQ(ParseJson(tree.Read("out.json"))["totals"]["files"], 1);
  EXPECT_EQ(tree.CountEntries(), 2);
}

TEST(AnalyzeCommandTest, JsonFileKeepsItsModeAndTheLinkToIt) {
  const ScratchFolder tree;
  tree.Write("src/a.py", "x = 1\n");
  tree.Write("real.json", "old and longer than nothing");
  chmod((tree / "real.json").c_str(), 0640);
  std::filesystem::create_symlink("real.json", tree / "link.json");
  EXPECT_EQ(RunWeft({"analyze", tree / "src", "--json", tree / "link.json"}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(tree / "link.json"));
  EXPECT_EQ(ParseJson(tree.Read("real.json"))["totals"]["files"], 1);
  struct stat info = {};
  ASSERT_EQ(stat((tree / "real.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
}

TEST(AnalyzeCommandTest, JsonGoesIntoADevice) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  const ProcessResult result = RunWeft({"analyze", tree.path(), "--json", "/dev/null"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("python"));
  struct stat info = {};
  ASSERT_EQ(stat("/dev/null", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode)) << "a device must not be replaced by a file";
}

// -- what a person sees ----------------------------------------------------------

TEST(AnalyzeCommandTest, SummaryFitsTheScreenWhateverTheNames) {
  const ScratchFolder tree;
  WriteMixedTree(tree);
  tree.Write("evil\x1b[2J\n\xe2\x80\xae.py", std::string("\0", 1));
  tree.Write(std::string(200, 'd') + "/" + std::string(200, 'f') + ".py", std::string("\0", 1));
  const ProcessResult result = RunWeft({"analyze", tree.path()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, IsEmpty()) << "no progress where nobody looks";
  ExpectFitsTerminal(result.out);
  for (const char* word : {"python", "javascript", "c ", "Total"}) {
    EXPECT_THAT(result.out, HasSubstr(word));
  }
  EXPECT_THAT(result.out, HasSubstr("binary")) << "why files were skipped";
  EXPECT_LE(std::count(result.out.begin(), result.out.end(), '\n'), 60);
}

// -- selection and settings ------------------------------------------------------

TEST(AnalyzeCommandTest, SelectionOptionsChangeWhatIsParsed) {
  const ScratchFolder tree;
  tree.Write(".gitignore", "ignored.py\n");
  for (const char* name : {"a.py", "b.js", "ignored.py", ".hidden.py", "test/t.py"}) {
    tree.Write(name, "");
  }
  const auto count = [&tree](std::vector<std::string> options) {
    return Analyze(tree, std::move(options))["totals"]["files"].get<int>();
  };
  EXPECT_EQ(count({}), 3);
  EXPECT_EQ(count({"--no-ignore"}), 4);
  EXPECT_EQ(count({"--hidden"}), 4);
  EXPECT_EQ(count({"--include", "*.py"}), 2);
  EXPECT_EQ(count({"--exclude", "test/"}), 2);
}

TEST(AnalyzeCommandTest, ConfigFileSetsTheWorkersUnlessToldOtherwise) {
  const ScratchFolder tree;
  tree.Write("src/a.py", "");
  tree.Write("config.json", R"({"num_workers": 3})");
  tree.Write("sequential.json", R"({"parallel": false})");
  const auto workers = [&tree](std::vector<std::string> options) {
    options.insert(options.begin(), {"analyze", tree / "src", "--json", "-"});
    return ParseJson(RunWeft(options).out)["run"]["workers"].get<int>();
  };
  EXPECT_EQ(workers({"--config", tree / "config.json"}), 3);
  EXPECT_EQ(workers({"--config", tree / "config.json", "--jobs", "5"}), 5);
  EXPECT_EQ(workers({"--config", tree / "config.json", "--sequential"}), 1);
  EXPECT_EQ(workers({"--config", tree / "sequential.json"}), 1);
}

}  // namespace
}  // namespace weft::tools
