// SPDX-License-Identifier: Apache-2.0
//
// The document that `weft analyze --json` writes, for ordinary trees and for odd ones.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "analyze_run.h"
#include "process.h"
#include "scratch_folder.h"
#include "weft/sync/escape_bytes.h"

namespace weft::tools {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

// -- the document ----------------------------------------------------------------

TEST(AnalyzeDocumentTest, DocumentHasTheDocumentedShape) {
  const ScratchFolder tree;
  tree.Write("a.py", "import os.path\n\n\nclass A:\n  def f(self):\n    pass\n");
  const std::string text = RunWeft({"analyze", tree.path(), "--json", "-", "--jobs", "2"}).out;
  // Keys in their documented order.
  const auto document = nlohmann::ordered_json::parse(text, nullptr, false);
  ASSERT_FALSE(document.is_discarded()) << text;
  const auto keys = [](const nlohmann::ordered_json& object) {
    std::vector<std::string> names;
    for (const auto& [key, value] : object.items()) names.push_back(key);
    return names;
  };
  EXPECT_THAT(keys(document),
              ElementsAre("schema", "root", "digest", "files", "totals", "languages", "run"));
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
  EXPECT_THAT(keys(file["symbols"][0]), ElementsAre("name", "kind", "line", "end_line", "parent"));
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
  EXPECT_THAT(keys(document["run"]), ElementsAre("workers", "discover_seconds", "parse_seconds",
                                                 "total_seconds", "peak_memory_bytes"));
  EXPECT_EQ(document["run"]["workers"], 2);
  EXPECT_GT(document["run"]["peak_memory_bytes"], 1 << 20);
}

TEST(AnalyzeDocumentTest, TotalsAreTheSumsOfTheFilesAndLanguages) {
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

TEST(AnalyzeDocumentTest, PathsAreSortedByTheirBytes) {
  const ScratchFolder tree;
  for (const char* name :
       {"b.py", "a/z.py", "a.py", "a-b.py", "B.py", "z\xff.py", "z\xc3\xa9.py"}) {
    tree.Write(name, "");
  }
  const Json document = Analyze(tree);
  std::vector<std::string> paths;
  for (const Json& file : document["files"]) {
    paths.push_back(*UnescapeBytes(file["path"].get<std::string>()));
  }
  EXPECT_THAT(paths,
              ElementsAre("B.py", "a-b.py", "a.py", "a/z.py", "b.py", "z\xc3\xa9.py", "z\xff.py"));
}

TEST(AnalyzeDocumentTest, NamesThatAreNotTextComeBackFromTheDocument) {
  const ScratchFolder tree;
  const std::string path = "li\nne \xff\\x41 \"q\".py";
  tree.Write(path, "def caf\xe9(): pass\nimport caf\xe9.b\n");
  const Json document = Analyze(tree);
  ASSERT_EQ(document["files"].size(), 1U);
  EXPECT_EQ(document["files"][0]["path"], "li\nne \\xff\\\\x41 \"q\".py");
  EXPECT_EQ(*UnescapeBytes(document["files"][0]["path"].get<std::string>()), path);
}

TEST(AnalyzeDocumentTest, RootIsWrittenAsGiven) {
  const ScratchFolder tree;
  tree.Write("caf\xe9/a.py", "");
  const ProcessResult result =
      RunWeft({"analyze", "./caf\xe9/", "--json", "-"}, {.folder = tree.path()});
  EXPECT_EQ(ParseJson(result.out)["root"], "./caf\\xe9/");
}

TEST(AnalyzeDocumentTest, DigestIsTheSameHoweverManyWorkers) {
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

TEST(AnalyzeDocumentTest, DigestTellsOneChangedByteButNotTheRoot) {
  const ScratchFolder tree;
  const ScratchFolder twin;
  for (const ScratchFolder* folder : {&tree, &twin}) folder->Write("a.py", "def f(): pass\n");
  const Json before = Analyze(tree);
  EXPECT_EQ(before["digest"], Analyze(twin)["digest"]);
  tree.Write("a.py", "def g(): pass\n");
  EXPECT_NE(before["digest"], Analyze(tree)["digest"]);
}

// -- odd trees -------------------------------------------------------------------

TEST(AnalyzeDocumentTest, EmptyTreeIsDone) {
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

TEST(AnalyzeDocumentTest, ContentThatIsNotParsedSaysWhy) {
  const ScratchFolder tree;
  tree.Write("binary.py", std::string("a\0b\0", 4));
  tree.Write("utf16.py", std::string("\xff\xfe"
                                     "d\0e\0f\0",
                                     8));
  tree.Write("large.py", std::string(70'000, '#'));
  tree.Write("empty.py", "");
  tree.Write("bom.py",
             "\xef\xbb\xbf"
             "def f(): pass\n");
  const Json document = Analyze(tree, {"--max-file-size", "64K"});
  for (const char* path : {"binary.py", "utf16.py", "large.py"}) {
    EXPECT_EQ(FindFile(document, path)["status"], "skipped") << path;
    EXPECT_TRUE(FindFile(document, path)["reason"].is_string()) << path;
  }
  EXPECT_THAT(FindFile(document, "large.py")["reason"].get<std::string>(), HasSubstr("65,536"));
  EXPECT_EQ(FindFile(document, "empty.py")["status"], "parsed");
  EXPECT_EQ(FindFile(document, "bom.py")["symbols"].size(), 1U);
}

// Each took a parser of others minutes, gigabytes, or its life.
TEST(AnalyzeDocumentTest, HostileContentEndsWithALimitInItsReason) {
  const ScratchFolder tree;
  const std::vector<std::string> nested = {"nested.py",  "nested.js", "nested.ts", "nested.c",
                                           "nested.cpp", "nested.rs", "nested.go", "nested.java"};
  for (const std::string& name : nested) {
    tree.Write(name, std::string(100'000, '(') + std::string(100'000, ')'));
  }
  tree.Write("deep.py", std::string(1'000'000, '['));
  tree.Write("line.py", "x = " + std::string(1'000'000, '1') + "\n");
  std::string quadratic;
  while (quadratic.size() < 65'536) quadratic += "a?";
  tree.Write("quadratic.py", quadratic);
  tree.Write("good.py", "def f(): pass\n");
  const Json document = Analyze(tree);
  EXPECT_EQ(document["totals"]["files"], 12);
  for (const std::string& name : nested) {
    EXPECT_EQ(FindFile(document, name)["status"], "skipped") << name;
    EXPECT_THAT(FindFile(document, name)["reason"].get<std::string>(), HasSubstr("20,000"));
  }
  EXPECT_EQ(FindFile(document, "deep.py")["status"], "skipped");
  EXPECT_EQ(FindFile(document, "line.py")["status"], "parsed");
  EXPECT_EQ(FindFile(document, "quadratic.py")["status"], "skipped");
  EXPECT_THAT(FindFile(document, "quadratic.py")["reason"].get<std::string>(),
              HasSubstr("operations"));
  EXPECT_EQ(FindFile(document, "good.py")["status"], "parsed");
}

TEST(AnalyzeDocumentTest, WhatIsNoFileIsNeverOpened) {
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

TEST(AnalyzeDocumentTest, AnUnreadableFileFailsAloneAndShowsInTheExitCode) {
  const ScratchFolder tree;
  tree.Write("good.py", "def f(): pass\n");
  tree.Write("shut.py", "def g(): pass\n");
  tree.Write("folder/in.py", "");
  chmod((tree / "shut.py").c_str(), 0);
  chmod((tree / "folder").c_str(), 0);
  const ProcessResult text = RunWeft({"analyze", tree.path()}, {.in_child = BecomeUnprivileged});
  EXPECT_EQ(text.exit_code, 1) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("shut.py"), HasSubstr("Permission denied")));
  const ProcessResult result =
      RunWeft({"analyze", tree.path(), "--json", "-"}, {.in_child = BecomeUnprivileged});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("2 files"));
  const Json document = ParseJson(result.out);
  EXPECT_EQ(document["totals"]["parsed"], 1);
  EXPECT_EQ(document["totals"]["failed"], 2);
  EXPECT_EQ(FindFile(document, "shut.py")["status"], "failed");
  chmod((tree / "folder").c_str(), 0755);
}

}  // namespace
}  // namespace weft::tools
