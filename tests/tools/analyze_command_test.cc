// SPDX-License-Identifier: Apache-2.0
//
// `weft analyze`, run as a user would: the summary, the document, and the exit code.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "weft/tools/escape_bytes.h"
#include "weft/tools/terminal_text.h"

#include "process.h"
#include "scratch_folder.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;

Json Parse(const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(json.is_discarded()) << text.substr(0, 300);
  return json;
}

// The document of a run that must end with `exit_code`.
Json Analyze(const ScratchFolder& tree, std::vector<std::string> options = {},
             int exit_code = 0) {
  options.insert(options.begin(), {"analyze", tree.path(), "--json", "-"});
  const ProcessResult result = RunWeft(options);
  EXPECT_EQ(result.exit_code, exit_code) << result.err;
  return Parse(result.out);
}

const Json& FindFile(const Json& document, const std::string& path) {
  static const Json missing;
  for (const Json& file : document["files"]) {
    if (file["path"] == path) return file;
  }
  ADD_FAILURE() << "no file " << path << " in " << document["files"].dump(1).substr(0, 1000);
  return missing;
}

void ExpectFitsTerminal(const std::string& text) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    EXPECT_LE(CountColumns(line), 80U) << line;
    EXPECT_EQ(MakePrintable(line), line);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
}

// A little of everything, and enough of it that workers meet.
void WriteMixedTree(const ScratchFolder& tree) {
  for (int i = 0; i < 60; ++i) {
    const std::string n = std::to_string(i);
    tree.Write("p" + n + "/m" + n + ".py", "import os\nclass A:\n  def f" + n + "(self): pass\n");
    tree.Write("c/f" + n + ".c", "#include <a.h>\nint f" + n + "(void) { return 0; }\n");
    tree.Write("j/f" + n + ".js", "import x from './x.js';\nfunction f() {}\n");
  }
  tree.Write("broken.py", "def f(:\n  pass\n");
  tree.Write("binary.py", std::string("x\0y", 3));
  tree.Write("notes.txt", "nothing to parse\n");
}

// -- the document ----------------------------------------------------------------

TEST(AnalyzeCommandTest, DocumentHasTheDocumentedShape) {
  const ScratchFolder tree;
  tree.Write("a.py", "import os.path\n\n\nclass A:\n  def f(self):\n    pass\n");
  const std::string text =
      RunWeft({"analyze", tree.path(), "--json", "-", "--jobs", "2"}).out;
  // Keys in their documented order.
  const auto document = nlohmann::ordered_json::parse(text, nullptr, false);
  ASSERT_FALSE(document.is_discarded()) << text;
  const auto keys = [](const nlohmann::ordered_json& object) {
    std::vector<std::string> names;
    for (const auto& [key, value] : object.items()) names.push_back(key);
    return names;
  };
  EXPECT_THAT(keys(document), ElementsAre("schema", "root", "digest", "files", "totals",
                                          "languages", "run"));
  EXPECT_EQ(document["schema"], "weft.analysis/1");
  EXPECT_EQ(document["root"], tree.path());
  EXPECT_TRUE(document["digest"].is_string());
  ASSERT_EQ(document["files"].size(), 1U);
  const auto& file = document["files"][0];
  EXPECT_THAT(keys(file), ElementsAre("path", "language", "status", "reason", "bytes", "lines",
                                      "symbols", "imports"));
  EXPECT_EQ(file["path"], "a.py");
  EXPECT_EQ(file["language"], "python");
  EXPECT_EQ(file["status"], "parsed");
  EXPECT_EQ(file["bytes"], 50);
  EXPECT_EQ(file["lines"], 6);
  ASSERT_EQ(file["symbols"].size(), 2U);
  EXPECT_THAT(keys(file["symbols"][0]),
              ElementsAre("name", "kind", "line", "end_line", "parent"));
  EXPECT_EQ(file["symbols"][0].dump(),
            R"({"name":"A","kind":"class","line":4,"end_line":6,"parent":null})");
  EXPECT_EQ(file["symbols"][1].dump(),
            R"({"name":"f","kind":"method","line":5,"end_line":6,"parent":0})");
  ASSERT_EQ(file["imports"].size(), 1U);
  EXPECT_EQ(file["imports"][0].dump(), R"({"text":"os.path","line":1})");
  EXPECT_EQ(document["totals"].dump(),
            R"({"files":1,"parsed":1,"parsed_with_errors":0,"skipped":0,"failed":0,)"
            R"("bytes":50,"lines":6,"symbols":2,"imports":1})");
  EXPECT_THAT(keys(document["languages"]), ElementsAre("python"));
  EXPECT_THAT(keys(document["run"]),
              ElementsAre("workers", "discover_seconds", "parse_seconds", "total_seconds",
                          "peak_memory_bytes"));
  EXPECT_EQ(document["run"]["workers"], 2);
  EXPECT_GT(document["run"]["peak_memory_bytes"], 1 << 20);
}

