// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/parallel_file_processor.h"

#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/temp_tree.h"
#include "testing/engines.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::TempTree;

std::string Name(int i) { return "d" + std::to_string(i % 7) + "/f" + std::to_string(i); }

class ParallelFileProcessorTest : public testing::EngineTest {
 protected:
  // `count` files; the text of each is its own path.
  std::vector<std::string> WriteFiles(int count) {
    std::vector<std::string> paths;
    for (int i = 0; i < count; ++i) {
      paths.push_back(Name(i));
      tree_.Write(paths.back(), paths.back());
    }
    return paths;
  }

  ParallelFileProcessor Open(FileProcessorOptions options = {}) {
    auto opened = ParallelFileProcessor::Open(tree_.path(), std::move(options));
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }

  TempTree tree_;
};

std::string TextOf(const FileContent& file) { return std::string(file.bytes); }

TEST_P(ParallelFileProcessorTest, ResultsAreInTheOrderOfThePaths) {
  const std::vector<std::string> paths = WriteFiles(300);
  TaskGroup group(*scheduler_);
  const auto results = Open().Process(group, paths, [](const FileContent& file) {
    EXPECT_EQ(file.size, static_cast<std::int64_t>(file.bytes.size()));
    return std::string(file.path) + "=" + std::string(file.bytes);
  });
  ASSERT_EQ(results.size(), paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    ASSERT_TRUE(results[i].ok()) << results[i].status();
    EXPECT_EQ(*results[i], paths[i] + "=" + paths[i]);
  }
}

TEST_P(ParallelFileProcessorTest, FailedFilesCostOnlyThemselves) {
  std::vector<std::string> paths = WriteFiles(40);
  tree_.Write("large", std::string(101, 'x'));
  std::filesystem::create_symlink("d0", tree_ / "link");
  std::filesystem::create_symlink("d0/f0", tree_ / "file_link");
  ASSERT_EQ(mkfifo((tree_ / "fifo").c_str(), 0644), 0);
  struct Case {
    std::string path;
    absl::StatusCode code;
  };
  const Case cases[] = {
      {"missing", absl::StatusCode::kNotFound},
      {"d0/f0/below", absl::StatusCode::kFailedPrecondition},
      {"large", absl::StatusCode::kResourceExhausted},
      {"link/f0", absl::StatusCode::kFailedPrecondition},
      {"file_link", absl::StatusCode::kFailedPrecondition},
      {"fifo", absl::StatusCode::kFailedPrecondition},
      {"d0", absl::StatusCode::kFailedPrecondition},
      {"../d0/f0", absl::StatusCode::kInvalidArgument},
      {"d0/../d0/f0", absl::StatusCode::kInvalidArgument},
      {"./d0/f0", absl::StatusCode::kInvalidArgument},
      {"d0//f0", absl::StatusCode::kInvalidArgument},
      {"/etc/hostname", absl::StatusCode::kInvalidArgument},
      {"", absl::StatusCode::kInvalidArgument},
      {std::string("a\0b", 3), absl::StatusCode::kInvalidArgument},
      {"d0/" + std::string(300, 'n'), absl::StatusCode::kInvalidArgument},
  };
  const std::size_t good = paths.size();
  for (const Case& c : cases) paths.push_back(c.path);
  TaskGroup group(*scheduler_);
  const auto results = Open({.max_file_bytes = 100}).Process(group, paths, TextOf);
  ASSERT_EQ(results.size(), paths.size());
  for (std::size_t i = 0; i < good; ++i) EXPECT_TRUE(results[i].ok()) << results[i].status();
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const absl::Status& status = results[good + i].status();
    EXPECT_FALSE(status.ok()) << cases[i].path;
    if (cases[i].path.size() > 200) continue;  // the system's own code
    if (cases[i].path == "d0/f0/below") continue;
    EXPECT_EQ(status.code(), cases[i].code) << cases[i].path << ": " << status;
  }
}

TEST_P(ParallelFileProcessorTest, ErrorNamesThePath) {
  const std::vector<std::string> paths = {"gone.py"};
  TaskGroup group(*scheduler_);
  const auto results = Open().Process(group, paths, TextOf);
  EXPECT_THAT(std::string(results[0].status().message()), HasSubstr("gone.py"));
}

TEST_P(ParallelFileProcessorTest, FunctionThatThrowsOrFailsCostsOnlyItsResult) {
  const std::vector<std::string> paths = WriteFiles(50);
  TaskGroup group(*scheduler_);
  const auto results =
      Open().Process(group, paths, [](const FileContent& file) -> absl::StatusOr<int> {
        if (file.path.ends_with("3")) throw std::runtime_error("three");
        if (file.path.ends_with("4")) return absl::DataLossError("four");
        return 1;
      });
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const absl::StatusCode expected = paths[i].ends_with("3")   ? absl::StatusCode::kUnknown
                                      : paths[i].ends_with("4") ? absl::StatusCode::kDataLoss
                                                                : absl::StatusCode::kOk;
    EXPECT_EQ(results[i].status().code(), expected) << paths[i];
  }
}

