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

TEST(ExtractJavascriptTest, FindsDeclarations) {
  const FileRecord record = ParseText("a.js", R"(function f(a, b = () => 1) {
  function inner() {}
}
function* gen() {}
async function later() {}
export default function main() {}
export async function* stream() {}
class A extends B {
}
export class C {}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_EQ(record.language, "javascript");
  EXPECT_THAT(Symbols(record),
              ElementsAre("function f 1-3", "function inner 2-2 in f", "function gen 4-4",
                          "function later 5-5", "function main 6-6", "function stream 7-7",
                          "class A 8-9", "class C 10-10"));
}

TEST(ExtractJavascriptTest, FindsMembersOfClasses) {
  const FileRecord record = ParseText("a.mjs", R"(class A {
  constructor() {}
  plain() {
    const helper = () => {};
  }
  static make() {}
  get size() { return 1; }
  set size(v) {}
  async *items() {}
  #hidden() {}
  field = 1;
  handler = (e) => e;
  static other = function () {};
  static { function inBlock() {} }
}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record),
              ElementsAre("class A 1-15", "method constructor 2-2 in A", "method plain 3-5 in A",
                          "function helper 4-4 in plain", "method make 6-6 in A",
                          "method size 7-7 in A", "method size 8-8 in A", "method items 9-9 in A",
                          "method #hidden 10-10 in A", "method handler 12-12 in A",
                          "method other 13-13 in A", ::testing::HasSubstr("inBlock 14-14 in A")));
}

TEST(ExtractJavascriptTest, FindsFunctionsAndClassesHeldByVariables) {
  const FileRecord record = ParseText("a.cjs", R"(const arrow = (a) => {
  let inner = async x => x;
};
var old = function () {}, other = function* () {};
export const exported = () => 1;
const Klass = class { m() {} };
const value = 3, { a, b } = f(() => 1);
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record),
              ElementsAre("function arrow 1-3", "function inner 2-2 in arrow", "function old 4-4",
                          "function other 4-4", "function exported 5-5", "class Klass 6-6",
                          "method m 6-6 in Klass"));
}

TEST(ExtractJavascriptTest, FindsWhatIsNestedInExpressions) {
  const FileRecord record = ParseText("a.js", R"(run(a, [1, { k: [function () {
  function deep() {}
}] }]);
const t = `text ${(() => { class InTemplate {} })()}`;
(function () { return function () { function iife() {} }; })();
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), ::testing::IsSupersetOf({"function deep 2-2", "class InTemplate 4-4",
                                                        "function iife 5-5"}));
}

// The line is that of the target.
TEST(ExtractJavascriptTest, ImportsAreTargetsWithoutTheirQuotes) {
  const FileRecord record = ParseText("a.js", R"(import "./side.js";
import def from 'def';
import * as ns from "ns";
import def2, {
  a as b,
} from "../named.js";
export * from "./all.js";
export { x } from './some.js';
export { y };
const fs = require("fs");
const lazy = () => import("./lazy.js");
if (a) { require('./late')(b); }
const dynamic = require(name), twice = import(`./${x}`);
notRequire("no");
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Imports(record),
              ElementsAre("./side.js @1", "def @2", "ns @3", "../named.js @6", "./all.js @7",
                          "./some.js @8", "fs @10", "./lazy.js @11", "./late @12"));
}

TEST(ExtractJavascriptTest, ReadsMarkupInJsAndJsx) {
  for (const char* path : {"a.js", "a.jsx"}) {
    const FileRecord record = ParseText(path, R"(const App = () => (
  <ul onClick={() => { function handler() {} }}>
    {items.map(i => <li key={i}>{i}</li>)}
  </ul>
);
function Other() { return <><App {...props} /></>; }
)");
    EXPECT_EQ(record.status, FileStatus::kParsed) << path << ": " << record.reason;
    EXPECT_THAT(Symbols(record), ElementsAre("function App 1-5", "function handler 2-2 in App",
                                             "function Other 6-6"))
        << path;
  }
}

TEST(ExtractJavascriptTest, LooksInsideWhatDoesNotFitTheGrammar) {
  const FileRecord record = ParseText("a.js", R"(import a from "a";
function before() {}
var x = = 3;
function after() { class Inner {} }
)");
  EXPECT_EQ(record.status, FileStatus::kParsedWithErrors);
  EXPECT_NE(record.reason, "");
  EXPECT_THAT(Imports(record), ElementsAre("a @1"));
  EXPECT_THAT(Symbols(record),
              ElementsAre("function before 2-2", "function after 4-4", "class Inner 4-4 in after"));
}

TEST(ExtractJavascriptTest, TextAboutCodeIsNotCode) {
  const FileRecord record = ParseText("a.js", R"(// function inComment() {}
/* import "x"; */
const s = "function inString() {}", r = /function inPattern/;
const t = `import "y"; class InTemplate {}`;
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), IsEmpty());
  EXPECT_THAT(Imports(record), IsEmpty());
}

TEST(ExtractJavascriptTest, ScriptWithAHashBangIsParsed) {
  const FileRecord record = ParseText("bin.js", "#!/usr/bin/env node\nfunction f() {}\n");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), ElementsAre("function f 2-2"));
}

}  // namespace
}  // namespace weft