TEST(AnalyzeCommandTest, TotalsAreTheSumsOfTheFilesAndLanguages) {
  const ScratchFolder tree;
  WriteMixedTree(tree);
  const Json document = Analyze(tree);
  std::map<std::string, std::int64_t> sums;
  for (const Json& file : document["files"]) {
    ++sums["files"];
    ++sums[file["status"].get<std::string>()];
    sums["bytes"] += file["bytes"].get<std::int64_t>();
    sums["lines"] += file["lines"].get<std::int64_t>();
    sums["symbols"] += static_cast<std::int64_t>(file["symbols"].size());
    sums["imports"] += static_cast<std::int64_t>(file["imports"].size());
    const auto size = static_cast<std::int64_t>(file["symbols"].size());
    for (std::int64_t i = 0; i < size; ++i) {
      const Json& parent = file["symbols"][static_cast<std::size_t>(i)]["parent"];
      if (!parent.is_null()) {
        EXPECT_LT(parent.get<std::int64_t>(), i);
      }
    }
  }
  EXPECT_EQ(sums["files"], 182);
  for (const auto& [key, total] : document["totals"].items()) {
    EXPECT_EQ(total.get<std::int64_t>(), sums[key]) << key;
    std::int64_t by_language = 0;
    for (const Json& language : document["languages"]) {
      by_language += language[key].get<std::int64_t>();
    }
    EXPECT_EQ(by_language, sums[key]) << key;
  }
}

TEST(AnalyzeCommandTest, PathsAreSortedByTheirBytes) {
  const ScratchFolder tree;
  for (const char* name : {"b.py", "a/z.py", "a.py", "a-b.py", "B.py", "z\xff.py", "z\xc3\xa9.py"}) {
    tree.Write(name, "");
  }
  const Json document = Analyze(tree);
  std::vector<std::string> paths;
  for (const Json& file : document["files"]) {
    paths.push_back(*UnescapeBytes(file["path"].get<std::string>()));
  }
  EXPECT_THAT(paths, ElementsAre("B.py", "a-b.py", "a.py", "a/z.py", "b.py", "z\xc3\xa9.py",
                                 "z\xff.py"));
}

TEST(AnalyzeCommandTest, NamesThatAreNotTextComeBackFromTheDocument) {
  const ScratchFolder tree;
  const std::string path = "li\nne \xff\\x41 \"q\".py";
  tree.Write(path, "def caf\xe9(): pass\nimport caf\xe9.b\n");
  const Json document = Analyze(tree);
  ASSERT_EQ(document["files"].size(), 1U);
  EXPECT_EQ(document["files"][0]["path"], "li\nne \\xff\\\\x41 \"q\".py");
  EXPECT_EQ(*UnescapeBytes(document["files"][0]["path"].get<std::string>()), path);
}

TEST(AnalyzeCommandTest, RootIsWrittenAsGiven) {
  const ScratchFolder tree;
  tree.Write("caf\xe9/a.py", "");
  const ProcessResult result =
      RunWeft({"analyze", "./caf\xe9/", "--json", "-"}, {.folder = tree.path()});
  EXPECT_EQ(Parse(result.out)["root"], "./caf\\xe9/");
}