TEST_P(ParallelFileProcessorTest, FunctionMayReturnNothingOrAStatus) {
  const std::vector<std::string> paths = WriteFiles(10);
  TaskGroup group(*scheduler_);
  std::atomic<int> calls{0};
  const std::vector<absl::Status> nothing =
      Open().Process(group, paths, [&](const FileContent&) { ++calls; });
  EXPECT_EQ(calls, 10);
  EXPECT_THAT(nothing, ::testing::Each(absl::OkStatus()));
  TaskGroup other(*scheduler_);
  const std::vector<absl::Status> statuses =
      Open().Process(other, paths, [](TaskContext&, const FileContent& file) {
        return file.path == "d0/f0" ? absl::AbortedError("no") : absl::OkStatus();
      });
  EXPECT_EQ(statuses[0].code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(statuses[1].ok());
}

TEST_P(ParallelFileProcessorTest, UnreadableFilesAreHandedOverWhenAsked) {
  tree_.Write("large", std::string(101, 'x'));
  const std::vector<std::string> paths = {"missing", "large"};
  TaskGroup group(*scheduler_);
  const auto results =
      Open({.max_file_bytes = 100, .call_on_unreadable = true})
          .Process(group, paths, [](const FileContent& file) {
            EXPECT_TRUE(file.bytes.empty());
            return std::to_string(file.size) + " " + std::string(file.status.message());
          });
  ASSERT_TRUE(results[0].ok());
  ASSERT_TRUE(results[1].ok());
  EXPECT_THAT(*results[0], ::testing::StartsWith("0 "));
  EXPECT_THAT(*results[1], ::testing::StartsWith("101 "));
}

TEST_P(ParallelFileProcessorTest, ProgressTellsEachNumberOnce) {
  std::vector<std::string> paths = WriteFiles(100);
  paths.push_back("missing");
  std::mutex mutex;
  std::multiset<std::int64_t> told;
  const FileProcessorOptions options = {.progress = [&](std::int64_t done, std::int64_t total) {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(total, 101);
    told.insert(done);
  }};
  TaskGroup group(*scheduler_);
  Open(options).Process(group, paths, [](const FileContent& file) {
    if (file.path.ends_with("7")) throw 7;
  });
  std::multiset<std::int64_t> expected;
  for (std::int64_t i = 1; i <= 101; ++i) expected.insert(i);
  EXPECT_EQ(told, expected);
}

TEST_P(ParallelFileProcessorTest, AfterACancelTheRestIsCancelled) {
  const std::vector<std::string> paths = WriteFiles(200);
  TaskGroup group(*scheduler_);
  std::atomic<int> calls{0};
  absl::Notification cancelled;
  const auto results = Open().Process(group, paths, [&](const FileContent& file) {
    const int call = ++calls;
    if (call == 5) {
      group.Cancel(absl::CancelledError("enough"));
      cancelled.Notify();
    }
    if (call > 5) cancelled.WaitForNotification();
    return std::string(file.bytes);
  });
  ASSERT_EQ(results.size(), paths.size());
  int done = 0;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (results[i].ok()) {
      ++done;
      EXPECT_EQ(*results[i], paths[i]);
    } else {
      EXPECT_EQ(results[i].status().code(), absl::StatusCode::kCancelled);
    }
  }
  EXPECT_GE(done, 5);
  EXPECT_LT(done, 200);
}

TEST_P(ParallelFileProcessorTest, NoPathsGiveNoResults) {
  TaskGroup group(*scheduler_);
  EXPECT_TRUE(Open().Process(group, {}, TextOf).empty());
}

TEST_P(ParallelFileProcessorTest, RootMustBeADirectory) {
  tree_.Write("file", "x");
  EXPECT_EQ(ParallelFileProcessor::Open(tree_ / "missing").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ParallelFileProcessor::Open(tree_ / "file").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(ParallelFileProcessorTest, NamesAreBytes) {
  const std::vector<std::string> paths = {
      "new\nline", "caf\xe9", " ", "-", "\xff\xfe", "a\\b", std::string(255, 'n')};
  for (const std::string& path : paths) tree_.Write(path, path);
  TaskGroup group(*scheduler_);
  const auto results = Open().Process(group, paths, TextOf);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    ASSERT_TRUE(results[i].ok()) << results[i].status();
    EXPECT_EQ(*results[i], paths[i]);
  }
}

WEFT_ON_ALL_ENGINES(ParallelFileProcessorTest);

}  // namespace
}  // namespace weft
