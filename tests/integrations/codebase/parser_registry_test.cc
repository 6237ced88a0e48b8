// SPDX-License-Identifier: Apache-2.0

#include "weft/integrations/codebase/parser_registry.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "weft/integrations/codebase/parse_files.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// One symbol for each line that begins with "proc ".
class ProcParser : public SourceParser {
 public:
  ParseOutcome Parse(std::string_view source, const ParseLimits&, FileRecord& record) override {
    std::int32_t line = 1;
    while (!source.empty()) {
      const std::string_view text = source.substr(0, source.find('\n'));
      if (text.starts_with("proc ")) {
        record.symbols.push_back(
            {.name = std::string(text.substr(5)), .line = line, .end_line = line});
      }
      if (text == "throw") throw std::runtime_error("at the word");
      if (text == "skip") return {FileStatus::kSkipped, "a rule of its own"};
      source.remove_prefix(std::min(text.size() + 1, source.size()));
      ++line;
    }
    return {};
  }
};

SourceLanguage Procs(std::string name = "procs") {
  return {.name = std::move(name),
          .extensions = {".proc", ".proc.txt"},
          .file_names = {"Procfile"},
          .make_parser = [] { return std::make_unique<ProcParser>(); }};
}

std::string NameOf(const SourceLanguage* language) {
  return language == nullptr ? "none" : language->name;
}

TEST(ParserRegistryTest, DefaultKnowsNineLanguagesByExtension) {
  const std::pair<const char*, const char*> cases[] = {{"a.py", "python"},
                                                       {"d/e.f/a.pyi", "python"},
                                                       {"a.pyw", "python"},
                                                       {"a.js", "javascript"},
                                                       {"a.jsx", "javascript"},
                                                       {"a.mjs", "javascript"},
                                                       {"a.cjs", "javascript"},
                                                       {"a.min.js", "javascript"},
                                                       {"a.ts", "typescript"},
                                                       {"a.d.ts", "typescript"},
                                                       {"a.mts", "typescript"},
                                                       {"a.cts", "typescript"},
                                                       {"a.tsx", "tsx"},
                                                       {"a.c", "c"},
                                                       {"a.h", "c"},
                                                       {"a.cc", "cpp"},
                                                       {"a.cpp", "cpp"},
                                                       {"a.cxx", "cpp"},
                                                       {"a.hpp", "cpp"},
                                                       {"a.hh", "cpp"},
                                                       {"a.hxx", "cpp"},
                                                       {"a.h++", "cpp"},
                                                       {"a.ipp", "cpp"},
                                                       {"a.inl", "cpp"},
                                                       {"a.rs", "rust"},
                                                       {"a.go", "go"},
                                                       {"A.java", "java"},
                                                       {"SConstruct", "python"}};
  for (const auto& [path, language] : cases) {
    EXPECT_EQ(NameOf(ParserRegistry::Default().Find(path)), language) << path;
  }
  EXPECT_THAT(ParserRegistry::Default().languages(), SizeIs(9));
}

TEST(ParserRegistryTest, OtherNamesAreNoCandidates) {
  for (const char* path : {"", "a", "py", ".py", "d/.py", "a.txt", "a.pyc", "a.PY", "a.py/b",
                           "README.md", "a.", "a.py~", "xSConstruct"}) {
    EXPECT_EQ(NameOf(ParserRegistry::Default().Find(path)), "none") << path;
  }
}

TEST(ParserRegistryTest, WholeNameComesBeforeExtensionAndLongExtensionBeforeShort) {
  ParserRegistry registry = ParserRegistry::Default();
  ASSERT_TRUE(registry.Add(Procs()).ok());
  SourceLanguage plain = Procs("plain");
  plain.extensions = {".txt"};
  plain.file_names = {"special.py"};
  ASSERT_TRUE(registry.Add(plain).ok());
  EXPECT_EQ(NameOf(registry.Find("d/a.proc.txt")), "procs");
  EXPECT_EQ(NameOf(registry.Find("a.txt")), "plain");
  EXPECT_EQ(NameOf(registry.Find("special.py")), "plain");
  EXPECT_EQ(NameOf(registry.Find("special.py/Procfile")), "procs");
  EXPECT_EQ(NameOf(ParserRegistry::Default().Find("a.txt")), "none") << "copies are apart";
}

