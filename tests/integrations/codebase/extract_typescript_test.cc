// SPDX-License-Identifier: Apache-2.0

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/parse_text.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using testing::Imports;
using testing::ParseText;
using testing::Symbols;

TEST(ExtractTypescriptTest, FindsTypes) {
  const FileRecord record = ParseText("a.ts", R"(interface Shape<T> extends Base {
  area(): number;
  name: string;
}
export type Id = string | number;
enum Colour { Red, Green = 2 }
export const enum Flag { A }
abstract class Figure<T> implements Shape<T> {
  abstract draw(): void;
  constructor(private x: number) {}
  move<U>(by: U): this { return this; }
  handler = (e: Event): void => {};
}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_EQ(record.language, "typescript");
  EXPECT_THAT(Symbols(record),
              ::testing::IsSupersetOf(
                  {"interface Shape 1-4", "type Id 5-5", "enum Colour 6-6", "enum Flag 7-7",
                   "class Figure 8-13", "method constructor 10-10 in Figure",
                   "method move 11-11 in Figure", "method handler 12-12 in Figure"}));
}

TEST(ExtractTypescriptTest, FindsNamespacesAndWhatTheyHold) {
  const FileRecord record = ParseText("a.ts", R"(namespace Outer.Inner {
  export function f(): void {}
  namespace Deep { export class C {} }
}
declare module "ambient" {
  export function g(): void;
}
declare global {
  interface Window { extra: string }
}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record),
              ::testing::IsSupersetOf({"module Outer.Inner 1-4", "function f 2-2 in Outer.Inner",
                                       "module Deep 3-3 in Outer.Inner", "class C 3-3 in Deep"}));
  EXPECT_THAT(Symbols(record),
              ::testing::Contains(::testing::MatchesRegex("module .*ambient.* 5-7")));
  EXPECT_THAT(Symbols(record),
              ::testing::Contains(::testing::MatchesRegex("function g 6-6 in .*ambient.*")));
  EXPECT_THAT(Symbols(record), ::testing::Contains(::testing::StartsWith("interface Window 9-9")));
}

TEST(ExtractTypescriptTest, FindsFunctionsAndTheirSignatures) {
  const FileRecord record = ParseText("a.d.ts", R"(export declare function f(a: string): void;
declare function over(a: number): number;
export function over2(a: string): string;
export function over2(a: any): any { return a; }
const arrow = <T,>(a: T): T => a;
export default function <T>(a: T) {}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record),
              ElementsAre("function f 1-1", "function over 2-2", "function over2 3-3",
                          "function over2 4-4", "function arrow 5-5"));
}

TEST(ExtractTypescriptTest, ImportsAreTargetsWithoutTheirQuotes) {
  const FileRecord record = ParseText("a.mts", R"(import type { A } from "./types";
import fs = require("fs");
import { type B, C } from './c.js';
export type { D } from "./d";
type Lazy = typeof import("./lazy");
const m = await import("./m.js");
import json from "./data.json" with { type: "json" };
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Imports(record), ::testing::IsSupersetOf({"./types @1", "fs @2", "./c.js @3",
                                                        "./d @4", "./m.js @6", "./data.json @7"}));
}

TEST(ExtractTypescriptTest, AngleBracketsAreCastsInTsAndMarkupInTsx) {
  const FileRecord ts = ParseText("a.ts", "const a = <string>b;\nfunction f() {}\n");
  EXPECT_EQ(ts.status, FileStatus::kParsed) << ts.reason;
  EXPECT_THAT(Symbols(ts), ElementsAre("function f 2-2"));

  const FileRecord tsx = ParseText("a.tsx", R"(export const App: FC<P> = ({ a }: P) => {
  const onClick = useCallback(() => {}, []);
  return <div onClick={() => a}>{<T,>(x: T) => x}</div>;
};
)");
  EXPECT_EQ(tsx.language, "tsx");
  EXPECT_EQ(tsx.status, FileStatus::kParsed) << tsx.reason;
  EXPECT_THAT(Symbols(tsx), ElementsAre("function App 1-4"));
}

TEST(ExtractTypescriptTest, DecoratorsDoNotHideAClass) {
  const FileRecord record = ParseText("a.ts", R"(@Component({ selector: "a" })
export class A {
  @Input() name: string;
  @Listen("x")
  onX(@Inject(T) t: T) {}
}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), ElementsAre(::testing::MatchesRegex("class A [12]-6"),
                                           ::testing::MatchesRegex("method onX [45]-5 in A")));
}

TEST(ExtractTypescriptTest, LooksInsideWhatDoesNotFitTheGrammar) {
  const FileRecord record = ParseText("a.ts", R"(import a from "a";
interface Before {}
let x: = 3;
class After { m(): void {} }
)");
  EXPECT_EQ(record.status, FileStatus::kParsedWithErrors);
  EXPECT_THAT(Imports(record), ElementsAre("a @1"));
  EXPECT_THAT(Symbols(record),
              ElementsAre("interface Before 2-2", "class After 4-4", "method m 4-4 in After"));
}

}  // namespace
}  // namespace weft
