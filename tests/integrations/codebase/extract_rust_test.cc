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

TEST(ExtractRustTest, FindsItems) {
  const FileRecord record = ParseText("a.rs", R"(pub struct Point<T> { x: T }
struct Unit;
struct Pair(i32, i32);
enum Shape { Circle(f64), Square { side: f64 } }
union Word { i: u32, f: f32 }
type Id = u64;
pub(crate) async unsafe fn run<T: Clone>(a: T) -> Result<(), E> where T: Copy {
    fn inner() {}
    let f = |x| { struct InClosure; };
}
macro_rules! square {
    ($x:expr) => { $x * $x };
}
mod inline {
    pub const fn f() {}
}
extern "C" { fn imported(a: i32); }
const LIMIT: usize = 3;
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_EQ(record.language, "rust");
  EXPECT_THAT(Symbols(record),
              ::testing::IsSupersetOf({"struct Point 1-1", "struct Unit 2-2", "struct Pair 3-3",
                                       "enum Shape 4-4", "union Word 5-5", "type Id 6-6",
                                       "function run 7-10", "function inner 8-8 in run",
                                       "struct InClosure 9-9 in run", "macro square 11-13",
                                       "module inline 14-16", "function f 15-15 in inline"}));
}

TEST(ExtractRustTest, FunctionsOfImplsAndTraitsAreMethods) {
  const FileRecord record = ParseText("a.rs", R"(trait Draw {
    fn draw(&self);
    fn twice(&self) { self.draw(); }
}
impl Elsewhere {
    pub fn new() -> Self { fn helper() {} Self }
}
impl<T: Clone> Draw for Vec<T> {
    fn draw(&self) {}
}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record),
              ElementsAre("trait Draw 1-4", "method draw 2-2 in Draw", "method twice 3-3 in Draw",
                          "method new 6-6", "function helper 6-6 in new", "method draw 9-9"));
}

// Its type is a method's parent when it stands beside the impl, before or after.
TEST(ExtractRustTest, MethodBelongsToATypeOfTheSameFile) {
  const FileRecord record = ParseText("a.rs", R"(struct A<T>(T);
impl<T> A<T> { fn f(&self) {} }
impl B { fn g(&self) {} }
enum B { X }
impl Clone for B { fn clone(&self) -> B { B::X } }
mod m {
    struct A;
    impl A { fn h() {} }
}
)");
  EXPECT_THAT(Symbols(record), ElementsAre("struct A 1-1", "method f 2-2 in A", "method g 3-3 in B",
                                           "enum B 4-4", "method clone 5-5 in B", "module m 6-9",
                                           "struct A 7-7 in m", "method h 8-8 in A"));
  const auto& symbols = record.symbols;
  ASSERT_EQ(symbols.size(), 8u);
  EXPECT_EQ(symbols[1].parent, 0);
  EXPECT_EQ(symbols[7].parent, 6);
}

TEST(ExtractRustTest, ImportsAreUsesModulesAndCrates) {
  const FileRecord record = ParseText("a.rs", R"(use std::collections::HashMap;
pub use self::a::{b, c as d};
use super::*;
extern crate alloc;
extern crate core as base;
mod other;
#[path = "x.rs"]
pub mod named;
fn f() { use crate::late; }
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Imports(record),
              ElementsAre("std::collections::HashMap @1", "self::a::{b, c as d} @2", "super::* @3",
                          ::testing::MatchesRegex("alloc @4"), ::testing::MatchesRegex("core.* @5"),
                          "other @6", "named @8", "crate::late @9"));
}

TEST(ExtractRustTest, LooksInsideWhatDoesNotFitTheGrammar) {
  const FileRecord record = ParseText("a.rs", R"(use a::b;
fn before() {}
let let = ;
struct After;
impl After { fn m(&self) {} }
)");
  EXPECT_EQ(record.status, FileStatus::kParsedWithErrors);
  EXPECT_THAT(Imports(record), ElementsAre("a::b @1"));
  EXPECT_THAT(Symbols(record),
              ElementsAre("function before 2-2", "struct After 4-4", "method m 5-5 in After"));
}

TEST(ExtractRustTest, TextAboutCodeIsNotCode) {
  const FileRecord record = ParseText("a.rs", R"(/// fn in_doc() {}
/* struct /* nested */ InComment; */
static S: &str = r#"use in_string; fn f() {}"#;
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), IsEmpty());
  EXPECT_THAT(Imports(record), IsEmpty());
}

}  // namespace
}  // namespace weft
