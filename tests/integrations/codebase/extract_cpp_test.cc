// SPDX-License-Identifier: Apache-2.0

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "integrations/codebase/parse_text.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using testing::Imports;
using ::testing::IsSupersetOf;
using ::testing::MatchesRegex;
using testing::ParseText;
using testing::Symbols;

TEST(ExtractCppTest, FindsTypesAndNamespaces) {
  const FileRecord record = ParseText("a.cc", R"(namespace a::b {
namespace {
struct Hidden {};
}
class Plain final : public Base {
 public:
  enum class Kind : int { kA };
  union U { int i; };
  using Alias = int;
};
}  // namespace a::b
inline namespace v1 { struct S {}; }
template <class T> struct Box { T t; };
template <> struct Box<int> {};
typedef int number;
class Forward;
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_EQ(record.language, "cpp");
  EXPECT_THAT(
      Symbols(record),
      IsSupersetOf({"module a::b 1-11", "struct Hidden 3-3 in a::b", "class Plain 5-10 in a::b",
                    "enum Kind 7-7 in Plain", "union U 8-8 in Plain", "type Alias 9-9 in Plain",
                    "module v1 12-12", "struct S 12-12 in v1", "type number 15-15"}));
  EXPECT_THAT(Symbols(record), ::testing::Contains(MatchesRegex("struct Box 13-13")));
  EXPECT_THAT(Symbols(record),
              ::testing::Not(::testing::Contains(::testing::HasSubstr("Forward"))));
}

TEST(ExtractCppTest, FindsFunctionsOfEveryForm) {
  const FileRecord record = ParseText("a.cpp", R"(int plain(int a) { return a; }
auto trailing() -> std::vector<int> { return {}; }
template <class T, int N> requires C<T> constexpr T& reference(T (&a)[N]) { return a[0]; }
const std::string* pointer() noexcept { return nullptr; }
extern "C" { void with_linkage() {} }
extern "C" int one_linkage() { return 0; }
static std::unique_ptr<A> make(A&& a) try { return {}; } catch (...) { throw; }
[[nodiscard]] int attributed() { return 1; }
void declared();
int variable(3);
)");
  EXPECT_THAT(
      Symbols(record),
      IsSupersetOf({"function plain 1-1", "function trailing 2-2", "function reference 3-3",
                    "function pointer 4-4", "function with_linkage 5-5", "function one_linkage 6-6",
                    "function make 7-7", "function attributed 8-8"}));
  EXPECT_THAT(Symbols(record),
              ::testing::Not(::testing::Contains(::testing::HasSubstr("declared"))));
}

TEST(ExtractCppTest, FindsMembersInsideTheirClass) {
  const FileRecord record = ParseText("a.hpp", R"(class A {
 public:
  A() : x_(1) {}
  ~A() {}
  A(const A&) = delete;
  int get() const { return x_; }
  template <class T> void set(T t) { struct Local { void m() {} }; }
  bool operator==(const A& o) const { return true; }
  explicit operator bool() const { return true; }
  friend void swap(A& a, A& b) {}
  void declared();

 private:
  int x_;
};
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record),
              IsSupersetOf({"class A 1-15", "method A 3-3 in A", "method ~A 4-4 in A",
                            "method get 6-6 in A", "method set 7-7 in A", "struct Local 7-7 in set",
                            "method m 7-7 in Local", "method operator== 8-8 in A"}));
  EXPECT_THAT(Symbols(record), ::testing::Contains(MatchesRegex("method operator bool 9-9 in A")));
}

// Where its class lies elsewhere, a member keeps the qualification that tells whose it is.
TEST(ExtractCppTest, FindsMembersOutsideTheirClass) {
  const FileRecord record = ParseText("a.cc", R"(Elsewhere::Elsewhere() {}
Elsewhere::~Elsewhere() = default;
int Elsewhere::get() const { return 1; }
template <class T> void ns::Box<T>::set(const T& t) {}
bool ns::operator<(const A& a, const A& b) { return false; }
)");
  EXPECT_THAT(Symbols(record),
              IsSupersetOf({MatchesRegex("(method|function) (Elsewhere::)?Elsewhere 1-1"),
                            MatchesRegex("(method|function) (Elsewhere::)?get 3-3"),
                            MatchesRegex("(method|function) .*set 4-4"),
                            MatchesRegex("(method|function) .*operator< 5-5")}));
}

TEST(ExtractCppTest, ClassesWithAMacroBeforeTheirNameAreClasses) {
  EXPECT_THAT(Symbols(ParseText("a.cc", R"(class API_X Foo : public Base {
 public:
  int a();
  Foo();
};
class API_X MORE_X Bar final : public N::Base<int> { void b() { x(); } };
struct API_X Baz { int c(); };
)")),
              ElementsAre("class Foo 1-5", "method a 3-3 in Foo", "class Bar 6-6",
                          "method b 6-6 in Bar", "struct Baz 7-7", "method c 7-7 in Baz"));
}

