// SPDX-License-Identifier: Apache-2.0
//
// Same tree, same limits: same digest, whoever ran it. Another fact: another digest.

#include <filesystem>
#include <set>
#include <string>

#include "gtest/gtest.h"

#include "integrations/codebase/parse_text.h"
#include "integrations/codebase/source_tree.h"
#include "integrations/codebase/temp_tree.h"
#include "testing/engines.h"

namespace weft {
namespace {

using testing::AnalyzeWith;
using testing::Repeat;
using testing::TempTree;
using testing::WriteRandomTree;

TEST(CodebaseDigestTest, DoesNotDependOnWorkersOrRun) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TempTree tree;
    WriteRandomTree(tree, seed, 200);
    if (seed == 1) tree.Write("hostile.py", Repeat("a?", 16'000));
    const Codebase expected = AnalyzeWith(testing::kInline, tree.path());
    for (int run = 0; run < 3; ++run) {
      for (int workers : {testing::kInline, 1, 2, 8}) {
        const Codebase codebase = AnalyzeWith(workers, tree.path());
        EXPECT_EQ(codebase.digest(), expected.digest()) << workers << " workers";
        EXPECT_EQ(codebase.files(), expected.files()) << workers << " workers";
      }
    }
  }
}

TEST(CodebaseDigestTest, DoesNotDependOnTheRoot) {
  TempTree first;
  TempTree second;
  WriteRandomTree(first, 11, 60);
  WriteRandomTree(second, 11, 60);
  EXPECT_EQ(AnalyzeWith(2, first.path()).digest(), AnalyzeWith(2, second.path()).digest());
  EXPECT_EQ(AnalyzeWith(2, first.path() + "/").digest(), AnalyzeWith(2, second.path()).digest());
}

TEST(CodebaseDigestTest, ChangesWithEveryFact) {
  TempTree tree;
  tree.Write("a.py", "import os\ndef f(): pass\n");
  tree.Write("b/c.py", "class A: pass\n");
  std::set<std::string> digests;
  const auto analyse = [&](const CodebaseOptions& options = {}) {
    return AnalyzeWith(testing::kInline, tree.path(), options).digest();
  };
  const std::string first = analyse();
  digests.insert(first);
  const char* const texts[] = {
      "import os\ndef g(): pass\n",     // name
      "import os\nclass f: pass\n",     // kind
      "import os\n\ndef f(): pass\n",   // line
      "import os\ndef f():\n  pass\n",  // end line
      "import re\ndef f(): pass\n",     // import
      "\nimport os\ndef f(): pass\n",   // line of an import
      "import os\ndef f(): pass \n",    // size alone
      "import os\ndef f(): pass\n)",    // status
      "def f(): pass\nimport os\n",     // order
  };
  for (const char* text : texts) {
    tree.Write("a.py", text);
    EXPECT_TRUE(digests.insert(analyse()).second) << text;
  }
  tree.Write("a.py", "import os\ndef f(): pass\n");
  EXPECT_EQ(analyse(), first);

  tree.Write("d.txt", "no candidate");
  EXPECT_EQ(analyse(), first) << "only facts of candidates count";
  std::filesystem::rename(tree / "b/c.py", tree / "b/d.py");
  EXPECT_TRUE(digests.insert(analyse()).second) << "a path";
  std::filesystem::rename(tree / "b/d.py", tree / "b/c.py");

  CodebaseOptions options;
  options.limits.max_file_bytes = 20;
  EXPECT_TRUE(digests.insert(analyse(options)).second) << "a limit that is met";
  options.limits.max_file_bytes = 19;
  EXPECT_TRUE(digests.insert(analyse(options)).second) << "its value in the reason";
}

// Fields must not run into each other.
TEST(CodebaseDigestTest, TellsWhereOneFieldEnds) {
  TempTree first;
  TempTree second;
  first.Write("a.py", "import a\nimport bc\n");
  second.Write("a.py", "import ab\nimport c\n");
  EXPECT_NE(AnalyzeWith(0, first.path()).digest(), AnalyzeWith(0, second.path()).digest());
}

}  // namespace
}  // namespace weft
