// SPDX-License-Identifier: Apache-2.0

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/parse_text.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using testing::Imports;
using ::testing::IsEmpty;
using testing::ParseText;
using testing::Symbols;

TEST(ExtractPythonTest, FindsDefinitionsAtAnyDepth) {
  const FileRecord record = ParseText("a.py", R"(class Outer(Base):
    limit = 3

    def method(self):
        def helper():
            class Local:
                async def deep(self):
                    pass
        return helper

    class Inner:
        def method(self): pass

def function(a, b=lambda x: x):
    if a:
        for i in a:
            try:
                def in_try(): pass
            except E:
                with b as c:
                    def in_with(): pass
)");
  EXPECT_EQ(record.status, FileStatus::kParsed);
  EXPECT_EQ(record.language, "python");
  EXPECT_THAT(
      Symbols(record),
      ElementsAre("class Outer 1-12", "method method 4-9 in Outer", "function helper 5-8 in method",
                  "class Local 6-8 in helper", "method deep 7-8 in Local",
                  "class Inner 11-12 in Outer", "method method 12-12 in Inner",
                  "function function 14-21", "function in_try 18-18 in function",
                  "function in_with 21-21 in function"));
}

// The interpreter's ast gives the line of the keyword, not of the decorator or name.
TEST(ExtractPythonTest, LineIsThatOfTheKeyword) {
  const FileRecord record = ParseText("a.py", R"(@decorator
@other(
    1)
class A:
    @property

    def name(self): pass

    @x
    async def later(self):
        pass

def \
    split(): pass
)");
  EXPECT_THAT(Symbols(record), ElementsAre("class A 4-11", "method name 7-7 in A",
                                           "method later 10-11 in A", "function split 13-14"));
}

TEST(ExtractPythonTest, MethodIsAFunctionRightInsideAClass) {
  const FileRecord record = ParseText("a.py", R"(class A:
    if True:
        def conditional(self):
            def inner(): pass
)");
  EXPECT_THAT(Symbols(record), ElementsAre("class A 1-4", "method conditional 3-4 in A",
                                           "function inner 4-4 in conditional"));
}

TEST(ExtractPythonTest, ImportsAreModulesAsWritten) {
  const FileRecord record = ParseText("a.py", R"(from __future__ import annotations
import os
import os.path as p, sys
from collections import (
    OrderedDict,
    abc as b,
)
from . import sibling
from ..up.more import *
from .a import b
def f():
    import late
    from x.y import z
)");
  EXPECT_THAT(Imports(record),
              ElementsAre("__future__ @1", "os @2", "os.path @3", "sys @3", "collections @4",
                          ". @8", "..up.more @9", ".a @10", "late @12", "x.y @13"));
}

TEST(ExtractPythonTest, KnowsTheLanguageUpToItsLatestForms) {
  const FileRecord record = ParseText("a.py", R"(match command:
    case [x, *rest] if x:
        def in_case(): pass
    case {"k": Point(x=0)}:
        pass
def generic[T: int, *Ts](a: T, /, b, *, c) -> list[T]: ...
class Box[T]: ...
type Alias[T] = list[T]
try:
    pass
except* ValueError:
    def in_group(): pass
async def main():
    async with a as b, c as d:
        async for e in f:
            def inner(): return (y := 3)
print(f"{x!r:>{width}} {'nested' + f'{deep}'}")
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), ElementsAre("function in_case 3-3", "function generic 6-6",
                                           "class Box 7-7", "function in_group 12-12",
                                           "function main 13-16", "function inner 16-16 in main"));
}

TEST(ExtractPythonTest, LooksInsideWhatDoesNotFitTheGrammar) {
  const FileRecord record = ParseText("a.py", R"(import os
def before(): pass

foo(1, 2
def inside(): pass

class After:
    def method(self): pass
)");
  EXPECT_EQ(record.status, FileStatus::kParsedWithErrors);
  EXPECT_NE(record.reason, "");
  EXPECT_THAT(Imports(record), ElementsAre("os @1"));
  const std::string all = ::testing::PrintToString(Symbols(record));
  EXPECT_THAT(all, ::testing::HasSubstr("function before 2-2"));
  EXPECT_THAT(all, ::testing::HasSubstr("class After 7-8"));
  EXPECT_THAT(all, ::testing::HasSubstr("method method 8-8 in After"));
}

TEST(ExtractPythonTest, PythonTwoIsReadWithErrorsAtMost) {
  const FileRecord record = ParseText("a.py", R"(def f():
    print "hello"
    exec "code" in d
    try:
        raise E, "text"
    except E, e:
        pass

class C:
    def g(self): return 0777L
)");
  EXPECT_NE(record.status, FileStatus::kFailed);
  EXPECT_NE(record.status, FileStatus::kSkipped);
  const std::string all = ::testing::PrintToString(Symbols(record));
  EXPECT_THAT(all, ::testing::HasSubstr("function f 1-"));
  EXPECT_THAT(all, ::testing::HasSubstr("class C 9-"));
}

TEST(ExtractPythonTest, TextAboutCodeIsNotCode) {
  const FileRecord record = ParseText("a.py", R"("""
def in_docstring(): pass
import in_docstring
"""
# def in_comment(): pass
x = 'class InString: pass'
y = f"""
import {x}
"""
)");
  EXPECT_EQ(record.status, FileStatus::kParsed);
  EXPECT_THAT(Symbols(record), IsEmpty());
  EXPECT_THAT(Imports(record), IsEmpty());
}

TEST(ExtractPythonTest, NamesAreBytesAsWritten) {
  const FileRecord record =
      ParseText("a.py", "def \xc3\xa9t\xc3\xa9(): pass\nclass \xe5\x90\x8d: pass\n");
  EXPECT_THAT(Symbols(record),
              ElementsAre("function \xc3\xa9t\xc3\xa9 1-1", "class \xe5\x90\x8d 2-2"));
}

TEST(ExtractPythonTest, StubsAndOtherExtensionsArePython) {
  for (const char* path : {"a.pyi", "d/a.pyw", "SConstruct"}) {
    const FileRecord record = ParseText(path, "def f(a: int) -> str: ...\n");
    EXPECT_THAT(Symbols(record), ElementsAre("function f 1-1")) << path;
  }
}

}  // namespace
}  // namespace weft
