// SPDX-License-Identifier: Apache-2.0

#include "weft/distribution/cost_history.h"

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tools/scratch_folder.h"
#include "weft/core/task_kind.h"
#include "weft/distribution/cost_model.h"
#include "weft/distribution/kind_cost.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tools::ScratchFolder;
using Costs = std::vector<KindCost>;

const Costs& Some() {
  static const Costs& costs =
      *new Costs{{"parse:python", 12, 1834.25, 1200, 2044.5}, {"link", 1, 0.1, 0.1, 0.1}};
  return costs;
}

mode_t ModeOf(const std::string& path) {
  struct stat about = {};
  EXPECT_EQ(lstat(path.c_str(), &about), 0) << path;
  return about.st_mode;
}

TEST(CostHistoryTest, WhatIsSavedIsLoaded) {
  const ScratchFolder folder;
  const std::string path = folder / "history";
  ASSERT_TRUE(SaveCostHistory(path, Some()).ok());
  const LoadedCosts loaded = LoadCostHistory(path);
  EXPECT_TRUE(loaded.status.ok()) << loaded.status;
  EXPECT_EQ(loaded.costs, Some());
  EXPECT_EQ(folder.CountEntries(), 1) << "nothing is left beside it";
}

TEST(CostHistoryTest, AModelGoesOnWhereTheLastOneEnded) {
  const ScratchFolder folder;
  constexpr TaskKind kParse = "parse";
  for (int process = 1; process <= 3; ++process) {
    CostModel model(LoadCostHistory(folder / "history").costs);
    model.Observe(model.Intern(kParse), 100 * process);
    ASSERT_TRUE(SaveCostHistory(folder / "history", model.History()).ok());
  }
  EXPECT_EQ(LoadCostHistory(folder / "history").costs, (Costs{{"parse", 3, 225, 100, 300}}));
}

TEST(CostHistoryTest, TheEmptyPathKeepsNothing) {
  EXPECT_TRUE(SaveCostHistory("", Some()).ok());
  const LoadedCosts loaded = LoadCostHistory("");
  EXPECT_TRUE(loaded.status.ok());
  EXPECT_THAT(loaded.costs, IsEmpty());
}

TEST(CostHistoryTest, AMissingFileIsNoError) {
  const ScratchFolder folder;
  for (const char* name : {"history", "no/such/folder/history"}) {
    const LoadedCosts loaded = LoadCostHistory(folder / name);
    EXPECT_TRUE(loaded.status.ok()) << loaded.status;
    EXPECT_THAT(loaded.costs, IsEmpty());
  }
  EXPECT_EQ(SaveCostHistory(folder / "no/such/folder/history", Some()).code(),
            absl::StatusCode::kNotFound)
      << "a folder is not made by guessing";
}

TEST(CostHistoryTest, ANameWithoutAFolderIsInTheCurrentOne) {
  const ScratchFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  EXPECT_TRUE(SaveCostHistory("history", Some()).ok());
  EXPECT_EQ(LoadCostHistory("history").costs, Some());
  std::filesystem::current_path(before);
  EXPECT_EQ(LoadCostHistory(folder / "history").costs, Some());
}

TEST(CostHistoryTest, ADamagedFileIsAnEmptyHistoryAndIsReplaced) {
  const ScratchFolder folder;
  const std::string path = folder / "history";
  ASSERT_TRUE(SaveCostHistory(path, Some()).ok());
  const std::string good = folder.Read("history");
  std::string flipped = good;
  flipped[20] = static_cast<char>(flipped[20] ^ 1);
  for (const std::string& damaged :
       {std::string(), good.substr(0, 5), good.substr(0, 40), good + "more", flipped}) {
    folder.Write("history", damaged);
    const LoadedCosts loaded = LoadCostHistory(path);
    EXPECT_EQ(loaded.status.code(), absl::StatusCode::kDataLoss) << loaded.status;
    EXPECT_THAT(std::string(loaded.status.message()), HasSubstr("'" + path + "' is damaged"));
    EXPECT_THAT(loaded.costs, IsEmpty());
    EXPECT_TRUE(SaveCostHistory(path, Some()).ok());
    EXPECT_EQ(folder.Read("history"), good);
  }
}

TEST(CostHistoryTest, TheFileIsItsOwnersAloneWhateverTheUmask) {
  const ScratchFolder folder;
  for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
    const mode_t before = umask(mask);
    const absl::Status status = SaveCostHistory(folder / "history", Some());
    umask(before);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(ModeOf(folder / "history") & 07777, 0600U);
  }
}

TEST(CostHistoryTest, ADiskThatIsFullKeepsTheOldHistory) {
  const ScratchFolder folder;
  ASSERT_TRUE(SaveCostHistory(folder / "history", Some()).ok());
  const std::string good = folder.Read("history");
  Costs many;
  for (int i = 0; i < 500; ++i) many.push_back({"kind" + std::to_string(i), 1, 5, 5, 5});

  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before = {};
  ASSERT_EQ(sigaction(SIGXFSZ, &ignore, &before), 0);
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit small = limit;
  small.rlim_cur = 1000;  // in the middle of what is written
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = SaveCostHistory(folder / "history", many);
  setrlimit(RLIMIT_FSIZE, &limit);
  sigaction(SIGXFSZ, &before, nullptr);

  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("cannot be written"), HasSubstr("File too large")));
  EXPECT_EQ(folder.Read("history"), good);
  EXPECT_EQ(folder.CountEntries(), 1);
}

TEST(CostHistoryTest, NoDescriptorIsLeftOpen) {
  const ScratchFolder folder;
  folder.Write("notes", "x");
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = count();
  for (int i = 0; i < 20; ++i) {
    LoadCostHistory(folder / "notes");
    LoadCostHistory(folder.path());
    LoadCostHistory(folder / "missing");
    EXPECT_FALSE(SaveCostHistory(folder / "notes", Some()).ok());
    EXPECT_FALSE(SaveCostHistory(folder / "no/history", Some()).ok());
    EXPECT_TRUE(SaveCostHistory(folder / "history", Some()).ok());
  }
  EXPECT_EQ(count(), before);
}

// Each writes costs of its own; whoever reads finds those of one of them, whole.
TEST(CostHistoryTest, WhoSavesAtTheSameTimeDoesNotTearTheFile) {
  constexpr int kWriters = 3;
  constexpr int kSaves = 50;
  const ScratchFolder folder;
  const std::string path = folder / "history";
  const auto costs_of = [](std::size_t writer) {
    Costs costs;
    for (std::size_t i = 0; i < 100 * (writer + 1); ++i) {
      costs.push_back({"kind" + std::to_string(i), writer + 1, 5, 5, 5});
    }
    return costs;
  };
  ASSERT_TRUE(SaveCostHistory(path, costs_of(0)).ok());
  std::vector<std::thread> writers;
  for (std::size_t writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      const Costs mine = costs_of(writer);
      for (int i = 0; i < kSaves; ++i) {
        const absl::Status saved = SaveCostHistory(path, mine);
        EXPECT_TRUE(saved.ok()) << saved;
        const LoadedCosts loaded = LoadCostHistory(path);
        ASSERT_TRUE(loaded.status.ok()) << loaded.status;
        ASSERT_EQ(loaded.costs, costs_of(loaded.costs.front().count - 1));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(folder.CountEntries(), 1);
}

}  // namespace
}  // namespace weft
