// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/codebase.h"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/parse_text.h"
#include "integrations/codebase/source_tree.h"
#include "integrations/codebase/temp_tree.h"
#include "testing/engines.h"

namespace weft {
namespace {

using testing::AnalyzeWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Repeat;
using testing::TempTree;
using testing::WriteRandomTree;

class CodebaseTest : public testing::EngineTest {
 protected:
  Codebase Analyze(const CodebaseOptions& options = {}) {
    auto codebase = Codebase::Analyze(*scheduler_, tree_.path(), options);
    EXPECT_TRUE(codebase.ok()) << codebase.status();
    return *std::move(codebase);
  }

  TempTree tree_;
};

TEST_P(CodebaseTest, HoldsEveryCandidateOnceInTheOrderOfBytes) {
  for (const char* path :
       {"b.py", "a/z.py", "a.py", "a-b.py", "a/b/c.js", "Z.py", "\xff.py", "a0.py"}) {
    tree_.Write(path, "x = 1\n");
  }
  tree_.Write("notes.txt", "x");
  std::filesystem::create_symlink("b.py", tree_ / "link.py");
  const Codebase codebase = Analyze();
  std::vector<std::string> paths;
  for (const FileRecord& record : codebase.files()) paths.push_back(record.path);
  EXPECT_THAT(paths, ElementsAre("Z.py", "a-b.py", "a.py", "a/b/c.js", "a/z.py", "a0.py", "b.py",
                                 "\xff.py"));
  EXPECT_TRUE(codebase.complete());
  EXPECT_EQ(codebase.entries().other_files, 1);
  EXPECT_EQ(codebase.entries().symlinks, 1);
  EXPECT_EQ(codebase.entries().directories, 3);
  EXPECT_EQ(codebase.root(), tree_.path());
}

TEST_P(CodebaseTest, FindsFilesByPath) {
  tree_.Write("a/b.py", "def f(): pass\n");
  tree_.Write("c.py", "");
  const Codebase codebase = Analyze();
  ASSERT_NE(codebase.FindFile("a/b.py"), nullptr);
  EXPECT_EQ(codebase.FindFile("a/b.py")->symbols.size(), 1u);
  for (const char* path : {"", "a", "a/b.p", "a/b.pyx", "z"}) {
    EXPECT_EQ(codebase.FindFile(path), nullptr) << path;
  }
}

TEST_P(CodebaseTest, TotalsAreTheSumsOfTheRecords) {
  WriteRandomTree(tree_, 7, 150);
  const Codebase codebase = Analyze();
  FileTotals sum;
  std::map<std::string, FileTotals> languages;
  for (const FileRecord& record : codebase.files()) {
    sum.Add(record);
    languages[record.language].Add(record);
  }
  EXPECT_EQ(codebase.totals(), sum);
  EXPECT_EQ(codebase.languages(), languages);
  EXPECT_EQ(sum.files, static_cast<std::int64_t>(codebase.files().size()));
  EXPECT_EQ(sum.files, sum.parsed + sum.parsed_with_errors + sum.skipped + sum.failed);
  EXPECT_GT(sum.parsed, 0);
  EXPECT_GT(sum.parsed_with_errors, 0);
  EXPECT_GT(sum.skipped, 0);
}

TEST_P(CodebaseTest, EmptyTreeIsEmptyAndComplete) {
  const Codebase codebase = Analyze();
  EXPECT_TRUE(codebase.complete());
  EXPECT_TRUE(codebase.files().empty());
  EXPECT_EQ(codebase.totals(), FileTotals{});
  EXPECT_TRUE(codebase.languages().empty());
  EXPECT_THAT(codebase.digest(), ::testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(codebase.digest().size(), 32u);
}

TEST_P(CodebaseTest, ProgressTellsPhasesAndEachFileOnce) {
  for (int i = 0; i < 50; ++i) tree_.Write("f" + std::to_string(i) + ".py", "x = 1\n");
  std::mutex mutex;
  int discovering = 0;
  std::multiset<std::int64_t> done;
  CodebaseOptions options;
  options.progress = [&](const AnalysisProgress& progress) {
    const std::lock_guard lock(mutex);
    if (progress.phase == AnalysisPhase::kDiscovering) {
      ++discovering;
      EXPECT_EQ(progress.total, 0);
    } else {
      done.insert(progress.done);
      EXPECT_EQ(progress.total, 50);
    }
  };
  Analyze(options);
  EXPECT_GE(discovering, 1);
  std::multiset<std::int64_t> expected;
  for (std::int64_t i = 0; i <= 50; ++i) expected.insert(i);
  EXPECT_EQ(done, expected);
}

TEST_P(CodebaseTest, ProgressCountsBytesAndFailures) {
  std::filesystem::create_directories(tree_ / "sub");
  tree_.Write("a.py", "x = 1\n");
  tree_.Write("sub/b.py", "x = 10\n");
  tree_.Write("large.py", Repeat("x = 1\n", 100));
  tree_.Write("gone.py", "x = 100\n");
  tree_.Write("notes.txt", "not parsed");
  std::mutex mutex;
  std::int64_t found = 0, total_bytes = 0, bytes = 0, failed = 0;
  CodebaseOptions options;
  options.limits.max_file_bytes = 50;
  options.progress_in_bytes = true;
  options.progress = [&](const AnalysisProgress& progress) {
    const std::lock_guard lock(mutex);
    found += progress.found;
    bytes += progress.bytes;
    failed += progress.failed;
    total_bytes = progress.total_bytes;
    const bool begun = progress.phase == AnalysisPhase::kParsing && progress.done == 0;
    if (begun) std::filesystem::remove(tree_ / "gone.py");
  };
  Analyze(options);
  EXPECT_EQ(found, 5);
  EXPECT_EQ(total_bytes, 6 + 7 + 8) << "what is over the limit costs nothing";
  EXPECT_EQ(bytes, 6 + 7);
  EXPECT_EQ(failed, 1);
  options.progress_in_bytes = false;
  Analyze(options);
  EXPECT_EQ(total_bytes, 0);
}

TEST_P(CodebaseTest, RunTellsWorkersTimesAndTheSlowestFiles) {
  tree_.Write("small.py", "x = 1\n");
  tree_.Write("large.py", Repeat("def f(a): return [a, a + 1, {a: a}]\n", 3'000));
  tree_.Write("middle.py", Repeat("def f(): pass\n", 300));
  CodebaseOptions options;
  options.slowest_files = 2;
  const Codebase codebase = Analyze(options);
  const AnalysisRun& run = codebase.run();
  EXPECT_EQ(run.workers, scheduler_->worker_count());
  EXPECT_GE(run.total, run.discovering + run.parsing);
  EXPECT_GT(run.peak_memory_bytes, 1'000'000);
  ASSERT_EQ(run.slowest.size(), 2u);
  EXPECT_EQ(run.slowest[0].path, "large.py");
  EXPECT_GE(run.slowest[0].duration, run.slowest[1].duration);
}

TEST_P(CodebaseTest, CancelledInTheMiddleHoldsWhatWasDone) {
  for (int i = 0; i < 200; ++i) tree_.Write("f" + std::to_string(i) + ".py", "def f(): pass\n");
  CancellationSource source;
  CodebaseOptions options;
  options.cancellation = source.token();
  absl::Notification cancelled;
  options.progress = [&](const AnalysisProgress& progress) {
    if (progress.done == 20) {
      source.Cancel(absl::CancelledError("interrupted"));
      cancelled.Notify();
    } else if (progress.done > 20) {
      cancelled.WaitForNotification();  // other workers must not finish the rest meanwhile
    }
  };
  const Codebase codebase = Analyze(options);
  EXPECT_FALSE(codebase.complete());
  EXPECT_EQ(codebase.status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(codebase.status().ToString(), HasSubstr("interrupted"));
  EXPECT_GE(codebase.files().size(), 20u);
  EXPECT_LT(codebase.files().size(), 200u);
  EXPECT_EQ(codebase.totals().parsed, static_cast<std::int64_t>(codebase.files().size()));
}

TEST_P(CodebaseTest, CancelledBeforeItBeganIsAnError) {
  tree_.Write("a.py", "");
  CancellationSource source;
  source.Cancel(absl::CancelledError("too late"));
  CodebaseOptions options;
  options.cancellation = source.token();
  const auto codebase = Codebase::Analyze(*scheduler_, tree_.path(), options);
  if (codebase.ok()) {
    EXPECT_FALSE(codebase->complete());
  } else {
    EXPECT_EQ(codebase.status().code(), absl::StatusCode::kCancelled);
  }
}

TEST_P(CodebaseTest, UnusableRootsAndOptionsAreErrors) {
  tree_.Write("file.py", "");
  EXPECT_EQ(Codebase::Analyze(*scheduler_, tree_ / "missing").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Codebase::Analyze(*scheduler_, tree_ / "file.py").status().code(),
            absl::StatusCode::kInvalidArgument);
  CodebaseOptions options;
  options.limits.max_file_bytes = -1;
  EXPECT_EQ(Codebase::Analyze(*scheduler_, tree_.path(), options).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(CodebaseTest, RegistryDecidesWhatIsACandidate) {
  tree_.Write("a.py", "def f(): pass\n");
  tree_.Write("b.js", "function f() {}\n");
  ParserRegistry none;
  CodebaseOptions options;
  options.registry = &none;
  const Codebase codebase = Analyze(options);
  EXPECT_TRUE(codebase.files().empty());
  EXPECT_EQ(codebase.entries().other_files, 2);
}

WEFT_ON_ALL_ENGINES(CodebaseTest);

TEST(CodebasePermissionTest, UnreadableDirectoryIsAFailedRecord) {
  TempTree tree;
  tree.Write("open.py", "def f(): pass\n");
  tree.Write("shut/inside.py", "def f(): pass\n");
  tree.Write("closed.py", "def f(): pass\n");
  ASSERT_EQ(chmod((tree / "shut").c_str(), 0), 0);
  ASSERT_EQ(chmod((tree / "closed.py").c_str(), 0), 0);
  const std::string told = testing::RunUnprivileged([&] {
    const Codebase codebase = AnalyzeWith(testing::kInline, tree.path());
    std::string text = "failed " + std::to_string(codebase.totals().failed) + "\n";
    for (const FileRecord& record : codebase.files()) {
      text += record.path + ": " + std::string(FileStatusName(record.status)) + " " +
              record.reason + "\n";
    }
    return text;
  });
  ASSERT_EQ(chmod((tree / "shut").c_str(), 0755), 0);
  EXPECT_THAT(told, HasSubstr("failed 2\n"));
  EXPECT_THAT(told, HasSubstr("closed.py: failed "));
  EXPECT_THAT(told, HasSubstr("open.py: parsed \n"));
  EXPECT_THAT(told, HasSubstr("shut: failed "));
  EXPECT_THAT(told, HasSubstr("ermission denied"));
}

TEST(CodebasePermissionTest, UnreadableRootIsAnError) {
  TempTree tree;
  tree.Write("root/a.py", "");
  ASSERT_EQ(chmod((tree / "root").c_str(), 0), 0);
  const std::string told = testing::RunUnprivileged([&] {
    auto scheduler = testing::MakeScheduler(testing::kInline);
    return Codebase::Analyze(*scheduler, tree / "root").status().ToString();
  });
  ASSERT_EQ(chmod((tree / "root").c_str(), 0755), 0);
  EXPECT_THAT(told, HasSubstr("PERMISSION_DENIED"));
}

}  // namespace
}  // namespace weft
