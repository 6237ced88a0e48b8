// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/codebase.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <random>
#include <set>
#include <string>
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
using ::testing::Key;
using testing::Repeat;
using testing::TempTree;

constexpr const char* kExtensions[] = {".py", ".js", ".ts", ".tsx", ".c",   ".h",
                                       ".cc", ".rs", ".go", ".java", ".txt"};
constexpr const char* kPieces[] = {"def f(): pass\n", "class A { int f() { return 1; } };\n",
                                   "import a.b;\n",   "fn f() {}\n",
                                   "#include <a>\n",  "func f() {}\n",
                                   "= ( \n",          "\n"};

// The same tree for the same seed.
void WriteRandomTree(const TempTree& tree, unsigned seed, int files) {
  std::mt19937 random(seed);
  for (int i = 0; i < files; ++i) {
    std::string path;
    for (unsigned depth = random() % 4; depth > 0; --depth) {
      path += "d" + std::to_string(random() % 3) + "/";
    }
    path += "f" + std::to_string(random() % 1'000) + kExtensions[random() % std::size(kExtensions)];
    std::string text;
    for (unsigned pieces = random() % 40; pieces > 0; --pieces) {
      text += kPieces[random() % std::size(kPieces)];
    }
    if (random() % 20 == 0) text += std::string(1, '\0');
    if (random() % 20 == 0) text = Repeat("a?", 3'000);
    tree.Write(path, text);
  }
}

Codebase AnalyzeWith(int workers, const std::string& root, const CodebaseOptions& options = {}) {
  auto scheduler = testing::MakeScheduler(workers);
  auto codebase = Codebase::Analyze(*scheduler, root, options);
  EXPECT_TRUE(codebase.ok()) << codebase.status();
  return *std::move(codebase);
}

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
  for (const char* path : {"b.py", "a/z.py", "a.py", "a-b.py", "a/b/c.js", "Z.py", "\xff.py", "a0.py"}) {
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
  options.progress = [&](const AnalysisProgress& progress) {
    if (progress.done == 20) source.Cancel(absl::CancelledError("interrupted"));
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

TEST(CodebaseDigestTest, DoesNotDependOnWorkersOrRun) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TempTree tree;
    WriteRandomTree(tree, seed, 200);
    const Codebase expected = AnalyzeWith(testing::kInline, tree.path());
    for (int run = 0; run < 3; ++run) {
      for (int workers : {testing::kInline, 1, 2, 8}) {
        const Codebase codebase = AnalyzeWith(workers, tree.path());
        EXPECT_EQ(codebase.digest(), expected.digest()) << workers << " workers";
        EXPECT_EQ(codebase.files(), expected.files()) << workers << " workers";
      }
    }
  }
}

TEST(CodebaseDigestTest, DoesNotDependOnTheRoot) {
  TempTree first;
  TempTree second;
  WriteRandomTree(first, 11, 60);
  WriteRandomTree(second, 11, 60);
  EXPECT_EQ(AnalyzeWith(2, first.path()).digest(), AnalyzeWith(2, second.path()).digest());
  EXPECT_EQ(AnalyzeWith(2, first.path() + "/").digest(), AnalyzeWith(2, second.path()).digest());
}

TEST(CodebaseDigestTest, ChangesWithEveryFact) {
  TempTree tree;
  tree.Write("a.py", "import os\ndef f(): pass\n");
  tree.Write("b/c.py", "class A: pass\n");
  std::set<std::string> digests;
  const auto analyse = [&](const CodebaseOptions& options = {}) {
    return AnalyzeWith(testing::kInline, tree.path(), options).digest();
  };
  const std::string first = analyse();
  digests.insert(first);
  const char* const texts[] = {
      "import os\ndef g(): pass\n",       // name
      "import os\nclass f: pass\n",       // kind
      "import os\n\ndef f(): pass\n",     // line
      "import os\ndef f():\n  pass\n",    // end line
      "import re\ndef f(): pass\n",       // import
      "\nimport os\ndef f(): pass\n",     // line of an import
      "import os\ndef f(): pass \n",      // size alone
      "import os\ndef f(): pass\n)",      // status
      "def f(): pass\nimport os\n",       // order
  };
  for (const char* text : texts) {
    tree.Write("a.py", text);
    EXPECT_TRUE(digests.insert(analyse()).second) << text;
  }
  tree.Write("a.py", "import os\ndef f(): pass\n");
  EXPECT_EQ(analyse(), first);

  tree.Write("d.txt", "no candidate");
  EXPECT_TRUE(digests.insert(analyse()).second) << "a file that is counted";
  std::filesystem::remove(tree / "d.txt");
  std::filesystem::rename(tree / "b/c.py", tree / "b/d.py");
  EXPECT_TRUE(digests.insert(analyse()).second) << "a path";
  std::filesystem::rename(tree / "b/d.py", tree / "b/c.py");

  CodebaseOptions options;
  options.limits.max_file_bytes = 20;
  EXPECT_TRUE(digests.insert(analyse(options)).second) << "a limit that is met";
  options.limits.max_file_bytes = 19;
  EXPECT_TRUE(digests.insert(analyse(options)).second) << "its value in the reason";
}

// Fields must not run into each other.
TEST(CodebaseDigestTest, TellsWhereOneFieldEnds) {
  TempTree first;
  TempTree second;
  first.Write("a.py", "import a\nimport bc\n");
  second.Write("a.py", "import ab\nimport c\n");
  EXPECT_NE(AnalyzeWith(0, first.path()).digest(), AnalyzeWith(0, second.path()).digest());
}

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
