// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/analysis_summary.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "records.h"
#include "weft/integrations/codebase/discover_files.h"
#include "weft/integrations/codebase/file_record.h"
#include "weft/sync/terminal_text.h"
#include "weft/tools/analysis_view.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

FileRecord Parsed(std::string path, std::string language, std::int64_t lines, std::size_t symbols) {
  FileRecord file = MakeRecord(std::move(path), FileStatus::kParsed, "", std::move(language));
  file.bytes = lines * 30;
  file.lines = lines;
  file.symbols.resize(symbols);
  return file;
}

TEST(AnalysisSummaryTest, ShowsTheWholeAnalysis) {
  std::vector<FileRecord> files = {Parsed("a.py", "python", 1000, 12),
                                   Parsed("b.py", "python", 234, 3),
                                   Parsed("c.ts", "typescript", 1'000'000, 45'678)};
  files[1].status = FileStatus::kParsedWithErrors;
  files[1].reason = "syntax error in line 7";
  files.push_back(
      MakeRecord("big.py", FileStatus::kSkipped, "larger than 8,388,608 bytes", "python"));
  files.push_back(MakeRecord("locked.py", FileStatus::kFailed, "Permission denied", "python"));
  AnalysisView analysis = ViewOf(files);
  analysis.digest = "0123456789abcdef";
  analysis.entries = {.other_files = 1234, .symlinks = 1, .ignored = 12, .hidden = 1};
  const std::vector<DiscoverySkip> skipped = {{"pipe", DiscoverySkipReason::kFifo}};
  analysis.skipped_entries = skipped;
  analysis.run = {.workers = 2,
                  .discovering = absl::Milliseconds(10),
                  .parsing = absl::Seconds(2),
                  .total = absl::Milliseconds(2020),
                  .peak_memory_bytes = 123 << 20,
                  .slowest = {{"c.ts", absl::Milliseconds(2500)},
                              {"a.py", absl::Milliseconds(5)},
                              {"b.py", absl::Milliseconds(4)},
                              {"big.py", absl::ZeroDuration()}}};
  EXPECT_EQ(FormatSummary(analysis),
            R"(Language    Files      Lines    Size  Symbols  Imports  With errors
python          2      1,234  36 KiB       15        0            1
typescript      1  1,000,000  29 MiB   45,678        0            0
Total           3  1,001,234  29 MiB   45,693        0            1

Parsed    3 files, 1 of them with text the grammar does not know
                 1  syntax error in line 7
                      b.py
Skipped   1 file
                 1  larger than 8,388,608 bytes
                      big.py
Failed    1 file
                 1  Permission denied
                      locked.py
Left out  1,234 files without a parser, 12 files or folders ignored, 1 file or
          folder hidden, 1 symbolic link
                 1  a FIFO
                      pipe

Slowest     2.50 s    29 MiB  c.ts
            0.01 s    29 KiB  a.py

Time      2.02 s: 0.01 s finding files, 2.00 s parsing with 2 workers
Speed     1 files/s, 14 MiB/s
Memory    123 MiB at most
Digest    0123456789abcdef
)");
}

TEST(AnalysisSummaryTest, FolderWithoutSourcesSaysSo) {
  const std::string text = FormatSummary({});
  EXPECT_THAT(text, AllOf(HasSubstr("No source files"), HasSubstr("Parsed    0 files"),
                          Not(HasSubstr("Language"))));
}

TEST(AnalysisSummaryTest, GlobsThatLeftNothingAreNamed) {
  AnalysisView analysis;
  analysis.entries.filtered = 1;
  EXPECT_THAT(FormatSummary(analysis),
              AllOf(HasSubstr("No source file passes --include and --exclude."),
                    HasSubstr("1 file or folder by --include or --exclude"),
                    Not(HasSubstr("No source files here"))));
}

TEST(AnalysisSummaryTest, ManyFilesWithErrorsShowTheFirstThree) {
  std::vector<FileRecord> files;
  for (int i = 0; i < 9; ++i) {
    files.push_back(MakeRecord("f" + std::to_string(i) + ".c", FileStatus::kParsedWithErrors,
                               "syntax error in line " + std::to_string(i), "c"));
  }
  EXPECT_THAT(FormatSummary(ViewOf(files)),
              HasSubstr(R"(Parsed    9 files, 9 of them with text the grammar does not know
                 9  syntax error in line N
                      f0.c
                      f1.c
                      f2.c
                      ...
Skipped   0 files
)"));
}

TEST(AnalysisSummaryTest, NoFileThatTookNoTimeIsCalledSlow) {
  const std::vector<FileRecord> files = {MakeRecord("big.py", FileStatus::kSkipped, "", "python")};
  AnalysisView analysis = ViewOf(files);
  analysis.run.slowest = {{"big.py", absl::ZeroDuration()}};
  EXPECT_THAT(FormatSummary(analysis), Not(HasSubstr("Slowest")));
}

TEST(AnalysisSummaryTest, AThousandReasonsStayOnOneScreen) {
  std::vector<FileRecord> files;
  for (int i = 0; i < 5000; ++i) {
    files.push_back(MakeRecord("file" + std::to_string(i), FileStatus::kFailed,
                               std::string(1, static_cast<char>('a' + i % 26)) +
                                   std::string(static_cast<std::size_t>(i % 40), 'x')));
  }
  const std::string text = FormatSummary(ViewOf(files));
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 60);
  EXPECT_THAT(text,
              AllOf(HasSubstr("Failed    5,000 files or folders"), HasSubstr("for other reasons")));
}

// Whatever names and reasons hold, lines stay within 80 columns and are harmless.
TEST(AnalysisSummaryTest, HostileNamesFitTheTerminal) {
  constexpr std::uint32_t kSeed = 31337;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 100; ++round) {
    const auto bytes = [&random](std::size_t most) {
      std::string text(random() % most, ' ');
      for (char& c : text) {
        c = random() % 3 == 0 ? static_cast<char>(random() & 0xffU) : "ab c\n\x1b"[random() % 6];
      }
      return text;
    };
    std::vector<FileRecord> files;
    for (int i = 0; i < 20; ++i) {
      files.push_back(MakeRecord(
          bytes(300), i % 2 == 0 ? FileStatus::kFailed : FileStatus::kSkipped, bytes(300)));
    }
    AnalysisView analysis = ViewOf(files);
    analysis.entries = {.other_files = 1'000'000'000,
                        .symlinks = 1'000'000'000,
                        .directories = 1'000'000'000,
                        .ignored = 1'000'000'000,
                        .hidden = 1'000'000'000,
                        .filtered = 1'000'000'000};
    analysis.run.slowest = {{bytes(300), absl::Seconds(1)}};
    const std::string text = FormatSummary(analysis);
    for (std::string_view rest = text; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      ASSERT_LE(CountColumns(line), 80U) << line << " seed " << kSeed << " round " << round;
      ASSERT_EQ(MakePrintable(line), line) << "seed " << kSeed << " round " << round;
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
  }
}

}  // namespace
}  // namespace weft::tools
