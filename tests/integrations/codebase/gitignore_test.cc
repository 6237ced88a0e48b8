// SPDX-License-Identifier: Apache-2.0
//
// Each rule of ignore files on a tree of its own: what must be listed is written down here and
// asked of git as well, so that neither a slip of the pen nor one of the code passes.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "integrations/codebase/git_tree.h"

namespace weft::testing {
namespace {

using Names = std::vector<std::string>;

struct Rule {
  std::string name;
  std::vector<std::pair<std::string, std::string>> ignore_files;  // path, text
  Names ignored;
  Names kept;
  std::string exclude = {};  // .git/info/exclude
};

const std::string kLongStars = [] {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  return pattern + "*b";
}();

std::vector<Rule> Rules() {
  using namespace std::string_literals;
  const auto root = [](std::string text) {
    return std::vector<std::pair<std::string, std::string>>{{".gitignore", std::move(text)}};
  };
  return {
      {"Negation",
       root("*.log\n!keep.log\n"),
       {"a.log", "src/a.log"},
       {"keep.log", "src/keep.log"}},
      {"LaterRuleWins", root("!a\na\nb\n!b\n"), {"a", "x/a"}, {"b", "x/b"}},
      {"DirectoryOnly",
       root("logs/\n"),
       {"logs/x.txt", "src/logs/y.txt"},
       {"src/logs.txt", "f/logs"}},
      {"LeadingSlashAnchors",
       root("/build\n/root.only\n"),
       {"build/out.o", "root.only"},
       {"sub/build/out.o", "sub/root.only"}},
      {"InnerSlashAnchors",
       root("doc/frotz\nfoo/bar/\n"),
       {"doc/frotz/a.txt", "foo/bar/z.txt"},
       {"a/doc/frotz/a.txt", "q/foo/bar/z.txt"}},
      {"StarStopsAtSlash", root("doc/*.pdf\n"), {"doc/x.pdf"}, {"doc/sub/x.pdf"}},
      {"QuestionStopsAtSlash", root("a?b\n/c?d\n"), {"axb", "cxd"}, {"a/b", "c/d"}},
      {"TrailingDoubleStar", root("abc/**\n"), {"abc/1", "abc/d/2"}, {"x/abc/3"}},
      {"LeadingDoubleStar", root("**/end.c\n"), {"end.c", "m/end.c", "m/n/o/end.c"}, {"m/xend.c"}},
      {"InnerDoubleStar", root("m/**/mid.c\n"), {"m/n/o/mid.c", "m/mid.c"}, {"mid.c", "x/m/mid.c"}},
      {"EscapedFirstByte", root("\\#hash\n\\!bang\n"), {"#hash", "!bang"}, {"hash", "bang"}},
      {"Comment", root("# comment\n\n#x\n"), {}, {"# comment", "#x", "comment"}},
      {"TrailingSpace", root("sp  \n"), {"sp"}, {"sp ", "sp  "}},
      {"EscapedTrailingSpace",
       root("sp2\\ \nsp3\\  \n"),
       {"sp2 ", "sp3 "},
       {"sp2", "sp3", "sp3  "}},
      {"TrailingTabCounts", root("tab\t\n"), {"tab\t"}, {"tab"}},
      {"LeadingSpaceCounts", root(" lead\n"), {" lead"}, {"lead"}},
      {"EscapedSpecials",
       root("br\\[1\\].c\nq\\?.c\nst\\*r.c\n"),
       {"br[1].c", "q?.c", "st*r.c"},
       {"b1.c", "br1.c", "qa.c", "star.c"}},
      {"EscapedOrdinary", root("\\a\\b.c\n"), {"ab.c"}, {"\\a\\b.c"}},
      {"Classes",
       root("r-[0-9].c\ncls[a-].c\nn[]]x\n"),
       {"r-5.c", "cls-.c", "clsa.c", "n]x"},
       {"r-x.c", "clsb.c", "n]]x"}},
      {"NegatedClasses",
       root("a[!0-9]\nb[^0-9]\nc[!]]\nd[]!]\n"),
       {"ax", "bx", "cx", "d!", "d]"},
       {"a5", "b5", "c]", "d0"}},
      {"ClassRanges",
       root("a[c-a]\nb[a-c-e]\nc[a\\-c]\nd[%--]\ne[\\]x]\n"),
       {"bb", "b-", "be", "c-", "ca", "d&", "d-", "e]", "ex"},
       {"ab", "bd", "cb", "d."}},
      {"ClassOfHighBytes", root("h[\x80-\xff]\n"), {"h\xc3", "h\xff"}, {"hx"}},
      {"PosixClass", root("[[:upper:]]y\n"), {"Uy"}, {"uy", "u_x"}},
      {"PosixClassAmongOthers",
       root("p[[:digit:][:space:]x-z]\n"),
       {"p1", "p\t", "p ", "py"},
       {"pa", "p\v"}},
      {"BrokenPosixClass",
       root("p[[:foo:]]\nq[[:digit]\nr[[:]x]\ns[[:alpha:]-z]\n"),
       {"q[", "q:", "qd", "r:x]", "r[x]", "sb", "s-", "sz"},
       {"pf", "p[", "q0", "s0"}},
      {"EscapedBackslash", root("back\\\\slash\n"), {"back\\slash"}, {"backslash"}},
      {"CaseCounts", root("case.txt\n"), {"case.txt"}, {"CASE.TXT", "Case.txt"}},
      {"ReincludeLevelByLevel",
       root("parent/*\n!parent/neg\nparent/neg/*\n!parent/neg/keep.txt\n"),
       {"parent/neg/drop.txt", "parent/x"},
       {"parent/neg/keep.txt"}},
      {"NothingComesBackBelowAnExcludedFolder",
       root("parent2/\n!parent2/d/keep.txt\n"),
       {"parent2/d/keep.txt"},
       {"x"}},
      {"StarSlash", root("dirstar/*/\n"), {"dirstar/a/1", "dirstar/b/2"}, {"dirstar/f"}},
      {"DirectoryOnlyAndAFile", root("nodir/\n"), {}, {"nodir"}},
      {"LastLineWithoutNewline", root("x\nlastnl"), {"lastnl"}, {"lastn"}},
      {"LastLineWithReturn", root("lastcr\r"), {"lastcr"}, {"lastcr\r"}},
      {"NestedFile",
       {{"nest/.gitignore", "*.gen\n!keepme.gen\n"}},
       {"nest/drop.gen", "nest/in/d.gen"},
       {"nest/keepme.gen", "nest/in/keepme.gen", "x.gen"}},
      {"NestedAnchored",
       {{"vendor/.gitignore", "/lib/*\n!/lib/b.c\n"}},
       {"vendor/lib/a.c"},
       {"vendor/lib/b.c", "lib/a.c", "vendor/x/lib/a.c"}},
      {"NearestFileWins",
       {{".gitignore", "*.o\n!a.c\n"},
        {"in/.gitignore", "!*.o\na.c\n"},
        {"in/in/.gitignore", "a.o\n"}},
       {"x.o", "in/a.c", "in/in/a.o", "in/in/a.c"},
       {"in/x.o", "in/a.o", "a.c", "in/in/x.o"}},
      {"ReturnBeforeNewline",
       root("crlf.x\r\n*.log \r\nd/\r\n"),
       {"crlf.x", "a.log", "d/f"},
       {"crlf.x\r"}},
      {"ReturnInside", root("a\rb\nc\r\r\n"), {"a\rb", "c\r"}, {"ab", "c"}},
      {"ByteOrderMark",
       {{"m/.gitignore",
         "\xEF\xBB\xBF"
         "bomx\n"}},
       {"m/bomx"},
       {"bomx"}},
      {"ByteOrderMarkOnceOnly",
       root("\xEF\xBB\xBF\xEF\xBB\xBF"
            "bomx\n"),
       {"\xEF\xBB\xBF"
        "bomx"},
       {"bomx"}},
      {"NulEndsTheLine", root("nul\0rest\nnext\n"s), {"nul", "next"}, {"rest"}},
      {"ExcludeFile", {}, {"excl.only", "d/excl.only"}, {"x"}, "excl.only\n"},
      {"IgnoreFilesBeforeExcludeFile", {{"d/.gitignore", "!a\n"}}, {"a"}, {"d/a"}, "a\n"},
      {"ExcludeFileIsAnchoredAtTheRoot", {}, {"a/b"}, {"c/a/b"}, "/a/b\n"},
      {"HiddenNamesAreNames", root("x\n"), {".config/x"}, {".dotfile", ".config/y.c", ".."s + "a"}},
      {"DoubleStarAlone", root("**\n!keep\n"), {"a", "d/b", "d/keep"}, {"keep"}},
      {"SlashDoubleStar", root("/**\n!/d/\n!/d/keep\n"), {"a", "d/b"}, {"d/keep"}},
      {"DoubleStarWithNoFolder", root("a/**/b\n"), {"a/b", "a/x/b", "a/x/y/b"}, {"b", "ab"}},
      {"DoubleStarsInARow",
       root("a/**/**/b\n**/**/c\nd/**/**\n"),
       {"a/b", "a/x/y/b", "c", "x/c", "d/g", "d/e/f"},
       {"x/a/b"}},
      {"ThreeStars",
       root("a/***/b\n***/c\nd***e\n"),
       {"a/b", "a/x/b", "c", "x/c", "dxe"},
       {"d/x/e"}},
      {"StarFolder", root("*/foo\n"), {"a/foo"}, {"foo", "a/b/foo"}},
      {"TrailingDoubleStarSlash", root("foo/**/\n"), {"foo/a/f", "foo/a/b/f"}, {"foo/f"}},
      {"DoubleStarInsideAName", root("a**b/c\nx/d**\n"), {"axb/c", "x/dd"}, {"q/axb/c", "a/x/c"}},
      {"EscapedSlash", root("a\\/b\nc/**\\/d\n\\/e\n"), {"a/b", "c/x/d", "c/x/y/d"}, {"c/d", "e"}},
      {"BracesAreBytes",
       root("{a,b}\n*.{c,h}\n{{x}}\n"),
       {"{a,b}", "x.{c,h}", "{{x}}"},
       {"a", "b", "x.c", "x.h"}},
      {"BrokenPatternsMatchNothing",
       root("dang\\\nopen[\nopen[a\nopen[!\nopen[a-\nopen[\\\n!keep\\\n*\\\n"),
       {},
       {"dang\\", "dang", "open[", "open[a", "opena"}},
      {"ClassWithASlash", root("a[/]b\nx/c[/d]e\n"), {"x/cde"}, {"a/b", "x/c/e"}},
      {"EmptyParts", root("/\n//\n!\n!/\na//b\n/a//\n//c\n \n\\\n"), {}, {"a/b", "c", "x"}},
      {"Whitelist", root("*\n!*.txt\n!**/\n"), {"a.c", "d/b.c"}, {"a.txt", "d/e/b.txt"}},
      {"FolderComesBack",
       root("build*\n!buildtools\n"),
       {"build/x", "builds", "buildtools/build1"},
       {"buildtools/x"}},
      {"FolderOnlyNegation", root("a*\n!a*/\n"), {"ab", "ac/ad"}, {"ac/x"}},
      {"ManyStars", root(kLongStars + "\n"), {std::string(61, 'a') + "b"}, {std::string(200, 'a')}},
      {"InvalidUtf8", root("\xff*\n"), {"\xff", "\xff\xfe"}, {"\xfe"}},
      {"NewlineInAName", root("a?b\n"), {"a\nb"}, {"a\nc"}},
      {"IgnoreFileIgnoresItself", root(".gitignore\n*.x\n"), {"a.x"}, {"y"}},
  };
}

class GitignoreTest : public ::testing::TestWithParam<Rule> {};

TEST_P(GitignoreTest, ListsWhatGitLists) {
  const Rule& rule = GetParam();
  GitTree tree;
  tree.Repository(rule.exclude);
  for (const auto& [path, text] : rule.ignore_files) tree.File(path, text);
  for (const std::string& path : rule.ignored) tree.File(path);
  for (const std::string& path : rule.kept) tree.File(path);

  const Names ours = PathsOf(Discover(tree.root(), {.include_hidden = true}));
  for (const std::string& path : rule.ignored) {
    EXPECT_FALSE(std::binary_search(ours.begin(), ours.end(), path)) << "listed: " << Show({path});
  }
  for (const std::string& path : rule.kept) {
    EXPECT_TRUE(std::binary_search(ours.begin(), ours.end(), path)) << "missing: " << Show({path});
  }
  const Names gits = GitFiles(tree.root());
  EXPECT_EQ(ours, gits) << "ours:\n" << Show(ours) << "git's:\n" << Show(gits);
}

INSTANTIATE_TEST_SUITE_P(Rules, GitignoreTest, ::testing::ValuesIn(Rules()),
                         [](const auto& rule) { return rule.param.name; });

// Every byte a name may be made of against every class that has a name.
TEST(GitignoreClassTest, NamedClassesHaveGitsBytes) {
  GitTree tree;
  tree.Repository();
  for (const std::string name : {"alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower",
                                 "print", "punct", "space", "upper", "xdigit", "Alpha", "word"}) {
    for (const std::string not_sign : {"", "!"}) {
      const std::string folder = name + (not_sign.empty() ? "" : "-not") + "/";
      tree.File(folder + ".gitignore", "x[" + not_sign + "[:" + name + ":]]\n");
      for (int byte = 1; byte < 256; ++byte) {
        if (byte != '/') tree.File(folder + "x" + static_cast<char>(byte));
      }
    }
  }
  const Names ours = PathsOf(Discover(tree.root(), {.include_hidden = true}));
  const Names gits = GitFiles(tree.root());
  EXPECT_EQ(ours, gits);
  EXPECT_GT(ours.size(), 1000u);
}

// The one place where versions of git disagree; kGitDialect names our side.
TEST(GitignoreDialectTest, DoubleStarBehindTextFollowsOlderGits) {
  GitTree tree;
  tree.Repository();
  tree.File(".gitignore", "lib**/b\n!/keep*/\n/keep**\n!/keep*/\n");
  for (const char* path : {"lib/x/b", "libx/y/b", "libx/b", "libb", "keepx/y", "keepx/z/z"}) {
    tree.File(path);
  }
  const Names ours = PathsOf(Discover(tree.root(), {.include_hidden = true}));
  EXPECT_EQ(ours, Names({".gitignore"}));
  if (!GitIsAtLeast(2, 52)) {
    EXPECT_EQ(ours, GitFiles(tree.root()));
  }
}

TEST(GitignoreTreeTest, SymlinksAreListedAndNotEntered) {
  GitTree tree;
  tree.Repository();
  tree.File(".gitignore", "dironly/\n*.ign\n");
  tree.File("real/a");
  tree.Symlink("to-folder", "real");
  tree.Symlink("to-parent", "..");
  tree.Symlink("real/to-itself", "to-itself");
  tree.Symlink("real/up", "../real");
  tree.Symlink("dangling", "nowhere");
  tree.Symlink("outside", "/etc");
  tree.Symlink("dironly", "real");  // a link is no folder
  tree.Symlink("link.ign", "real/a");
  const Discovery discovery = Discover(tree.root(), {.include_hidden = true});
  EXPECT_EQ(PathsOf(discovery), GitFiles(tree.root()));
  EXPECT_EQ(PathsOf(discovery), Names({".gitignore", "dangling", "dironly", "outside", "real/a",
                                       "real/to-itself", "real/up", "to-folder", "to-parent"}));
  EXPECT_TRUE(discovery.errors.empty());
  for (const DiscoveredFile& file : discovery.files) {
    const bool regular = file.path == ".gitignore" || file.path == "real/a";
    EXPECT_EQ(file.type, regular ? DiscoveredType::kRegular : DiscoveredType::kSymlink);
  }
}

TEST(GitignoreTreeTest, IgnoreFileThatIsALinkDoesNotCount) {
  GitTree tree;
  tree.Repository();
  tree.File("rules", "*.x\n");
  tree.Symlink(".gitignore", "rules");
  tree.File("a.x");
  const Discovery discovery = Discover(tree.root(), {.include_hidden = true});
  EXPECT_EQ(PathsOf(discovery), Names({".gitignore", "a.x", "rules"}));
  EXPECT_EQ(PathsOf(discovery), GitFiles(tree.root()));
  ASSERT_EQ(discovery.skipped.size(), 1u);
  EXPECT_EQ(discovery.skipped[0],
            (DiscoverySkip{".gitignore", DiscoverySkipReason::kSymlinkedIgnoreFile}));
}

TEST(GitignoreTreeTest, IgnoreFileThatIsAFolderIsAFolder) {
  GitTree tree;
  tree.Repository();
  tree.File(".gitignore/a");
  tree.File("b");
  EXPECT_EQ(PathsOf(Discover(tree.root(), {.include_hidden = true})), GitFiles(tree.root()));
}

TEST(GitignoreTreeTest, GitFolderIsNeverListedAtAnyLevel) {
  GitTree tree;
  tree.Repository();
  tree.File(".gitignore", "!.git\n!.git/**\n");
  tree.Folder("a/.git");  // an empty one makes no repository
  tree.File("a/x");
  tree.File("b/.git/config-like");
  tree.File("b/.gitx");
  const Discovery discovery = Discover(tree.root(), {.include_hidden = true});
  EXPECT_EQ(PathsOf(discovery), GitFiles(tree.root()));
  EXPECT_EQ(PathsOf(discovery), Names({".gitignore", "a/x", "b/.gitx"}));
}

TEST(GitignoreTreeTest, RulesCountWithoutARepository) {
  GitTree tree;
  tree.File(".gitignore", "*.x\n");
  tree.File("a.x");
  tree.File("b");
  EXPECT_EQ(PathsOf(Discover(tree.root())), Names({"b"}));
  EXPECT_EQ(PathsOf(Discover(tree.root(), {.use_ignore_files = false})), Names({"a.x", "b"}));
}

// git names only the folder; we walk it like any other.
TEST(GitignoreTreeTest, NestedRepositoryIsWalkedUnderTheRulesAbove) {
  GitTree tree;
  tree.Repository();
  tree.File(".gitignore", "*.x\n");
  GitTree nested;
  nested.Repository("*.y\n");
  OutputOf({"cp", "-r", nested.Path(".git"), tree.root()}, "/");
  tree.Folder("nested");
  OutputOf({"cp", "-r", nested.Path(".git"), tree.Path("nested")}, "/");
  for (const char* path : {"nested/a.x", "nested/a.y", "nested/a.z"}) tree.File(path);
  tree.File("nested/.gitignore", "*.z\n");
  EXPECT_EQ(PathsOf(Discover(tree.root())), Names({}));  // *.y: the root's own exclude file
  EXPECT_EQ(GitFiles(tree.root()), Names({".gitignore", "nested/"}));
}

}  // namespace
}  // namespace weft::testing
