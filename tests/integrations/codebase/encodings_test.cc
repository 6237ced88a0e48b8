// SPDX-License-Identifier: Apache-2.0
//
// Sources are bytes: what is not UTF-8 is read, what cannot be read is said.

#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/parse_text.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ParseText;
using testing::Repeat;
using testing::Symbols;

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

std::string Utf16(std::string_view text, bool little_endian, bool mark) {
  std::string bytes;
  const auto add = [&](char high, char low) {
    bytes += little_endian ? low : high;
    bytes += little_endian ? high : low;
  };
  if (mark) add('\xfe', '\xff');
  for (char c : text) add('\0', c);
  return bytes;
}

TEST(EncodingsTest, EmptyFilesAreParsed) {
  for (const char* path :
       {"a.py", "a.js", "a.ts", "a.tsx", "a.c", "a.h", "a.cc", "a.rs", "a.go", "A.java"}) {
    const FileRecord record = ParseText(path, "");
    EXPECT_EQ(record.status, FileStatus::kParsed) << path << ": " << record.reason;
    EXPECT_EQ(record.reason, "") << path;
    EXPECT_EQ(record.bytes, 0) << path;
    EXPECT_EQ(record.lines, 0) << path;
    EXPECT_THAT(record.symbols, IsEmpty()) << path;
  }
}

TEST(EncodingsTest, OneByteAndAMarkAloneAreRead) {
  const FileRecord one = ParseText("a.py", "x");
  EXPECT_EQ(one.status, FileStatus::kParsed);
  EXPECT_EQ(one.lines, 1);

  const FileRecord mark = ParseText("a.py", kUtf8Mark);
  EXPECT_EQ(mark.status, FileStatus::kParsed);
  EXPECT_EQ(mark.bytes, 3);
  EXPECT_EQ(mark.lines, 0);
}

TEST(EncodingsTest, Utf8MarkChangesNothing) {
  for (const char* path : {"a.py", "a.js", "a.ts", "a.c", "a.cc", "a.rs", "a.go", "A.java"}) {
    const std::string text = std::string_view(path).ends_with(".py")
                                 ? "import a\nclass A:\n  x = 1\n"
                                 : "int a;\nint b;\n";
    const FileRecord plain = ParseText(path, text);
    FileRecord marked = ParseText(path, std::string(kUtf8Mark) + text);
    EXPECT_EQ(marked.bytes, plain.bytes + 3) << path;
    marked.bytes = plain.bytes;
    EXPECT_EQ(marked, plain) << path;
  }
}

TEST(EncodingsTest, MarkedUtf16AndUtf32AreSkippedByName) {
  const std::string text = "def f(): pass\n";
  const std::string zeros("\0\0", 2);
  struct Case {
    std::string bytes;
    std::string word;
  };
  const Case cases[] = {
      {Utf16(text, true, true), "UTF-16LE"},
      {Utf16(text, false, true), "UTF-16BE"},
      {"\xff\xfe", "UTF-16LE"},
      {"\xff\xfe" + zeros + "d" + zeros, "UTF-32LE"},
      {zeros + "\xfe\xff" + zeros, "UTF-32BE"},
  };
  for (const Case& c : cases) {
    const FileRecord record = ParseText("a.py", c.bytes);
    EXPECT_EQ(record.status, FileStatus::kSkipped) << c.word;
    EXPECT_THAT(record.reason, HasSubstr("encoding"));
    EXPECT_THAT(record.reason, HasSubstr(c.word));
    EXPECT_EQ(record.bytes, static_cast<std::int64_t>(c.bytes.size()));
    EXPECT_EQ(record.lines, 0);
  }
}

TEST(EncodingsTest, Utf16WithoutAMarkIsBinary) {
  for (bool little : {true, false}) {
    const FileRecord record = ParseText("a.py", Utf16("def f(): pass\n", little, false));
    EXPECT_EQ(record.status, FileStatus::kSkipped);
    EXPECT_THAT(record.reason, HasSubstr("binary"));
  }
}

