// SPDX-License-Identifier: Apache-2.0

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

TEST(ExtractGoTest, FindsFunctionsAndTypes) {
  const FileRecord record = ParseText("a.go", R"(package main

type Point struct { X, Y int }
type Number int
type Alias = map[string]int
type (
	List[T any] struct{ items []T }
	Fn func(int) error
)

func main() {
	type local struct{}
	f := func() { type deep int }
}
func Generic[T any](a T) T { return a }
var limit = 3
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_EQ(record.language, "go");
  EXPECT_THAT(Symbols(record), ElementsAre("struct Point 3-3", "type Number 4-4", "type Alias 5-5",
                                           "struct List 7-7", "type Fn 8-8", "function main 11-14",
                                           "struct local 12-12 in main", "type deep 13-13 in main",
                                           "function Generic 15-15"));
}

TEST(ExtractGoTest, InterfaceIsOne) {
  const FileRecord record = ParseText("a.go", R"(package p
type Reader interface {
	Read(p []byte) (int, error)
	io.Closer
}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), ::testing::Contains("interface Reader 2-5"));
}

// A method's parent is its receiver's type when the same file defines it.
TEST(ExtractGoTest, MethodBelongsToItsReceiver) {
  const FileRecord record = ParseText("a.go", R"(package p
func (e Elsewhere) Other() {}
func (p *Point) Move(by int) {}
type Point struct{}
func (Point) String() string { return "" }
type List[T any] struct{}
func (l *List[T]) Len() int { return 0 }
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), ElementsAre("method Other 2-2", "method Move 3-3 in Point",
                                           "struct Point 4-4", "method String 5-5 in Point",
                                           "struct List 6-6", "method Len 7-7 in List"));
}

TEST(ExtractGoTest, ImportsArePathsWithoutTheirQuotes) {
  const FileRecord record = ParseText("a.go", R"(package p
import "fmt"
import (
	"os"
	alias "example.com/a/b"
	_ "embed"
	. `raw/path`
)
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Imports(record),
              ElementsAre("fmt @2", "os @4", "example.com/a/b @5", "embed @6", "raw/path @7"));
}

TEST(ExtractGoTest, LooksInsideWhatDoesNotFitTheGrammar) {
  const FileRecord record = ParseText("a.go", R"(package p
import "fmt"
func before() {}
var = = 3
func after() {}
type Last struct{}
)");
  EXPECT_EQ(record.status, FileStatus::kParsedWithErrors);
  EXPECT_THAT(Imports(record), ElementsAre("fmt @2"));
  EXPECT_THAT(Symbols(record),
              ElementsAre("function before 3-3", "function after 5-5", "struct Last 6-6"));
}

TEST(ExtractGoTest, TextAboutCodeIsNotCode) {
  const FileRecord record = ParseText("a.go", R"(package p
// func inComment() {}
/* import "no" */
var s = `type InString struct{}`
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), IsEmpty());
  EXPECT_THAT(Imports(record), IsEmpty());
}

}  // namespace
}  // namespace weft
