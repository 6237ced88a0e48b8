// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/analysis_json.h"

#include <algorithm>
#include <cstdint>
#include <fcntl.h>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "records.h"
#include "scratch_folder.h"
#include "weft/integrations/codebase/file_record.h"
#include "weft/sync/escape_bytes.h"
#include "weft/tools/analysis_view.h"
#include "weft/tools/output.h"

namespace weft::tools {
namespace {

std::string Write(const AnalysisView& analysis) {
  const ScratchFolder folder;
  const int file = open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  Output output(file, "'out'");
  WriteAnalysisJson(analysis, output);
  EXPECT_TRUE(output.Flush().ok());
  close(file);
  return folder.Read("out");
}

std::string Unescape(const nlohmann::json& text) {
  return UnescapeBytes(text.get<std::string>()).value();
}

TEST(AnalysisJsonTest, DocumentIsTheDocumentedOne) {
  std::vector<FileRecord> files = {
      MakeRecord("a/shape.py", FileStatus::kParsed, "", "python"),
      MakeRecord("gone.c", FileStatus::kFailed, "Permission denied", "c"),
      MakeRecord("odd", FileStatus::kSkipped, "binary"),
  };
  files[0].bytes = 61;
  files[0].lines = 4;
  files[0].symbols = {{"Shape", SymbolKind::kClass, 2, 4, Symbol::kNoParent},
                      {"area", SymbolKind::kMethod, 3, 4, 0}};
  files[0].imports = {{"math", 1}};
  files[2].bytes = 7;
  AnalysisView analysis = ViewOf(files);
  analysis.root = "src";
  analysis.digest = "00ff";
  analysis.run.workers = 2;
  analysis.run.discovering = absl::Milliseconds(250);
  analysis.run.parsing = absl::Milliseconds(500);
  analysis.run.total = absl::Seconds(1);
  analysis.run.peak_memory_bytes = 4096;
  EXPECT_EQ(Write(analysis),
            R"({"schema":"weft.analysis/1",
"root":"src",
"digest":"00ff",
"files":[
{"path":"a/shape.py","language":"python","status":"parsed","reason":null,"bytes":61,"lines":4,)"
            R"("symbols":[{"name":"Shape","kind":"class","line":2,"end_line":4,"parent":null},)"
            R"({"name":"area","kind":"method","line":3,"end_line":4,"parent":0}],)"
            R"("imports":[{"text":"math","line":1}]},
{"path":"gone.c","language":"c","status":"failed","reason":"Permission denied","bytes":0,)"
            R"("lines":0,"symbols":[],"imports":[]},
{"path":"odd","language":null,"status":"skipped","reason":"binary","bytes":7,)"
            R"("lines":0,"symbols":[],"imports":[]}
],
"totals":{"files":3,"parsed":1,"parsed_with_errors":0,"skipped":1,"failed":1,)"
            R"("bytes":68,"lines":4,"symbols":2,"imports":1},
"languages":{"c":{"files":1,"parsed":0,"parsed_with_errors":0,"skipped":0,"failed":1,)"
            R"("bytes":0,"lines":0,"symbols":0,"imports":0},)"
            R"("python":{"files":1,"parsed":1,"parsed_with_errors":0,"skipped":0,"failed":0,)"
            R"("bytes":61,"lines":4,"symbols":2,"imports":1}},
"run":{"workers":2,"discover_seconds":0.25,"parse_seconds":0.5,"total_seconds":1.0,)"
            R"("peak_memory_bytes":4096}}
)");
}

TEST(AnalysisJsonTest, EmptyAnalysisIsADocumentToo) {
  const nlohmann::json json = nlohmann::json::parse(Write({}));
  EXPECT_EQ(json["files"].size(), 0U);
  EXPECT_TRUE(json["languages"].is_object());
  EXPECT_EQ(json["totals"]["files"], 0);
}

TEST(AnalysisJsonTest, AnyBytesSurvive) {
  constexpr std::uint32_t kSeed = 1234;
  std::mt19937 random(kSeed);
  const auto bytes = [&random] {
    std::string text(random() % 12, ' ');
    for (char& c : text) c = static_cast<char>(random() & 0xffU);
    return text;
  };
  std::vector<FileRecord> files;
  for (int i = 0; i < 2000; ++i) {
    files.push_back(MakeRecord("p" + bytes(), FileStatus::kParsedWithErrors, "r" + bytes(), "c"));
    files.back().symbols.resize(1);
    files.back().symbols[0].name = bytes();
    files.back().imports = {{bytes(), 1}};
  }
  const std::string root = bytes();
  const nlohmann::json json = nlohmann::json::parse(Write({.root = root, .files = files}));
  EXPECT_EQ(Unescape(json["root"]), root);
  ASSERT_EQ(json["files"].size(), files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const nlohmann::json& file = json["files"][i];
    ASSERT_EQ(Unescape(file["path"]), files[i].path) << "seed " << kSeed;
    ASSERT_EQ(Unescape(file["reason"]), files[i].reason) << "seed " << kSeed;
    ASSERT_EQ(Unescape(file["symbols"][0]["name"]), files[i].symbols[0].name) << "seed " << kSeed;
    ASSERT_EQ(Unescape(file["imports"][0]["text"]), files[i].imports[0].text) << "seed " << kSeed;
  }
}

TEST(AnalysisJsonTest, EachFileIsOneLine) {
  const std::vector<FileRecord> files = {MakeRecord("a\nb", FileStatus::kParsed),
                                         MakeRecord("c", FileStatus::kParsed)};
  const std::string text = Write(ViewOf(files));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4 + 2 + 4);
}

}  // namespace
}  // namespace weft::tools
