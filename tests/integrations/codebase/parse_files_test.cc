// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/parse_files.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/parse_text.h"
#include "integrations/codebase/temp_tree.h"
#include "testing/engines.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Repeat;
using testing::Symbols;
using testing::TempTree;

class ParseFilesTest : public testing::EngineTest {
 protected:
  ParsedFiles Parse(const std::vector<std::string>& paths, const ParseOptions& options = {}) {
    TaskGroup group(*scheduler_);
    auto parsed = ParseFiles(group, tree_.path(), paths, options);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return *std::move(parsed);
  }

  TempTree tree_;
};

TEST_P(ParseFilesTest, EveryFileHasOneStatus) {
  tree_.Write("good.py", "import os\ndef f(): pass\n");
  tree_.Write("bad.py", "def g(: pass\nclass A: pass\n");
  tree_.Write("empty.js", "");
  tree_.Write("binary.c", std::string("int\0x;", 6));
  tree_.Write("wide.ts",
              "\xff\xfe"
              "a");
  tree_.Write("large.go", std::string(1'001, '\n'));
  tree_.Write("deep.js", Repeat("[", 101));
  tree_.Write("what.txt", "text");
  const std::vector<std::string> paths = {"wide.ts",  "good.py", "missing.rs",
                                          "large.go", "bad.py",  "empty.js",
                                          "binary.c", "deep.js", "what.txt"};
  ParseOptions options;
  options.limits.max_file_bytes = 1'000;
  options.limits.max_depth = 100;
  const ParsedFiles parsed = Parse(paths, options);
  EXPECT_TRUE(parsed.status.ok());
  ASSERT_EQ(parsed.records.size(), paths.size());
  EXPECT_EQ(parsed.durations.size(), paths.size());
  struct Expected {
    FileStatus status;
    const char* language;
    const char* reason;
    std::int64_t bytes;
  };
  const Expected expected[] = {
      {FileStatus::kSkipped, "typescript", "encoding", 3},
      {FileStatus::kParsed, "python", "", 24},
      {FileStatus::kFailed, "rust", "No such file", 0},
      {FileStatus::kSkipped, "go", "max_file_bytes 1,000", 1'001},
      {FileStatus::kParsedWithErrors, "python", "line 1", 27},
      {FileStatus::kParsed, "javascript", "", 0},
      {FileStatus::kSkipped, "c", "binary", 6},
      {FileStatus::kSkipped, "javascript", "max_depth 100", 101},
      {FileStatus::kFailed, "", "no parser", 4},
  };
  for (std::size_t i = 0; i < paths.size(); ++i) {
    SCOPED_TRACE(paths[i]);
    const FileRecord& record = parsed.records[i];
    EXPECT_EQ(record.path, paths[i]);
    EXPECT_EQ(record.status, expected[i].status) << record.reason;
    EXPECT_EQ(record.language, expected[i].language);
    EXPECT_THAT(record.reason, HasSubstr(expected[i].reason));
    EXPECT_EQ(record.reason.empty(), record.status == FileStatus::kParsed);
    EXPECT_EQ(record.bytes, expected[i].bytes);
    EXPECT_GE(parsed.durations[i], absl::ZeroDuration());
  }
  EXPECT_THAT(Symbols(parsed.records[1]), ElementsAre("function f 2-2"));
}

TEST_P(ParseFilesTest, RecordsAreThoseOfTheBytesAlone) {
  std::vector<std::string> paths;
  std::vector<FileRecord> expected;
  for (int i = 0; i < 60; ++i) {
    const std::string path = "f" + std::to_string(i) + (i % 2 == 0 ? ".py" : ".js");
    const std::string text = Repeat(i % 2 == 0 ? "def f(): pass\n" : "class A { m() {} }\n", i);
    tree_.Write(path, text);
    paths.push_back(path);
    expected.push_back(ParseSource(path, text));
  }
  EXPECT_EQ(Parse(paths).records, expected);
}

TEST_P(ParseFilesTest, AFileThatIsNotWhatItsSizeSaysHasChanged) {
  // The kernel's own files say that they are empty.
  TempTree& tree = tree_;
  ASSERT_EQ(symlink("/proc/self", (tree / "self").c_str()), 0);
  ParserRegistry registry;
  class Nothing : public SourceParser {
    ParseOutcome Parse(std::string_view, const ParseLimits&, FileRecord&) override { return {}; }
  };
  ASSERT_TRUE(registry
                  .Add({.name = "status",
                        .file_names = {"status"},
                        .make_parser = [] { return std::make_unique<Nothing>(); }})
                  .ok());
  TaskGroup group(*scheduler_);
  const auto parsed =
      ParseFiles(group, tree / "self", std::vector<std::string>{"status"}, {.registry = &registry});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_EQ(parsed->records.size(), 1u);
  EXPECT_EQ(parsed->records[0].status, FileStatus::kFailed);
  EXPECT_THAT(parsed->records[0].reason, HasSubstr("changed while it was read"));
}

TEST_P(ParseFilesTest, LinksAndFifosAreNotRead) {
  tree_.Write("d/a.py", "x = 1\n");
  std::filesystem::create_symlink("d/a.py", tree_ / "link.py");
  std::filesystem::create_symlink("d", tree_ / "l");
  std::filesystem::create_symlink("self.py", tree_ / "self.py");
  ASSERT_EQ(mkfifo((tree_ / "fifo.py").c_str(), 0644), 0);
  std::filesystem::create_directory(tree_ / "folder.py");
  const ParsedFiles parsed =
      Parse({"link.py", "l/a.py", "self.py", "fifo.py", "folder.py", "d/a.py"});
  ASSERT_EQ(parsed.records.size(), 6u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(parsed.records[i].status, FileStatus::kFailed) << parsed.records[i].path;
    EXPECT_THAT(parsed.records[i].reason, HasSubstr("symbolic link"));
  }
  for (std::size_t i = 3; i < 5; ++i) {
    EXPECT_EQ(parsed.records[i].status, FileStatus::kFailed) << parsed.records[i].path;
    EXPECT_THAT(parsed.records[i].reason, HasSubstr("not a regular file"));
  }
  EXPECT_EQ(parsed.records[5].status, FileStatus::kParsed);
}

TEST_P(ParseFilesTest, ProgressTellsWhatBecameOfEachFile) {
  tree_.Write("a.py", "x = 1\n");
  tree_.Write("b.py", std::string("x\0y", 3));
  const std::vector<std::string> paths = {"a.py", "b.py", "missing.py"};
  TaskGroup group(*scheduler_);
  std::mutex mutex;
  std::set<std::int64_t> done;
  std::set<std::pair<FileStatus, std::int64_t>> told;
  ParseOptions options;
  options.progress = [&](const ParseProgress& file) {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(file.total, 3);
    done.insert(file.done);
    told.insert({file.status, file.bytes});
  };
  ASSERT_TRUE(ParseFiles(group, tree_.path(), paths, options).ok());
  EXPECT_EQ(done, (std::set<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(told,
            (std::set<std::pair<FileStatus, std::int64_t>>{
                {FileStatus::kParsed, 6}, {FileStatus::kSkipped, 3}, {FileStatus::kFailed, 0}}));
}

TEST_P(ParseFilesTest, AfterACancelTheRecordsDoneAreThere) {
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) {
    paths.push_back("f" + std::to_string(i) + ".py");
    tree_.Write(paths.back(), "def f(): pass\n");
  }
  TaskGroup group(*scheduler_);
  ParseOptions options;
  options.progress = [&](const ParseProgress& file) {
    if (file.done == 10) group.Cancel(absl::CancelledError("enough"));
  };
  const auto parsed = ParseFiles(group, tree_.path(), paths, options);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(parsed->records.size(), parsed->durations.size());
  EXPECT_GE(parsed->records.size(), 10u);
  EXPECT_LT(parsed->records.size(), 100u);
  for (const FileRecord& record : parsed->records) {
    EXPECT_EQ(record.status, FileStatus::kParsed) << record.path;
  }
}

TEST_P(ParseFilesTest, WrongLimitsAndRootsAreErrors) {
  TaskGroup group(*scheduler_);
  ParseOptions options;
  options.limits.max_depth = -1;
  const std::vector<std::string> none;
  EXPECT_EQ(ParseFiles(group, tree_.path(), none, options).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseFiles(group, tree_ / "missing", none).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(ParseFilesPermissionTest, AFileWithoutPermissionFailsAlone) {
  TempTree tree;
  tree.Write("closed.py", "def f(): pass\n");
  tree.Write("folder/inside.py", "def f(): pass\n");
  tree.Write("open.py", "def f(): pass\n");
  ASSERT_EQ(chmod((tree / "closed.py").c_str(), 0), 0);
  ASSERT_EQ(chmod((tree / "folder").c_str(), 0), 0);
  const std::string told = testing::RunUnprivileged([&] {
    auto scheduler = testing::MakeScheduler(testing::kInline);
    TaskGroup group(*scheduler);
    const std::vector<std::string> paths = {"closed.py", "folder/inside.py", "open.py"};
    const auto parsed = ParseFiles(group, tree.path(), paths);
    std::string text;
    for (const FileRecord& record : parsed->records) {
      text += record.path + ": " + std::string(FileStatusName(record.status)) + " " +
              record.reason + "\n";
    }
    return text;
  });
  ASSERT_EQ(chmod((tree / "folder").c_str(), 0755), 0);
  EXPECT_THAT(told, HasSubstr("closed.py: failed "));
  EXPECT_THAT(told, HasSubstr("folder/inside.py: failed "));
  EXPECT_THAT(told, HasSubstr("ermission denied"));
  EXPECT_THAT(told, HasSubstr("open.py: parsed \n"));
}

WEFT_ON_ALL_ENGINES(ParseFilesTest);

}  // namespace
}  // namespace weft
