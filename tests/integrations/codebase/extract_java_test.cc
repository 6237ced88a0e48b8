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

TEST(ExtractJavaTest, FindsTypes) {
  const FileRecord record = ParseText("A.java", R"(package a.b;
public abstract class A<T> extends B implements C {
  interface Inner { void m(); }
  enum Kind { X, Y { void n() {} }; int code() { return 1; } }
  record Pair(int a, int b) { Pair { check(a); } }
  @interface Mark { String value() default ""; }
}
sealed interface Shape permits Circle {}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_EQ(record.language, "java");
  EXPECT_THAT(
      Symbols(record),
      ::testing::IsSupersetOf({"class A 2-7", "interface Inner 3-3 in A", "method m 3-3 in Inner",
                               "enum Kind 4-4 in A", "method code 4-4 in Kind",
                               "method Pair 5-5 in Pair", "interface Shape 8-8"}));
  EXPECT_THAT(Symbols(record),
              ::testing::Contains(::testing::MatchesRegex("(class|struct) Pair 5-5 in A")));
  EXPECT_THAT(Symbols(record),
              ::testing::Contains(::testing::MatchesRegex("interface Mark 6-6 in A")));
}

TEST(ExtractJavaTest, FindsMethodsAndConstructors) {
  const FileRecord record = ParseText("A.java", R"(class A {
  A(int x) { this.x = x; }
  @Override
  public <T> List<T> get(T t) throws E {
    class Local { void deep() {} }
    return new Base<T>() { void anonymous() {} };
  }
  static { run(() -> { class InLambda {} }); }
  abstract void declared();
  int field = 3;
}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record),
              ElementsAre("class A 1-11", "method A 2-2 in A",
                          ::testing::MatchesRegex("method get [34]-7 in A"),
                          "class Local 5-5 in get", "method deep 5-5 in Local",
                          ::testing::MatchesRegex("(method|function) anonymous 6-6 in get"),
                          "class InLambda 8-8 in A", "method declared 9-9 in A"));
}

TEST(ExtractJavaTest, ImportsAreNamesAsWritten) {
  const FileRecord record = ParseText("A.java", R"(package a;
import java.util.List;
import java.util.*;
import static java.lang.Math.PI;
import static java.lang.Math.*;
class A {}
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Imports(record),
              ElementsAre("java.util.List @2", "java.util.* @3",
                          ::testing::MatchesRegex("(static )?java.lang.Math.PI @4"),
                          ::testing::MatchesRegex("(static )?java.lang.Math.\\* @5")));
}

TEST(ExtractJavaTest, LooksInsideWhatDoesNotFitTheGrammar) {
  const FileRecord record = ParseText("A.java", R"(import a.B;
class Before { void m() {} }
= = ;
class After { void n() {} }
)");
  EXPECT_EQ(record.status, FileStatus::kParsedWithErrors);
  EXPECT_THAT(Imports(record), ElementsAre("a.B @1"));
  EXPECT_THAT(Symbols(record), ElementsAre("class Before 2-2", "method m 2-2 in Before",
                                           "class After 4-4", "method n 4-4 in After"));
}

TEST(ExtractJavaTest, TextAboutCodeIsNotCode) {
  const FileRecord record = ParseText("A.java", R"(// class InComment {}
/** import no.Such; */
class A { String s = "class InString {}"; String t = """
    class InBlock {}
    """; }
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), ElementsAre("class A 3-5"));
  EXPECT_THAT(Imports(record), IsEmpty());
}

}  // namespace
}  // namespace weft
