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
using ::testing::IsSupersetOf;
using testing::ParseText;
using testing::Symbols;

TEST(ExtractCTest, FindsTypes) {
  const FileRecord record = ParseText("a.c", R"(struct point { int x, y; };
union word {
  int i;
  struct inner { char c; } in;
};
enum colour { RED, GREEN };
typedef struct { int a; } record_t;
typedef struct node { struct node *next; } node_t, *node_ptr;
typedef int (*callback)(int, void *);
typedef unsigned long size_type, sizes[4];
struct declared_only;
struct point used;
enum { ANONYMOUS };
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_EQ(record.language, "c");
  EXPECT_THAT(Symbols(record), ::testing::UnorderedElementsAre(
                                   "struct point 1-1", "union word 2-5", "struct inner 4-4 in word",
                                   "enum colour 6-6", "type record_t 7-7", "struct node 8-8",
                                   "type node_t 8-8", "type node_ptr 8-8", "type callback 9-9",
                                   "type size_type 10-10", "type sizes 10-10"));
}

TEST(ExtractCTest, FindsTheNameInsideEveryDeclarator) {
  const FileRecord record = ParseText("a.c", R"(int plain(void) { return 0; }
static inline const char *pointer(int a) { return 0; }
int **(parenthesised)(int a) { return 0; }
int (*returns_function(int a))(int b) { return 0; }
int (*returns_array(void))[3] { return 0; }
struct s { int a; } *returns_struct(void) { return 0; }
int old_style(a, b) int a; char *b; { return a; }
__attribute__((noreturn)) void with_attribute(void) {}
void declared(int a);
int variable = 3;
int (*function_pointer)(int);
)");
  EXPECT_THAT(Symbols(record),
              IsSupersetOf({"function plain 1-1", "function pointer 2-2",
                            "function parenthesised 3-3", "function returns_function 4-4",
                            "function returns_array 5-5", "function returns_struct 6-6",
                            "function old_style 7-7", "function with_attribute 8-8"}));
  for (const char* name : {"declared", "variable", "function_pointer"}) {
    EXPECT_THAT(Symbols(record), ::testing::Not(::testing::Contains(::testing::HasSubstr(name))));
  }
}

TEST(ExtractCTest, EndIsTheLineOfTheLastByte) {
  const FileRecord record = ParseText("a.c", R"(#define ONE 1
#define SUM(a, b) \
  ((a) + (b))
#define EMPTY
int
f(void)
{
}
)");
  EXPECT_THAT(Symbols(record), ElementsAre("macro ONE 1-1", "macro SUM 2-3", "macro EMPTY 4-4",
                                           ::testing::MatchesRegex("function f [56]-8")));
}

TEST(ExtractCTest, ImportsKeepTheirQuotesOrBrackets) {
  const FileRecord record = ParseText("a.c", R"(#include <stdio.h>
#include "local.h"
#  include <sys/types.h> // why
#include MACRO_NAME
#ifdef X
#include "conditional.h"
#else
#include "other.h"
#endif
)");
  EXPECT_THAT(Imports(record),
              ElementsAre("<stdio.h> @1", "\"local.h\" @2", "<sys/types.h> @3", "MACRO_NAME @4",
                          "\"conditional.h\" @6", "\"other.h\" @8"));
}

// The grammar, left alone, takes the next line for the rest of such a directive.
TEST(ExtractCTest, BlanksBehindADirectiveDoNotSwallowTheNextLine) {
  for (const char* directive :
       {"#define A ", "#define A\t", "#define A(x)  ", "  #  define A ", "#define A /* b */ ",
        "#pragma ", "#error ", "#undef A ", "#include <a.h> ", "#define A 1 "}) {
    for (const char* end : {"\n", "\r\n"}) {
      const std::string front = std::string(directive) + end;
      for (const char* path : {"a.c", "a.cc"}) {
        EXPECT_THAT(Imports(ParseText(path, front + "#include <x.h>\n")),
                    ::testing::Contains("<x.h> @2"))
            << path << " " << front;
        EXPECT_THAT(Symbols(ParseText(path, front + "int f(void) { return 0; }\n")),
                    ::testing::Contains("function f 2-2"))
            << path << " " << front;
      }
    }
  }
}

TEST(ExtractCTest, FindsWhatLiesInConditionalsAndBodies) {
  const FileRecord record = ParseText("a.c", R"(#if A
int in_if(void) { return 0; }
#elif B
int in_elif(void) { return 0; }
#else
int in_else(void) {
  struct local { int a; };
  typedef int local_t;
#define IN_BODY 1
  return sizeof(struct in_sizeof { int b; });
}
#endif
)");
  EXPECT_THAT(Symbols(record),
              IsSupersetOf({"function in_if 2-2", "function in_elif 4-4", "function in_else 6-11",
                            "struct local 7-7 in in_else", "type local_t 8-8 in in_else",
                            "macro IN_BODY 9-9 in in_else", "struct in_sizeof 10-10 in in_else"}));
}

// Macros that are no C by themselves are normal in C.
TEST(ExtractCTest, LooksInsideWhatDoesNotFitTheGrammar) {
  const FileRecord record = ParseText("a.c", R"(#include <a.h>
BEGIN_DECLS
int before(void) { return 0; }
SECTION(init) int odd(void) { FOREACH(x, list) { use(x) } }
= = =
int after(void) { return 0; }
struct last { int a; };
)");
  EXPECT_EQ(record.status, FileStatus::kParsedWithErrors);
  EXPECT_NE(record.reason, "");
  EXPECT_THAT(Imports(record), ElementsAre("<a.h> @1"));
  EXPECT_THAT(Symbols(record), ::testing::Contains(::testing::StartsWith("function after 6-6")));
  EXPECT_THAT(Symbols(record), ::testing::Contains(::testing::StartsWith("struct last 7-7")));
}

TEST(ExtractCTest, TextAboutCodeIsNotCode) {
  const FileRecord record = ParseText("a.c", R"(/* struct in_comment { }; */
// #include <no.h>
const char *s = "#define NO 1\nint in_string(void) { }";
)");
  EXPECT_EQ(record.status, FileStatus::kParsed) << record.reason;
  EXPECT_THAT(Symbols(record), IsEmpty());
  EXPECT_THAT(Imports(record), IsEmpty());
}

}  // namespace
}  // namespace weft