TEST(ParserRegistryTest, WrongOrTakenRegistrationsAreRefusedByName) {
  ParserRegistry registry = ParserRegistry::Default();
  SourceLanguage nameless = Procs("");
  EXPECT_EQ(registry.Add(nameless).code(), absl::StatusCode::kInvalidArgument);
  SourceLanguage idle = Procs();
  idle.make_parser = nullptr;
  EXPECT_EQ(registry.Add(idle).code(), absl::StatusCode::kInvalidArgument);
  SourceLanguage dotless = Procs();
  dotless.extensions = {"proc"};
  EXPECT_THAT(registry.Add(dotless).ToString(), HasSubstr("'proc'"));

  SourceLanguage taken = Procs();
  taken.extensions = {".new", ".py"};
  const absl::Status status = registry.Add(taken);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(status.ToString(), HasSubstr("'.py'"));
  EXPECT_EQ(registry.Find("a.new"), nullptr) << "a refused language leaves nothing behind";
  EXPECT_EQ(registry.Add(Procs("python")).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(registry.Add(Procs()).ok());
}

TEST(ParserRegistryTest, ContentRuleChoosesByText) {
  ParserRegistry registry = ParserRegistry::Default();
  ASSERT_TRUE(registry.Add(Procs()).ok());
  const auto begins = [](std::string_view source) { return source.starts_with("proc "); };
  EXPECT_EQ(registry.AddContentRule(".none", "procs", begins).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(registry.AddContentRule(".py", "none", begins).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(registry.AddContentRule(".py", "procs", begins).ok());
  EXPECT_EQ(NameOf(registry.Find("a.py", "proc a\n")), "procs");
  EXPECT_EQ(NameOf(registry.Find("a.py", "x = 1\n")), "python");
  EXPECT_EQ(NameOf(registry.Find("a.pyi", "proc a\n")), "python");
}

TEST(ParserRegistryTest, ParserOfAUserIsUsed) {
  ParserRegistry registry;
  ASSERT_TRUE(registry.Add(Procs()).ok());
  const FileRecord record = ParseSource("Procfile", "proc a\nx\nproc b\n", {.registry = &registry});
  EXPECT_EQ(record.status, FileStatus::kParsed);
  EXPECT_EQ(record.language, "procs");
  EXPECT_EQ(record.lines, 3);
  ASSERT_THAT(record.symbols, SizeIs(2));
  EXPECT_EQ(record.symbols[1].name, "b");
  EXPECT_EQ(record.symbols[1].line, 3);
}

TEST(ParserRegistryTest, ParserThatThrowsFailsItsFileOnly) {
  ParserRegistry registry;
  ASSERT_TRUE(registry.Add(Procs()).ok());
  const FileRecord record = ParseSource("a.proc", "proc a\nthrow\n", {.registry = &registry});
  EXPECT_EQ(record.status, FileStatus::kFailed);
  EXPECT_THAT(record.reason, HasSubstr("procs"));
  EXPECT_THAT(record.reason, HasSubstr("at the word"));
  EXPECT_THAT(record.symbols, IsEmpty());
}

TEST(ParserRegistryTest, WhatASkippingParserAddedIsDropped) {
  ParserRegistry registry;
  ASSERT_TRUE(registry.Add(Procs()).ok());
  const FileRecord record = ParseSource("a.proc", "proc a\nskip\n", {.registry = &registry});
  EXPECT_EQ(record.status, FileStatus::kSkipped);
  EXPECT_EQ(record.reason, "a rule of its own");
  EXPECT_THAT(record.symbols, IsEmpty());
}

TEST(ParserRegistryTest, FactoryWithoutAParserFailsTheFile) {
  ParserRegistry registry;
  SourceLanguage empty = Procs();
  empty.make_parser = [] { return nullptr; };
  ASSERT_TRUE(registry.Add(empty).ok());
  const FileRecord record = ParseSource("a.proc", "x", {.registry = &registry});
  EXPECT_EQ(record.status, FileStatus::kFailed);
  EXPECT_THAT(record.reason, HasSubstr("make_parser"));
}

TEST(ParserRegistryTest, PathWithoutAParserFails) {
  const FileRecord record = ParseSource("a.txt", "x");
  EXPECT_EQ(record.status, FileStatus::kFailed);
  EXPECT_THAT(record.reason, HasSubstr("no parser"));
}

}  // namespace
}  // namespace weft
