// SPDX-License-Identifier: Apache-2.0
//
// `weft analyze --trace`, run as a user would.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "analyze_run.h"
#include "integrations/trace/trace_reader.h"
#include "process.h"
#include "scratch_folder.h"

namespace weft::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(TraceCommandTest, ShowsEachFolderAndEachFile) {
  const ScratchFolder tree;
  WriteMixedTree(tree);
  const ScratchFolder out;
  const std::string path = out.path() + "/run.pftrace";
  for (const char* jobs : {"1", "3"}) {
    const nlohmann::json document = Analyze(tree, {"--trace", path, "--jobs", jobs}, 0);
    const testing::ReadTrace trace = testing::ReadTraceFile(path);
    EXPECT_THAT(trace.faults, IsEmpty());
    EXPECT_FALSE(trace.cut_short);
    std::size_t folders = 0;
    std::size_t files = 0;
    for (const testing::TraceSlice* const slice : trace.Runs()) {
      folders += slice->name == "list folder" ? 1 : 0;
      files += slice->name == "parse file" ? 1 : 0;
    }
    EXPECT_GE(folders, 63U);
    EXPECT_GE(files, document["totals"]["parsed"].get<std::size_t>());
    nlohmann::json untraced = Analyze(tree, {"--jobs", jobs}, 0);
    EXPECT_EQ(document["files"], untraced["files"]);
  }
}

TEST(TraceCommandTest, WithoutThreadsAsWell) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  const ScratchFolder out;
  Analyze(tree, {"--trace", out.path() + "/t", "--sequential"}, 0);
  EXPECT_FALSE(testing::ReadTraceFile(out.path() + "/t").Runs().empty());
}

TEST(TraceCommandTest, AFileThatCannotBeWrittenEndsItBeforeTheWork) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  const std::string path = tree.path() + "/no/such/trace";
  const ProcessResult result = RunWeft({"analyze", tree.path(), "--trace", path});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(path));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(TraceCommandTest, WhereThereIsNothingToLookAtAnOlderTraceStays) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  tree.Write("trace", "older");
  for (const char* wrong : {"/missing", "/a.py"}) {
    const ProcessResult result =
        RunWeft({"analyze", tree.path() + wrong, "--trace", tree.path() + "/trace"});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr(wrong));
  }
  EXPECT_EQ(tree.Read("trace"), "older");
}

TEST(TraceCommandTest, ANameThatATerminalWouldObeyIsEscaped) {
  const ScratchFolder tree;
  const ProcessResult result = RunWeft({"analyze", tree.path(), "--trace", tree / "no/\x1b[2J"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(R"(no/\x1b[2J)"));
}

// Otherwise the document would take the trace's place without a word.
TEST(TraceCommandTest, OneFileUnderTwoNamesIsRefused) {
  const ScratchFolder tree;
  const auto run = [&tree](const char* json, const char* trace) {
    return RunWeft({"analyze", ".", "--json", json, "--trace", trace}, {.folder = tree.path()});
  };
  for (const char* json : {"./same", "link"}) {
    std::filesystem::create_symlink("same", tree / "link");
    const ProcessResult result = run(json, "same");
    EXPECT_EQ(result.exit_code, 2) << json;
    EXPECT_THAT(result.err, HasSubstr("--json and --trace"));
    EXPECT_THAT(result.out, IsEmpty());
    std::filesystem::remove(tree / "link");
  }
  EXPECT_EQ(run("/dev/null", "/dev/./null").exit_code, 0);
}

TEST(TraceCommandTest, AnOlderDocumentOfThatNameStays) {
  const ScratchFolder tree;
  tree.Write("same", "older");
  const ProcessResult result =
      RunWeft({"analyze", ".", "--json", "same", "--trace", "./same"}, {.folder = tree.path()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(tree.Read("same"), "older");
}

TEST(TraceCommandTest, ASourceIsNotOverwritten) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  const std::string path = tree.path() + "/a.py";
  const ProcessResult result = RunWeft({"analyze", tree.path(), "--trace", path});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("would overwrite '" + path + "'"));
  EXPECT_EQ(tree.Read("a.py"), "x = 1\n");
  const std::string fresh = tree.path() + "/new.py";  // whoever wants that
  EXPECT_EQ(RunWeft({"analyze", tree.path(), "--trace", fresh}).exit_code, 0);
}

TEST(TraceCommandTest, AFullDiskCostsTheTraceAndNothingElse) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  const ProcessResult result = RunWeft({"analyze", tree.path(), "--trace", "/dev/full"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("/dev/full"));
  EXPECT_THAT(result.out, HasSubstr("python"));  // the summary is there
}

TEST(TraceCommandTest, NamesThatCannotBeAreRefused) {
  const ScratchFolder tree;
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {"--trace", "-"}, {"--trace", ""}, {"--json", "same", "--trace", "same"}}) {
    std::vector<std::string> words = {"analyze", tree.path()};
    words.insert(words.end(), options.begin(), options.end());
    const ProcessResult result = RunWeft(words, {.folder = tree.path()});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("--trace"));
  }
  EXPECT_EQ(tree.CountEntries(), 0);
}

}  // namespace
}  // namespace weft::tools