TEST(ExtractCppTest, AnnotationsByMacroAreNoMethods) {
  EXPECT_THAT(Symbols(ParseText("a.cc", R"(class A {
  int x GUARDED_BY(mu);
  void r() LOCKS(mu);
  A();
  ~A();
  MACRO(y) int z;
};
void A::f() LOCKS(mu) { g(); }
int WINAPI foo(int a) { return a; }
)")),
              ElementsAre("class A 1-7", "method r 3-3 in A", "method A 4-4 in A",
                          "method ~A 5-5 in A", "method A::f 8-8", "function foo 9-9"));
}

TEST(ExtractCppTest, UsesOfMacrosAreNoFunctions) {
  EXPECT_THAT(Symbols(ParseText("a.cc", R"(TEST(A, B) { x(); }
BENCHMARK(f)->Arg(1);
struct S { FRIEND_TEST(A, B) {} S() {} };
int main() { return 0; }
)")),
              ElementsAre("struct S 3-3", "method S 3-3 in S", "function main 4-4"));
}

TEST(ExtractCppTest, NamesAreOfOneLine) {
  const FileRecord record = ParseText("a.cc", R"(template <class T>
struct Holder
    <std::vector<T,
                 int> > { T t; };
void Holder<
    int>::run() {}
)");
  ASSERT_EQ(record.symbols.size(), 2u) << ::testing::PrintToString(Symbols(record));
  for (const Symbol& symbol : record.symbols) {
    EXPECT_EQ(symbol.name.find('\n'), std::string::npos) << symbol.name;
  }
}

TEST(ExtractCppTest, FindsWhatIsNestedInLambdas) {
  const FileRecord record = ParseText("a.cc", R"(void f() {
  run([&](auto x) {
    struct InLambda { void m() {} };
    return [=] { enum Deep { kA }; };
  });
}
)");
  EXPECT_THAT(Symbols(record), ElementsAre("function f 1-6", "struct InLambda 3-3 in f",
                                           "method m 3-3 in InLambda", "enum Deep 4-4 in f"));
}

TEST(ExtractCppTest, ImportsKeepTheirQuotesOrBrackets) {
  const FileRecord record = ParseText("a.cxx", R"(#include <vector>
#include "weft/a.h"
#if X
#include <b>
#endif
)");
  EXPECT_THAT(Imports(record), ElementsAre("<vector> @1", "\"weft/a.h\" @2", "<b> @4"));
}

TEST(ExtractCppTest, LooksInsideWhatDoesNotFitTheGrammar) {
  const FileRecord record = ParseText("a.cc", R"(#include <a>
class Before { void m() {} };
@@@ nonsense ((
class After { void n() {} };
int last() { return 0; }
)");
  EXPECT_EQ(record.status, FileStatus::kParsedWithErrors);
  EXPECT_THAT(Imports(record), ElementsAre("<a> @1"));
  EXPECT_THAT(Symbols(record), ::testing::Contains("class Before 2-2"));
  EXPECT_THAT(Symbols(record), ::testing::Contains(::testing::StartsWith("class After 4-4")));
}

// A .h file may be either; what it is follows from its text alone.
TEST(ExtractCppTest, HeaderIsCppOnlyWhenItsTextIs) {
  EXPECT_EQ(ParseText("a.h", "struct a { int x; };\nint f(void);\n").language, "c");
  EXPECT_EQ(ParseText("a.h", "").language, "c");
  EXPECT_EQ(ParseText("a.h",
                      "#ifdef __cplusplus\nextern \"C\" {\n#endif\nint f(void);\n"
                      "#ifdef __cplusplus\n}\n#endif\n")
                .language,
            "c");
  EXPECT_EQ(ParseText("a.h", "/* class of things\nclass A {}; */\nint class_of(int a);\n").language,
            "c");
  EXPECT_EQ(ParseText("a.h", "int namespace_count;\nint template;\n").language, "c");

  const FileRecord cpp = ParseText("a.h",
                                   "#pragma once\nnamespace n {\nclass A { int f() { "
                                   "return 1; } };\n}  // namespace n\n");
  EXPECT_EQ(cpp.language, "cpp");
  EXPECT_THAT(Symbols(cpp), ElementsAre("module n 2-4", "class A 3-3 in n", "method f 3-3 in A"));
  EXPECT_EQ(ParseText("a.h", "template <class T>\nT max(T a, T b);\n").language, "cpp");
  EXPECT_EQ(ParseText("a.h", "struct A {\n public:\n  int f();\n};\n").language, "cpp");
}

}  // namespace
}  // namespace weft