TEST(EncodingsTest, NulMakesAFileBinaryInItsFirst8KiB) {
  std::string text = Repeat("# comment\n", 1000);
  text += "def f(): pass\n";
  ASSERT_EQ(ParseText("a.py", text).status, FileStatus::kParsed);
  for (std::size_t at : {std::size_t{0}, std::size_t{100}, std::size_t{8191}}) {
    std::string binary = text;
    binary[at] = '\0';
    const FileRecord record = ParseText("a.py", binary);
    EXPECT_EQ(record.status, FileStatus::kSkipped) << at;
    EXPECT_THAT(record.reason, HasSubstr("binary")) << at;
    EXPECT_THAT(record.symbols, IsEmpty()) << at;
  }
  std::string later = text;
  later[8192] = '\0';
  const FileRecord record = ParseText("a.py", later);
  EXPECT_TRUE(record.status == FileStatus::kParsed ||
              record.status == FileStatus::kParsedWithErrors)
      << record.reason;
  EXPECT_THAT(Symbols(record), ElementsAre("function f 1001-1001"));
}

TEST(EncodingsTest, OtherEncodingsThatContainAsciiAreRead) {
  // Latin-1 in a string and in a comment; KOI8-R; an overlong form; a lone surrogate.
  const FileRecord strings =
      ParseText("a.py",
                "# -*- coding: latin-1 -*-\nx = 'caf\xe9'  # na\xefve \xc0\xaf \xed\xa0\x80\n"
                "def f(): return '\xf0\xf2\xe9'\n");
  EXPECT_EQ(strings.status, FileStatus::kParsed) << strings.reason;
  EXPECT_THAT(Symbols(strings), ElementsAre("function f 3-3"));

  const FileRecord names = ParseText("a.py", "def caf\xe9(): pass\ndef g(): pass\n");
  EXPECT_NE(names.status, FileStatus::kFailed);
  EXPECT_THAT(Symbols(names), ::testing::Contains("function g 2-2"));
}

TEST(EncodingsTest, LinesAreLineFeedsAndAnUnfinishedLast) {
  struct Case {
    std::string_view text;
    std::int64_t lines;
  };
  const Case cases[] = {{"a", 1},
                        {"a\n", 1},
                        {"a\nb", 2},
                        {"\n", 1},
                        {"\n\n\n", 3},
                        {"a\r\nb\r\n", 2},
                        {"a\rb\rc", 1},
                        {"a\rb\n", 1},
                        {"\xef\xbb\xbf"
                         "a\nb",
                         2},
                        {"\f\n", 1}};
  for (const Case& c : cases) {
    EXPECT_EQ(ParseText("a.py", c.text).lines, c.lines) << ::testing::PrintToString(c.text);
  }
}

TEST(EncodingsTest, PositionsHoldWithEveryLineEnd) {
  const FileRecord dos =
      ParseText("a.py", "import a\r\n\r\nclass A:\r\n  def f(self):\r\n    pass\r\n");
  EXPECT_EQ(dos.status, FileStatus::kParsed) << dos.reason;
  EXPECT_THAT(Symbols(dos), ElementsAre("class A 3-5", "method f 4-5 in A"));

  // A carriage return alone ends no line here; the definitions are found all the same.
  const FileRecord mac = ParseText("a.py", "def f():\r  pass\rdef g():\r  pass\r");
  EXPECT_EQ(mac.lines, 1);
  EXPECT_THAT(mac.symbols, ::testing::Each(::testing::Field(&Symbol::line, 1)));

  const FileRecord unfinished = ParseText("a.py", "def f(): pass\nclass A: pass");
  EXPECT_THAT(Symbols(unfinished), ElementsAre("function f 1-1", "class A 2-2"));
}

TEST(EncodingsTest, AMillionBlankLinesAreParsed) {
  const FileRecord record = ParseText("a.py", Repeat("\n", 1'000'000) + "def f(): pass\n");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_EQ(record.lines, 1'000'001);
  EXPECT_THAT(Symbols(record), ElementsAre("function f 1000001-1000001"));
}

}  // namespace
}  // namespace weft