TEST(AnalyzeCommandTest, DigestIsTheSameHoweverManyWorkers) {
  const ScratchFolder tree;
  WriteMixedTree(tree);
  Json first = Analyze(tree, {"--sequential"});
  first.erase("run");
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--jobs", "1"}, {"--jobs", "2"}, {"--jobs", "8"}, {}}) {
    Json document = Analyze(tree, options);
    document.erase("run");
    EXPECT_EQ(document, first);
  }
}

TEST(AnalyzeCommandTest, DigestTellsOneChangedByteButNotTheRoot) {
  const ScratchFolder tree;
  const ScratchFolder twin;
  for (const ScratchFolder* folder : {&tree, &twin}) folder->Write("a.py", "def f(): pass\n");
  const Json before = Analyze(tree);
  EXPECT_EQ(before["digest"], Analyze(twin)["digest"]);
  tree.Write("a.py", "def g(): pass\n");
  EXPECT_NE(before["digest"], Analyze(tree)["digest"]);
}

// -- where it goes ---------------------------------------------------------------

TEST(AnalyzeCommandTest, JsonOnStandardOutputIsAlone) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  for (const char* name : {"-", "/dev/stdout", "/dev/fd/1"}) {
    const ProcessResult result = RunWeft({"analyze", tree.path(), "--json", name});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(Parse(result.out)["totals"]["files"], 1) << name;
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
  EXPECT_EQ(Parse(tree.Read("out.json"))["totals"]["files"], 1);
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
  EXPECT_EQ(Parse(tree.Read("real.json"))["totals"]["files"], 1);
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

// -- odd trees -------------------------------------------------------------------

TEST(AnalyzeCommandTest, EmptyTreeIsDone) {
  const ScratchFolder tree;
  const ProcessResult result = RunWeft({"analyze", tree.path()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, IsEmpty());
  ExpectFitsTerminal(result.out);
  const Json document = Analyze(tree);
  EXPECT_EQ(document["files"], Json::array());
  EXPECT_EQ(document["languages"], Json::object());
  EXPECT_EQ(document["totals"]["files"], 0);
}

TEST(AnalyzeCommandTest, ContentThatIsNotParsedSaysWhy) {
  const ScratchFolder tree;
  tree.Write("binary.py", std::string("a\0b\0", 4));
  tree.Write("utf16.py", std::string("\xff\xfe" "d\0e\0f\0", 8));
  tree.Write("large.py", std::string(70'000, '#'));
  tree.Write("empty.py", "");
  tree.Write("bom.py", "\xef\xbb\xbf" "def f(): pass\n");
  const Json document = Analyze(tree, {"--max-file-size", "64K"});
  for (const char* path : {"binary.py", "utf16.py", "large.py"}) {
    EXPECT_EQ(FindFile(document, path)["status"], "skipped") << path;
    EXPECT_TRUE(FindFile(document, path)["reason"].is_string()) << path;
  }
  EXPECT_THAT(FindFile(document, "large.py")["reason"].get<std::string>(), HasSubstr("65536"));
  EXPECT_EQ(FindFile(document, "empty.py")["status"], "parsed");
  EXPECT_EQ(FindFile(document, "bom.py")["symbols"].size(), 1U);
}

// Each took a parser of others minutes, gigabytes, or its life.
TEST(AnalyzeCommandTest, HostileContentEndsWithALimitInItsReason) {
  const ScratchFolder tree;
  tree.Write("nested.py", std::string(100'000, '(') + std::string(100'000, ')'));
  tree.Write("line.py", "x = " + std::string(1'000'000, '1') + "\n");
  std::string quadratic;
  while (quadratic.size() < 65'536) quadratic += "a?";
  tree.Write("quadratic.py", quadratic);
  tree.Write("good.py", "def f(): pass\n");
  const Json document = Analyze(tree);
  EXPECT_EQ(document["totals"]["files"], 4);
  EXPECT_EQ(FindFile(document, "nested.py")["status"], "skipped");
  EXPECT_THAT(FindFile(document, "nested.py")["reason"].get<std::string>(), HasSubstr("20000"));
  EXPECT_EQ(FindFile(document, "line.py")["lines"], 1);
  EXPECT_NE(FindFile(document, "quadratic.py")["status"], "failed");
  EXPECT_EQ(FindFile(document, "good.py")["status"], "parsed");
}

TEST(AnalyzeCommandTest, WhatIsNoFileIsNeverOpened) {
  const ScratchFolder tree;
  tree.Write("a.py", "x = 1\n");
  ASSERT_EQ(mkfifo((tree / "fifo.py").c_str(), 0644), 0);
  std::filesystem::create_symlink("a.py", tree / "link.py");
  std::filesystem::create_symlink("loop.py", tree / "loop.py");
  std::filesystem::create_directory_symlink(".", tree / "here");
  const ProcessResult result = RunWeft({"analyze", tree.path()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Analyze(tree)["totals"]["files"], 1);
}

TEST(AnalyzeCommandTest, AnUnreadableFileFailsAloneAndShowsInTheExitCode) {
  const ScratchFolder tree;
  tree.Write("good.py", "def f(): pass\n");
  tree.Write("shut.py", "def g(): pass\n");
  tree.Write("folder/in.py", "");
  chmod((tree / "shut.py").c_str(), 0);
  chmod((tree / "folder").c_str(), 0);
  const ProcessResult text =
      RunWeft({"analyze", tree.path()}, {.in_child = BecomeUnprivileged});
  EXPECT_EQ(text.exit_code, 1) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("shut.py"), HasSubstr("Permission denied")));
  const ProcessResult result = RunWeft({"analyze", tree.path(), "--json", "-"},
                                       {.in_child = BecomeUnprivileged});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("2"));
  const Json document = Parse(result.out);
  EXPECT_EQ(document["totals"]["parsed"], 1);
  EXPECT_EQ(document["totals"]["failed"], 2);
  EXPECT_EQ(FindFile(document, "shut.py")["status"], "failed");
  chmod((tree / "folder").c_str(), 0755);
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

TEST(AnalyzeCommandTest, ProgressIsOneLineOfTheTerminalAndGoneAtTheEnd) {
  const ScratchFolder tree;
  WriteMixedTree(tree);
  const ProcessResult result = RunWeft({"analyze", tree.path()}, {.terminal = true});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, Not(HasSubstr("\n")));
  ASSERT_THAT(result.err, HasSubstr("\r"));
  // After the last return nothing is left to see.
  EXPECT_TRUE(result.err.ends_with('\r')) << result.err;
  const std::string before = result.err.substr(0, result.err.size() - 1);
  const std::string last = before.substr(before.rfind('\r') + 1);
  EXPECT_EQ(last.find_first_not_of(' '), last.npos) << last;
  const ProcessResult quiet =
      RunWeft({"analyze", tree.path(), "--progress", "never"}, {.terminal = true});
  EXPECT_THAT(quiet.err, IsEmpty());
}

TEST(AnalyzeCommandTest, ProgressCanBeHadInAPipe) {
  const ScratchFolder tree;
  WriteMixedTree(tree);
  const ProcessResult result = RunWeft({"analyze", tree.path(), "--progress", "always"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("\n"), Not(HasSubstr("\r"))));
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
    return Parse(RunWeft(options).out)["run"]["workers"].get<int>();
  };
  EXPECT_EQ(workers({"--config", tree / "config.json"}), 3);
  EXPECT_EQ(workers({"--config", tree / "config.json", "--jobs", "5"}), 5);
  EXPECT_EQ(workers({"--config", tree / "config.json", "--sequential"}), 1);
  EXPECT_EQ(workers({"--config", tree / "sequential.json"}), 1);
}

}  // namespace
}  // namespace weft::tools
